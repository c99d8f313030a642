// Package cli is the command line: one file for each command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

// Exit statuses. They are stable.
const (
	exitOK               = 0
	exitFailed           = 1 // AWS, Docker or a file system refused, or something failed
	exitInvalid          = 2 // wrong input or usage: nothing was sent
	exitFailedDeployment = 3 // the deployment failed or was rolled back
	exitTimeout          = 4 // time ran out; what was begun goes on
	exitSuperseded       = 5 // a later deployment took the place of this one
	exitChanges          = 10
)

// An app is what all commands have in common: where they run, and the flags that may stand anywhere on the line.
type app struct {
	env    map[string]string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	flags        *pflag.FlagSet // that may stand anywhere on the line
	session      sessionFlags
	sandboxFlag  string
	sandbox      *sandboxLink // that calls go to, nil if they go to AWS
	dryRun       bool
	planExitCode bool // a dry run tells by its exit status whether there is something to do

	output           string
	strict           bool
	allowUnsupported []string
	noColor          bool
	quiet            bool
	verbose          bool
}

// errInvalid is returned when what is wrong has been reported already, as diagnostics.
var errInvalid = errors.New("invalid input")

// A usageError is a mistake on the command line.
type usageError struct{ error }

// Main runs the command line and returns the exit status. Data goes to stdout, all else to stderr. env holds the
// environment as KEY=VALUE.
func Main(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	logrus.SetOutput(io.Discard) // compose-go logs what we report as diagnostics
	a := &app{env: map[string]string{}, stdin: stdin, stdout: stdout, stderr: stderr}
	for _, e := range env {
		key, value, _ := strings.Cut(e, "=")
		a.env[key] = value
	}
	out := &output{Writer: stdout}
	a.stdout = out
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if out.err != nil && (err == nil || errors.Is(err, errInvalid)) {
		err = fmt.Errorf("standard output: %w", out.err)
	}
	if err == nil {
		return exitOK
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if !errors.Is(err, errInvalid) && !errors.Is(err, errChanges) {
		fmt.Fprintf(stderr, "error: %s\n", err)
	}
	if _, usage := errors.AsType[usageError](err); usage || errors.Is(err, errInvalid) || isCobraUsage(err) {
		return exitInvalid
	}
	deployment, failed := errors.AsType[*deploy.DeploymentError](err)
	own, ended := errors.AsType[statusError](err)
	ran, judged := errors.AsType[*deploy.RunError](err)
	switch {
	case ended:
		return own.status
	case judged: // a task before the deployment
		return ran.Status()
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, deploy.ErrTimeout):
		return exitTimeout
	case failed && deployment.Outcome == deploy.Superseded:
		return exitSuperseded
	case failed:
		return exitFailedDeployment
	}
	return exitFailed
}

// An output remembers the first error of writing to it: what nobody received is not done.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(data []byte) (int, error) {
	n, err := o.Writer.Write(data)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// isCobraUsage reports whether err is cobra's complaint about a command that it does not know, which has no type.
func isCobraUsage(err error) bool { return strings.HasPrefix(err.Error(), "unknown command") }

func newRoot(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ecsctl",
		Short: "Run compose files on Amazon ECS",
		Long: "ecsctl turns the compose files people run on their own machine into Amazon ECS task definitions and " +
			"services.\nIt takes the files, flags and variables of ecs-cli as they are.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: a.refuseDryRun,
	}
	f := cmd.PersistentFlags()
	a.flags = f
	a.session.add(f)
	f.StringVar(&a.sandboxFlag, "sandbox", "", "work in a `sandbox`, an AWS account in this machine: "+
		"a name (default: default), or the URL of one that is served; default: ECSCTL_SANDBOX")
	f.Lookup("sandbox").NoOptDefVal = defaultSandbox
	f.BoolVar(&a.dryRun, "dry-run", false, "print what would be done, and do nothing")
	f.StringVar(&a.output, "output", "", "form of the output: what the command says, often text or json")
	f.BoolVar(&a.strict, "strict", false, "treat warnings as errors")
	f.StringSliceVar(&a.allowUnsupported, "allow-unsupported", nil,
		"make a warning of the errors of a compose `KEY` or a rule, and leave the value out; repeatable")
	f.BoolVar(&a.noColor, "no-color", false, "no colours; also NO_COLOR")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "errors only: no notes and no warnings")
	f.BoolVar(&a.verbose, "verbose", false, "every note: otherwise one of each kind is shown")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.AddCommand(newCompose(a), newConfigure(a), newECR(a), newImages(a), newLogs(a), newPull(a), newPush(a), newSandbox(a),
		newVersion(a), newWhoami(a))
	cmd.InitDefaultCompletionCmd()
	addHelp(cmd)
	return cmd
}

// noArgs returns an error if a command that takes no arguments has some.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no argument %q: see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())}
	}
	return nil
}

// oneFlag returns an error if several of the flags are given, of which only one may be.
func oneFlag(cmd *cobra.Command, names ...string) error {
	given := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !cmd.Flags().Changed(name) })
	if len(given) > 1 {
		return usageError{fmt.Errorf("--%s: give one of them", strings.Join(given, " and --"))}
	}
	return nil
}

// oneOf returns the form of the output that the user chose, the first of forms if none.
func (a *app) oneOf(forms ...string) (string, error) {
	if a.output == "" {
		return forms[0], nil
	}
	for _, f := range forms {
		if f == a.output {
			return f, nil
		}
	}
	return "", usageError{fmt.Errorf("--output must be %s, not %q", strings.Join(forms, " or "), a.output)}
}
