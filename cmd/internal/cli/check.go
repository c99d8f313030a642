package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newCheck(a *app, p *projectFlags) *cobra.Command {
	o := &translateFlags{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Report every problem of the files; needs no AWS",
		Long: "check reads the compose files and ecs-params and reports every problem at its file, line and column:\n" +
			"what is wrong, what ECS refuses, what would be lost. Nothing is sent, no credentials are needed.\n" +
			"--output text (default), json, or github for annotations in a GitHub workflow.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return check(cmd.Context(), a, p, o) },
	}
	o.add(cmd)
	return cmd
}

func check(ctx context.Context, a *app, p *projectFlags, o *translateFlags) error {
	form, err := a.oneOf("text", "json", "github")
	if err != nil {
		return err
	}
	t, err := p.translate(ctx, a, o)
	if err != nil {
		return err
	}
	diags := a.judge(t.diags)
	switch form {
	case "json":
		if err := writeJSON(a.stdout, diags); err != nil {
			return err
		}
	case "github":
		writeGitHub(a.stdout, diags)
	default:
		a.writeText(a.stdout, diags)
	}
	if form != "json" && !a.quiet {
		fmt.Fprintln(a.stderr, summary(diags))
	}
	if diags.HasErrors() {
		return errInvalid
	}
	return nil
}
