package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

func newPs(a *app, p *projectFlags) *cobra.Command {
	var status string
	cmd := &cobra.Command{
		Use:     "ps",
		Aliases: []string{"list"},
		Short:   "List the containers of the project's tasks",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ps(cmd.Context(), a, status, func(s *account) (deploy.TaskList, error) { return p.tasksNamed(cmd.Context(), a, s) })
		},
	}
	cmd.Flags().StringVar(&status, "desired-status", "", "only tasks that are meant to be RUNNING, or STOPPED")
	return cmd
}

// ps lists the containers of the tasks that of finds.
func ps(ctx context.Context, a *app, status string, of func(*account) (deploy.TaskList, error)) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	switch types.DesiredStatus(status) {
	case "", types.DesiredStatusRunning, types.DesiredStatusStopped:
	default:
		return usageError{fmt.Errorf("--desired-status must be RUNNING or STOPPED, not %q", status)}
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	tasks, err := of(s)
	if err != nil {
		return err
	}
	listing, err := deploy.Ps(ctx, s.clients, tasks, types.DesiredStatus(status))
	if err != nil {
		return err
	}
	a.warn(listing.Warnings)
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"containers": append([]deploy.Container{}, listing.Containers...)})
	}
	rows := [][]string{{"Name", "State", "Ports", "TaskDefinition", "Health"}}
	for _, c := range listing.Containers {
		rows = append(rows, []string{c.Name, containerState(&c), containerPorts(&c), c.TaskDefinition, c.Health})
	}
	return table(a.stdout, rows)
}

// containerState is the state, and why it is so: "STOPPED ExitCode: 137 Reason: OutOfMemoryError: …".
func containerState(c *deploy.Container) string {
	state := c.State
	if c.ExitCode != nil {
		state += fmt.Sprintf(" ExitCode: %d", *c.ExitCode)
	}
	if c.Reason != "" {
		state += " Reason: " + c.Reason
	}
	return state
}

func containerPorts(c *deploy.Container) string {
	var ports []string
	for _, port := range c.Ports {
		ports = append(ports, port.String())
	}
	return strings.Join(ports, ", ")
}
