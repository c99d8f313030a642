package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/cmd/internal/logs"
	"github.com/ecsctl/ecsctl/translate"
)

// A runFlags holds the flags of compose run.
type runFlags struct {
	deployFlags
	overrideFlags
	detach       bool
	noLogs       bool
	keepOnSignal bool
	count        int
	retries      int
	launch       time.Duration
	each         []string
	overrides    []string // SERVICE=COMMAND
	revision     string
	deployed     bool
	likeService  bool
	group        string
	startedBy    string
}

func newRun(a *app, p *projectFlags) *cobra.Command {
	o := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run [flags] SERVICE [COMMAND ARGUMENT...]",
		Short: "Run the project as one task to its end: its output on stdout, its exit status as ours",
		Long: "run registers the task definition or reuses a revision, as create does, runs one task of it, with the command in\n" +
			"the container of SERVICE, and waits until it has stopped. What the containers write to CloudWatch Logs goes to\n" +
			"stdout, all else to stderr. The exit status is that of SERVICE's container; 124: time ran out, and the task was\n" +
			"stopped; 125: it never started, or nobody knows how it ended; 130: interrupted, and the task was stopped.\n\n" +
			"A command that is one argument is split as a shell would. Flags stand before SERVICE: what follows is the\n" +
			"command's, also if it begins with a dash. A second interrupt ends at once, and leaves the task as it is.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneFlag(cmd, "revision", "deployed"); err != nil {
				return err
			}
			return run(cmd.Context(), a, p, o, args)
		},
	}
	o.add(cmd)
	return cmd
}

func (o *runFlags) add(cmd *cobra.Command) {
	o.deployFlags.add(cmd)
	o.overrideFlags.add(cmd)
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.BoolVarP(&o.detach, "detach", "d", false, "only start the task, and print its ARN")
	f.BoolVar(&o.noManagedTags, "disable-ecs-managed-tags", false, "without the tags that ECS gives to tasks")
	f.DurationVar(&o.timeout, "timeout", 24*time.Hour, "how long it may take, before it is stopped; 0 for ever")
	f.DurationVar(&o.launch, "launch-timeout", 10*time.Minute,
		"how long it is tried to start a task for which there is no room")
	f.IntVar(&o.retries, "retry-interrupted", 3,
		"how often a task is started again that lost its Spot capacity or its host")
	f.IntVar(&o.count, "count", 1, "how many tasks do the same")
	f.StringArrayVar(&o.each, "each", nil,
		"a task of its own for this `COMMAND`, with its number in CMD_INDEX; repeatable")
	f.StringArrayVar(&o.overrides, "override", nil,
		"another command for another container, `SERVICE=COMMAND`; repeatable")
	f.StringVar(&o.revision, "revision", "", "run this revision, `FAMILY:N`, and register none")
	f.BoolVar(&o.deployed, "deployed", false, "run the revision that the service of the project runs, and register none")
	f.BoolVar(&o.likeService, "like-service", false,
		"with the network, platform and capacity of the service of the project")
	f.StringVar(&o.group, "group", "", "task group (default task:<project>)")
	f.StringVar(&o.startedBy, "started-by", "", "who started it, as ECS has it")
	f.BoolVar(&o.noLogs, "no-logs", false, "without what the containers write")
	f.BoolVar(&o.keepOnSignal, "keep-on-signal", false, "leave the task alone when interrupted")
}

// A statusError is an error with an exit status of its own.
type statusError struct {
	status int
	error
}

func (e statusError) Unwrap() error { return e.error }

// run does what compose run does. Whatever keeps the task from starting is 125, so that it is not taken for the exit
// status of its container; wrong input is 2 as everywhere, and nothing was started then.
func run(ctx context.Context, a *app, p *projectFlags, o *runFlags, args []string) error {
	err := runTasks(ctx, a, p, o, args)
	_, usage := errors.AsType[usageError](err)
	e, judged := errors.AsType[*deploy.RunError](err)
	switch {
	case err == nil || usage || errors.Is(err, errInvalid):
		return err
	case judged:
		return statusError{e.Status(), err}
	case ctx.Err() != nil:
		return statusError{deploy.RunInterrupted, errors.New("interrupted: no task was started")}
	}
	return statusError{deploy.RunNotStarted, err}
}

func runTasks(ctx context.Context, a *app, p *projectFlags, o *runFlags, args []string) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	purpose := translate.ToRun
	if o.likeService {
		purpose = translate.ToRegister // the network need not be in the files
	}
	t, err := p.deployable(ctx, a, &o.deployFlags, purpose)
	if err != nil {
		return err
	}
	c, err := o.commands(a, o.pairs(a, args, &t.result.Task))
	if err != nil {
		return err
	}
	if err := o.check(c, &t.result.Task); err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	verified, err := s.startVerify(ctx, t, &o.verifyFlags)
	if err != nil {
		return err
	}
	r, err := o.prepare(ctx, s, t)
	if err != nil {
		return err
	}
	if err := verified(); err != nil {
		return err
	}
	if err := c.checkContainers(r.definition); err != nil {
		return err
	}
	return s.runPrepared(ctx, o, c, r, form)
}

// A preparedRun is what is known before the first change.
type preparedRun struct {
	request    *ecs.RunTaskInput     // that is common to all tasks
	definition *types.TaskDefinition // that they run
	revision   *deploy.Revision      // that they run, nil if it is registered before
	plan       deploy.Plan           // what comes before
}

// runPrepared runs tasks, and prints what there is to print besides their output.
func (s *account) runPrepared(ctx context.Context, o *runFlags, c *runCommands, r *preparedRun, form string) error {
	progress := s.app.newProgress()
	want := &deploy.RunWant{
		Request: r.request, Cluster: s.settings.Cluster.Value, Container: c.service, Jobs: o.jobs(c, r.request),
		Token: "ecsctl-" + rand.Text(), Timeout: o.timeout, LaunchTimeout: o.launch, Retries: o.retries, Detach: o.detach,
		KeepOnSignal: o.keepOnSignal,
	}
	if !o.noLogs && !o.detach && !s.app.dryRun {
		signal.Ignore(syscall.SIGPIPE) // the task goes on when nobody reads its output any more, and so do we
		s.app.warn(logs.Silent(r.definition, c.service))
		options := outputOptions{json: form == "json", tasks: len(want.Jobs) * o.count}
		want.Output = s.newOutput(r.definition, progress, options)
	}
	x, err := s.execute(ctx, append(r.plan, deploy.Run(want, r.revision)...), &deploy.Execution{}, progress)
	if x != nil && x.Run != nil && o.detach {
		err = errors.Join(err, s.app.printStarted(form, x.Run))
	}
	return err
}

// prepare reads what running needs to know. What is registered before, unless a revision is named, is in the plan.
func (o *runFlags) prepare(ctx context.Context, s *account, t *translation) (*preparedRun, error) {
	r := &preparedRun{request: o.request(t), definition: &t.result.Task}
	name := o.revision
	if o.deployed || o.likeService {
		service, err := deploy.DescribeService(ctx, s.clients, s.settings.Cluster.Value, *t.result.Service.ServiceName)
		if err != nil {
			return nil, err
		}
		if o.likeService {
			deploy.LikeService(r.request, service)
		}
		if o.deployed {
			name = *service.TaskDefinition
		}
	}
	if name != "" {
		var err error
		if r.revision, err = deploy.DescribeRevision(ctx, s.clients, name); err == nil {
			r.definition = r.revision.Definition
		}
		return r, err
	}
	want := o.createWant(t)
	state, err := deploy.ObserveCreate(ctx, s.clients, &want)
	if err != nil {
		return nil, err
	}
	s.app.warn(state.Family.Warnings)
	r.revision, r.plan = state.Family.Match, deploy.Create(&want, state)
	return r, nil
}

// request returns the request of the files, with what the command line says of all tasks.
func (o *runFlags) request(t *translation) *ecs.RunTaskInput {
	in := deploy.RunTask(t.result, t.project.Name)
	if o.group != "" {
		in.Group = &o.group
	}
	if o.startedBy != "" {
		in.StartedBy = &o.startedBy
	}
	return in
}

// printStarted prints the ARNs of the tasks that were started.
func (a *app) printStarted(form string, r *deploy.RunResult) error {
	arns := []string{}
	for _, t := range r.Tasks {
		if t.Task != nil {
			arns = append(arns, *t.Task.TaskArn)
		}
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"tasks": arns})
	}
	for _, arn := range arns {
		if _, err := fmt.Fprintln(a.stdout, arn); err != nil {
			return err
		}
	}
	return nil
}
