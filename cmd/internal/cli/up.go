package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/translate"
)

func newUp(a *app, p *projectFlags) *cobra.Command {
	o := &tasksFlags{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the project as tasks of what the files describe",
		Long: "up registers the task definition or reuses a revision, as create does, and runs it: one task if none runs.\n" +
			"Tasks of another revision are replaced, as many as they are: the new ones run before the old ones are stopped,\n" +
			"unless both need the same port of a host or write to the same volume. Then the old ones are stopped first.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return up(cmd.Context(), a, p, o, deploy.Up) },
	}
	o.add(cmd)
	cmd.Flags().BoolVarP(&o.force, "force-update", "u", false, "replace the tasks also if nothing has changed")
	return cmd
}

func newStart(a *app, p *projectFlags) *cobra.Command {
	o := &tasksFlags{}
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Run the project as tasks, as up does",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return up(cmd.Context(), a, p, o, deploy.Up) },
	}
	o.add(cmd)
	return cmd
}

func newScale(a *app, p *projectFlags) *cobra.Command {
	o := &tasksFlags{}
	o.verifyDefault = "warn" // what runs counts, not what the files describe
	cmd := &cobra.Command{
		Use:   "scale COUNT",
		Short: "Run that many tasks of the project",
		Long: "scale starts or stops tasks until COUNT of them run. New ones are of the revision that runs, whatever the " +
			"files\ndescribe by now; if none runs, of what they describe.",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := countOf(args)
			if err != nil {
				return err
			}
			o.scale = true
			return up(cmd.Context(), a, p, o, func(w *deploy.TasksWant, s *deploy.TasksState) deploy.Plan {
				return deploy.Scale(w, s, int(n))
			})
		},
	}
	o.add(cmd)
	return cmd
}

// countOf returns the number of tasks that is the argument of scale.
func countOf(args []string) (int32, error) {
	if len(args) != 1 {
		return 0, usageError{fmt.Errorf("scale takes one number: how many tasks are to run")}
	}
	n, err := strconv.ParseInt(args[0], 10, 32)
	if err != nil || n < 0 {
		return 0, usageError{fmt.Errorf("scale takes a number of tasks, not %q", args[0])}
	}
	return int32(n), nil
}

// A tasksFlags holds the flags of the commands that start tasks.
type tasksFlags struct {
	deployFlags
	force bool
	scale bool // of what runs, whatever revision that is
}

func (o *tasksFlags) add(cmd *cobra.Command) {
	o.deployFlags.add(cmd)
	o.addTasks(cmd)
}

// up does what a plan for the tasks of the project says.
func up(
	ctx context.Context, a *app, p *projectFlags, o *tasksFlags,
	plan func(*deploy.TasksWant, *deploy.TasksState) deploy.Plan,
) error {
	t, err := p.deployable(ctx, a, &o.deployFlags, translate.ToRun)
	if err != nil {
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
	want := &deploy.TasksWant{
		CreateWant: o.createWant(t), Cluster: s.settings.Cluster.Value, Project: t.project.Name, Force: o.force,
	}
	state, err := deploy.ObserveTasks(ctx, s.clients, want)
	if err != nil {
		return err
	}
	if err := verified(); err != nil {
		return err
	}
	a.warn(state.Family.Warnings)
	x, err := s.apply(ctx, plan(want, state), o.timeout)
	if err != nil {
		return err
	}
	if o.scale {
		return s.finish(nil, x)
	}
	return s.finish(state.Family.Match, x)
}
