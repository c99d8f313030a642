package cli

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/translate"
)

func newStop(a *app, p *projectFlags) *cobra.Command {
	o := &deployFlags{}
	cmd := &cobra.Command{
		Use:     "stop",
		Aliases: []string{"down"},
		Short:   "Stop the tasks of the project",
		Long: "stop stops the tasks of the project and waits until they have stopped. If none runs there is nothing to " +
			"do.\nOf the files only the name of the project matters: mistakes in them are no hindrance, and with " +
			"--project-name\n" +
			"there need be none.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return stop(cmd.Context(), a, p, o) },
	}
	cmd.Flags().DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long to wait; 0 waits on")
	return cmd
}

func stop(ctx context.Context, a *app, p *projectFlags, o *deployFlags) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	if o.timeout < 0 {
		return usageError{errors.New("--timeout must not be negative")}
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	want, err := p.tasksNamed(ctx, a, s)
	if err != nil {
		return err
	}
	state := &deploy.TasksState{}
	if state.Tasks, err = deploy.ListTasks(ctx, s.clients, want, types.DesiredStatusRunning); err != nil {
		return err
	}
	x, err := s.apply(ctx, deploy.Stop(want, state), o.timeout)
	if err != nil || x == nil || form != "json" {
		return err
	}
	stopped := []string{}
	for _, t := range state.Tasks {
		stopped = append(stopped, *t.TaskArn)
	}
	return encodeJSON(a.stdout, map[string]any{"stopped": stopped})
}

// named returns the names that the project has in ECS, for commands to which nothing else of the files matters: their
// mistakes are not their concern.
func (p *projectFlags) named(ctx context.Context, a *app, purpose translate.Purpose) (*translate.Result, string, error) {
	t, err := p.translateFor(ctx, a, purpose, "")
	if err == nil && t.result != nil {
		return t.result, t.project.Name, nil
	}
	name := p.name
	if name == "" {
		name = a.env["COMPOSE_PROJECT_NAME"]
	}
	switch {
	case name != "":
		settings, err := a.settings()
		if err != nil {
			return nil, "", err
		}
		r := &translate.Result{}
		r.Task.Family, r.Service.ServiceName = &name, new(settings.ServicePrefix.Value+name)
		return r, name, nil
	case err != nil:
		return nil, "", err
	}
	return nil, "", a.report(t.diags)
}

// tasksNamed finds the tasks of the project by its name.
func (p *projectFlags) tasksNamed(ctx context.Context, a *app, s *account) (*deploy.TasksWant, error) {
	r, name, err := p.named(ctx, a, translate.ToRun)
	if err != nil {
		return nil, err
	}
	return &deploy.TasksWant{
		CreateWant: deploy.CreateWant{Result: r}, Cluster: s.settings.Cluster.Value, Project: name,
	}, nil
}
