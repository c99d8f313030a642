package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// An effect says what a command does, and so what --dry-run means to it.
type effect int

const (
	reads effect = iota // and changes nothing: --dry-run is all the same to it
	plans               // its changes, and prints them with --dry-run
	acts                // without a plan: with --dry-run it does not begin
)

// effects are those of all commands.
var effects = map[string]effect{
	"ecsctl":                           reads,
	"ecsctl completion":                reads,
	"ecsctl completion bash":           reads,
	"ecsctl completion fish":           reads,
	"ecsctl completion powershell":     reads,
	"ecsctl completion zsh":            reads,
	"ecsctl compose":                   reads,
	"ecsctl compose build":             plans,
	"ecsctl compose check":             reads,
	"ecsctl compose config":            reads,
	"ecsctl compose convert":           reads,
	"ecsctl compose create":            plans,
	"ecsctl compose keys":              reads,
	"ecsctl compose logs":              reads,
	"ecsctl compose plan":              reads,
	"ecsctl compose ps":                reads,
	"ecsctl compose pull":              acts,
	"ecsctl compose push":              plans,
	"ecsctl compose revisions":         reads,
	"ecsctl compose run":               plans,
	"ecsctl compose scale":             plans,
	"ecsctl compose schema":            reads,
	"ecsctl compose service":           reads,
	"ecsctl compose service continue":  plans,
	"ecsctl compose service create":    plans,
	"ecsctl compose service down":      plans,
	"ecsctl compose service events":    reads,
	"ecsctl compose service history":   reads,
	"ecsctl compose service ps":        reads,
	"ecsctl compose service rollback":  plans,
	"ecsctl compose service scale":     plans,
	"ecsctl compose service start":     plans,
	"ecsctl compose service stop":      plans,
	"ecsctl compose service up":        plans,
	"ecsctl compose service wait":      plans,
	"ecsctl compose start":             plans,
	"ecsctl compose stop":              plans,
	"ecsctl compose up":                plans,
	"ecsctl configure":                 acts,
	"ecsctl configure default":         acts,
	"ecsctl configure delete":          acts,
	"ecsctl configure list":            reads,
	"ecsctl configure migrate":         acts,
	"ecsctl configure profile":         acts,
	"ecsctl configure profile default": acts,
	"ecsctl ecr":                       reads,
	"ecsctl ecr gc":                    plans,
	"ecsctl ecr login":                 acts,
	"ecsctl ecr policy":                reads,
	"ecsctl images":                    reads,
	"ecsctl logs":                      reads,
	"ecsctl pull":                      acts,
	"ecsctl push":                      plans,
	"ecsctl sandbox":                   reads,
	"ecsctl sandbox ls":                reads,
	"ecsctl sandbox reset":             acts,
	"ecsctl sandbox serve":             acts,
	"ecsctl version":                   reads,
	"ecsctl whoami":                    reads,
}

// refuseDryRun ends a command that would act although it is only to say what it would do.
func (a *app) refuseDryRun(cmd *cobra.Command, _ []string) error {
	if a.dryRun && effects[cmd.CommandPath()] == acts {
		return usageError{fmt.Errorf("%s has no plan that --dry-run could print: nothing was done", cmd.CommandPath())}
	}
	return nil
}
