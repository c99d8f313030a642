package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/profile"
)

// A migrateFlags holds whether to ask before files are rewritten.
type migrateFlags struct{ force bool }

func newConfigureMigrate(a *app) *cobra.Command {
	o := &migrateFlags{}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Rewrite ~/.ecs/config of ecs-cli before 1.0 in today's form",
		Long: "migrate shows what ~/.ecs/config in its old form (INI) becomes, asks, and rewrites it; keys in it move to\n" +
			"~/.ecs/credentials. Names of services and of the stack stay as they are.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return migrate(cmd.Context(), a, o) },
	}
	cmd.Flags().BoolVar(&o.force, "force", false, "do not ask")
	return cmd
}

func migrate(ctx context.Context, a *app, o *migrateFlags) error {
	m, err := profile.PlanMigration(a.env)
	if err != nil {
		return profileError(err)
	}
	if m == nil {
		fmt.Fprintln(a.stderr, "~/.ecs/config has today's form: there is nothing to migrate")
		return nil
	}
	if !a.quiet || !o.force {
		fmt.Fprint(a.stderr, m.Text)
	}
	a.note(m.Notes...)
	if !o.force {
		answer, err := a.ask(ctx, "rewrite the files so? [y/N]")
		if errors.Is(err, errNotTerminal) {
			return usageError{fmt.Errorf("%w, so nobody can be asked: --force rewrites the files without", errNotTerminal)}
		}
		if err != nil {
			return err
		}
		if !strings.HasPrefix(strings.ToLower(answer), "y") {
			fmt.Fprintln(a.stderr, "nothing was changed")
			return nil
		}
	}
	if err := m.Apply(ctx); err != nil {
		return profileError(err)
	}
	fmt.Fprintln(a.stderr, "rewrote ~/.ecs/config")
	return nil
}
