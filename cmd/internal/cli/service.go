package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/translate"
)

func newService(a *app, p *projectFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Run the project as an ECS service",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newServiceContinue(a, p), newServiceCreate(a, p), newServiceDown(a, p), newServiceEvents(a, p),
		newServiceHistory(a, p), newServicePs(a, p), newServiceRollback(a, p), newServiceScale(a, p),
		newServiceStart(a, p), newServiceStop(a, p), newServiceUp(a, p), newServiceWait(a, p))
	return cmd
}

func newServiceUp(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Make the service serve what the files describe, and wait until it does",
		Long: "up registers the task definition or reuses a revision, makes the service if there is none, and otherwise changes\n" +
			"of it what the files mention and what differs. If nothing does, nothing is done. The number of tasks is kept.\n" +
			"It then waits for its own deployment: exit status 0 means that this revision is serving, 3 that the deployment\n" +
			"failed or was rolled back, 4 that time ran out, 5 that a later deployment superseded it. If a lifecycle hook pauses\n" +
			"the deployment, up says so and waits on: see service continue.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), a, p, deploy.ServiceUp) },
	}
	o.addDefinition(cmd)
	o.addWait(cmd)
	cmd.Flags().BoolVar(&o.force, "force-deployment", false, "begin a deployment also if nothing has changed")
	cmd.Flags().BoolVar(&o.skipBefore, "skip-before-deploy", false, "without the tasks of run_params.before_deploy")
	cmd.Flags().StringVar(&o.revision, "revision", "", "serve this `FAMILY:NUMBER` in place of what the files describe")
	return cmd
}

func newPlan(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Print what service up would do",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.dryRun = true
			a.planExitCode = exitCode
			return o.run(cmd.Context(), a, p, deploy.ServiceUp)
		},
	}
	o.addDefinition(cmd)
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 10 if there is something to do")
	return cmd
}

func newServiceCreate(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make the service, without tasks",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), a, p, deploy.ServiceCreate)
		},
	}
	o.addDefinition(cmd)
	return cmd
}

// run does what a plan for the service of the project says.
func (o *serviceFlags) run(
	ctx context.Context, a *app, p *projectFlags, plan func(*deploy.ServiceWant, *deploy.ServiceState) (deploy.Plan, error),
) error {
	t, err := p.deployable(ctx, a, &o.deployFlags, translate.ToServe)
	if err != nil {
		return err
	}
	if err := o.apply(t); err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	if o.revision != "" { // which may have other images than the files
		o.verifyImages = "off"
	}
	verified, err := s.startVerify(ctx, t, &o.verifyFlags)
	if err != nil {
		return err
	}
	want := &deploy.ServiceWant{
		CreateWant: o.createWant(t), Cluster: s.settings.Cluster.Value, Count: o.desiredCount.n, Force: o.force, Role: o.role,
		Revision: o.revision, Project: t.project.Name, SkipBefore: o.skipBefore,
	}
	progress := a.newProgress()
	if !a.dryRun {
		want.Output = func() deploy.Output {
			return s.newOutput(&t.result.Task, progress, outputOptions{talk: true, tasks: 1})
		}
	}
	state, err := deploy.ObserveService(ctx, s.clients, want)
	if err != nil {
		return err
	}
	if err := verified(); err != nil {
		return err
	}
	a.warn(state.Family.Warnings)
	steps, err := plan(want, state)
	if err != nil {
		return err
	}
	x, err := s.applyService(ctx, steps, o, progress)
	if err != nil {
		return err
	}
	return s.finish(state.Family.Match, x)
}

// applyService carries a plan for a service out.
func (s *account) applyService(
	ctx context.Context, plan deploy.Plan, o *serviceFlags, progress *progress,
) (*deploy.Execution, error) {
	if o.noWait && len(plan) > 0 && plan[len(plan)-1].Action == "wait" {
		plan = plan[:len(plan)-1]
	}
	return s.execute(ctx, plan, &deploy.Execution{Timeout: o.timeout.Duration, NoFail: o.noFailFast, TaskLogs: s.lastLines}, progress)
}

// named does what a plan says for which only the name of the service matters.
func (o *serviceFlags) named(
	ctx context.Context, a *app, p *projectFlags, plan func(*deploy.ServiceWant, *deploy.ServiceState) (deploy.Plan, error),
) error {
	s, want, err := o.namedService(ctx, a, p)
	if err != nil {
		return err
	}
	state, err := deploy.ObserveServiceOnly(ctx, s.clients, want)
	if err != nil {
		return err
	}
	steps, err := plan(want, state)
	if err != nil {
		return err
	}
	_, err = s.applyService(ctx, steps, o, a.newProgress())
	return err
}

// namedService returns what is asked for where only the name of the service matters.
func (o *serviceFlags) namedService(ctx context.Context, a *app, p *projectFlags) (*account, *deploy.ServiceWant, error) {
	r, _, err := p.named(ctx, a, translate.ToServe)
	if err != nil {
		return nil, nil, err
	}
	s, err := a.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s, &deploy.ServiceWant{
		CreateWant: deploy.CreateWant{Result: r}, Cluster: s.settings.Cluster.Value, Force: o.force,
	}, nil
}

func newServiceStart(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Give the service one task if it has none, of the revision that it serves",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.named(cmd.Context(), a, p, deploy.ServiceStart)
		},
	}
	o.addWait(cmd)
	cmd.Flags().BoolVar(&o.force, "force-deployment", false, "begin a deployment also if nothing has changed")
	return cmd
}

func newServiceScale(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	cmd := &cobra.Command{
		Use:   "scale COUNT",
		Short: "Give the service that many tasks",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := countOf(args)
			if err != nil {
				return err
			}
			return o.scale(cmd.Context(), a, p, n)
		},
	}
	o.addWait(cmd)
	return cmd
}

func newServiceStop(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Give the service no tasks; it stays",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.scale(cmd.Context(), a, p, 0) },
	}
	o.addWait(cmd)
	return cmd
}

func (o *serviceFlags) scale(ctx context.Context, a *app, p *projectFlags, n int32) error {
	return o.named(ctx, a, p, func(w *deploy.ServiceWant, s *deploy.ServiceState) (deploy.Plan, error) {
		return deploy.ServiceScale(w, s, n)
	})
}

func newServiceDown(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	cmd := &cobra.Command{
		Use:     "down",
		Aliases: []string{"rm", "delete"},
		Short:   "Delete the service, with its tasks",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.named(cmd.Context(), a, p, deploy.ServiceDown)
		},
	}
	o.addWait(cmd)
	return cmd
}

func newServiceWait(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait for the last deployment of the service, as service up does",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.named(cmd.Context(), a, p, deploy.ServiceWait)
		},
	}
	o.addWait(cmd)
	return cmd
}

func newServicePs(a *app, p *projectFlags) *cobra.Command {
	var status string
	cmd := &cobra.Command{
		Use:     "ps",
		Aliases: []string{"list"},
		Short:   "List the containers of the service's tasks",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ps(cmd.Context(), a, status, func(s *account) (deploy.TaskList, error) {
				r, _, err := p.named(cmd.Context(), a, translate.ToServe)
				if err != nil {
					return nil, err
				}
				return deploy.ServiceTasks{Cluster: s.settings.Cluster.Value, Service: *r.Service.ServiceName}, nil
			})
		},
	}
	cmd.Flags().StringVar(&status, "desired-status", "", "only tasks that are meant to be RUNNING, or STOPPED")
	return cmd
}
