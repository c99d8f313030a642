package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

func newRevisions(a *app, p *projectFlags) *cobra.Command {
	var depth int
	cmd := &cobra.Command{
		Use:   "revisions",
		Short: "List the revisions of the project's task definition, and what uses them",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return revisions(cmd.Context(), a, p, depth) },
	}
	cmd.Flags().IntVar(&depth, "limit", 0, "how many of the newest are listed (default 50)")
	return cmd
}

func revisions(ctx context.Context, a *app, p *projectFlags, depth int) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	if depth < 0 {
		return usageError{errors.New("--limit must not be negative")}
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	want, err := p.tasksNamed(ctx, a, s)
	if err != nil {
		return err
	}
	list, warnings, err := deploy.Revisions(ctx, s.clients, want, depth)
	if err != nil {
		return err
	}
	a.warn(warnings)
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"revisions": append([]deploy.RevisionRow{}, list...)})
	}
	rows := [][]string{{"Revision", "Registered", "Age", "Images", "Fingerprint", "In use by"}}
	for _, r := range list {
		registered, age := "", ""
		if r.Registered != nil {
			registered = r.Registered.UTC().Format("2006-01-02 15:04")
			age = ageOf(s.clients.Clock.Now().Sub(*r.Registered))
		}
		var images []string
		for _, name := range slices.Sorted(maps.Keys(r.Images)) {
			images = append(images, name+"="+r.Images[name])
		}
		rows = append(rows, []string{
			r.Revision, registered, age, strings.Join(images, " "), r.Fingerprint[:min(14, len(r.Fingerprint))], usersOf(&r),
		})
	}
	return table(a.stdout, rows)
}

// usersOf says what uses a revision: "service/shop, 3 tasks".
func usersOf(r *deploy.RevisionRow) string {
	var users []string
	for _, s := range r.Services {
		users = append(users, "service/"+s)
	}
	switch {
	case r.Tasks == 1:
		users = append(users, "1 task")
	case r.Tasks > 1:
		users = append(users, fmt.Sprintf("%d tasks", r.Tasks))
	}
	return strings.Join(users, ", ")
}

// ageOf is how long ago something was, in its largest unit: "3d".
func ageOf(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
}
