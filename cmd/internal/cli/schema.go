package cli

import (
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/ecsparams"
)

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of ecs-params files, for editors",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(ecsparams.Schema)
			return err
		},
	}
}
