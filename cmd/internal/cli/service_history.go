package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

func newServiceRollback(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	var to string
	cmd := &cobra.Command{
		Use:   "rollback",
		Short: "Go back to what the service served before, and wait until it does",
		Long: "rollback stops the deployment that is under way, so that ECS goes back to what ran before. If none is, it goes back\n" +
			"to the last deployment that succeeded with another revision. --to names a revision, or a deployment of service\n" +
			"history. --dry-run shows what would be done.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return rollback(cmd.Context(), a, p, o, to) },
	}
	o.addWait(cmd)
	cmd.Flags().StringVar(&to, "to", "", "`FAMILY:NUMBER`, or the id of a deployment")
	return cmd
}

func rollback(ctx context.Context, a *app, p *projectFlags, o *serviceFlags, to string) error {
	s, want, err := o.namedService(ctx, a, p)
	if err != nil {
		return err
	}
	state, err := deploy.ObserveRollback(ctx, s.clients, want, to)
	if err != nil {
		return err
	}
	plan, err := deploy.Rollback(want, state, to)
	if err != nil {
		return err
	}
	_, err = s.applyService(ctx, plan, o, a.newProgress())
	return err
}

func newServiceHistory(a *app, p *projectFlags) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the deployments of the service: when, of what, and how they ended",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return history(cmd.Context(), a, p, limit) },
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many of the newest")
	return cmd
}

func history(ctx context.Context, a *app, p *projectFlags, limit int) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	s, want, err := (&serviceFlags{}).namedService(ctx, a, p)
	if err != nil {
		return err
	}
	list, err := deploy.History(ctx, s.clients, want.Cluster, want.Name(), limit)
	if err != nil {
		return err
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"deployments": append([]deploy.Deployment{}, list...)})
	}
	rows := [][]string{{"Deployment", "Begun", "Took", "Revision", "Status", "Reason"}}
	for _, d := range list {
		begun, took := "", ""
		if d.Created != nil {
			begun = d.Created.UTC().Format("2006-01-02 15:04:05")
		}
		if d.Created != nil && d.Finished != nil {
			took = d.Finished.Sub(*d.Created).Round(time.Second).String()
		}
		rows = append(rows, []string{d.ID, begun, took, d.Revision, d.Status, d.Reason})
	}
	return table(a.stdout, rows)
}

func newServiceEvents(a *app, p *projectFlags) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Print what ECS says happened to the service",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return events(cmd.Context(), a, p, follow) },
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "go on printing until interrupted")
	return cmd
}

// eventsPause is how long to wait before looking for new events.
const eventsPause = 5 * time.Second

func events(ctx context.Context, a *app, p *projectFlags, follow bool) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	s, want, err := (&serviceFlags{}).namedService(ctx, a, p)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for {
		list, err := deploy.ServiceEvents(ctx, s.clients, want)
		if err != nil {
			return err
		}
		if form == "json" && !follow {
			return encodeJSON(a.stdout, map[string]any{"events": list})
		}
		for _, e := range list {
			if seen[e.ID] {
				continue
			}
			seen[e.ID] = true
			if _, err := fmt.Fprintf(a.stdout, "%s %s\n", e.At.UTC().Format(time.RFC3339), e.Message); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		if sleep(ctx, eventsPause) != nil {
			return nil // interrupted, as it was meant
		}
	}
}
