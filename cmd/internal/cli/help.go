package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newHelp returns the command that explains the commands beside it.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Parent().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("there is no command %q: see %s --help", args[len(args)-max(1, len(rest))],
					cmd.Parent().CommandPath())}
			}
			return about.Help()
		},
	}
}

// addHelp gives help the exit statuses of all commands, and each group of commands a help of its own.
func addHelp(root *cobra.Command) {
	for _, c := range root.Commands() {
		if !c.HasSubCommands() {
			continue
		}
		if c.Name() == "completion" {
			c.Args = noArgs
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			continue
		}
		c.AddCommand(newHelp())
	}
	root.SetHelpCommand(newHelp())
}
