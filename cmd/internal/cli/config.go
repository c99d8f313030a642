package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func newConfig(a *app, p *projectFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the merged, interpolated compose model",
		Long: "config prints what the compose files come to: merged, included, extended, interpolated, in the long form.\n" +
			"--output yaml (default) or json.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return config(cmd.Context(), a, p) },
	}
}

func config(ctx context.Context, a *app, p *projectFlags) error {
	form, err := a.oneOf("yaml", "json")
	if err != nil {
		return err
	}
	project, diags, err := p.load(ctx, a)
	if err != nil {
		return err
	}
	if err := a.report(diags); err != nil {
		return err
	}
	if form == "json" {
		data, err := project.MarshalJSON()
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(append(data, '\n'))
		return err
	}
	data, err := project.MarshalYAML()
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(data)
	return err
}
