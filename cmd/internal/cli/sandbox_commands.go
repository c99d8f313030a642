package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
	"github.com/ecsctl/ecsctl/compose/diag"
)

func newSandbox(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "An AWS account for rehearsals, in this machine",
		Long: "A sandbox is an AWS account that lives in one file: with --sandbox, or ECSCTL_SANDBOX=NAME, any command " +
			"works in\nit, with ECS's own rules and no credentials, and nothing reaches AWS.\n\n" +
			"Docker labels of a service ask for what becomes of its container:\n" + sandbox.Labels +
			"\nAlarms whose names begin with ecsctl-sandbox-alarm ring in each deployment that uses them.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var listen string
	serve := &cobra.Command{
		Use:   "serve [NAME]",
		Short: "Serve a sandbox to any AWS client, on loopback",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return serveSandbox(cmd.Context(), a, listen, nameOf(args))
		},
	}
	serve.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to listen at")
	cmd.AddCommand(serve,
		&cobra.Command{
			Use:   "reset [NAME]",
			Short: "Forget what is in a sandbox",
			Args:  cobra.MaximumNArgs(1),
			RunE:  func(_ *cobra.Command, args []string) error { return resetSandbox(a, nameOf(args)) },
		},
		&cobra.Command{
			Use:   "ls",
			Short: "List the sandboxes",
			Args:  noArgs,
			RunE:  func(*cobra.Command, []string) error { return listSandboxes(a) },
		})
	return cmd
}

func nameOf(args []string) string {
	if len(args) == 0 {
		return defaultSandbox
	}
	return args[0]
}

// serveSandbox serves a sandbox until ctx ends.
func serveSandbox(ctx context.Context, a *app, listen, name string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usageError{fmt.Errorf("--listen: a sandbox is served on loopback only, %s is not", host)}
	}
	acct, _, err := a.openSandbox(name)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	fmt.Fprintf(a.stdout, "AWS_ENDPOINT_URL=http://%s\n", listener.Addr())
	server := &http.Server{Handler: acct, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// resetSandbox forgets a sandbox, also one whose file cannot be read.
func resetSandbox(a *app, name string) error {
	names, err := a.sandboxNames()
	if err != nil {
		return err
	}
	if !slices.Contains(names, name) {
		return usageError{fmt.Errorf("there is no sandbox %q%s: see ecsctl sandbox ls", name, diag.Suggest(name, names))}
	}
	acct, cache, err := a.openSandbox(name)
	if err == nil {
		err = acct.Reset()
	}
	if err != nil {
		err = os.Remove(strings.TrimSuffix(cache, ".cache") + ".json")
	}
	if err = errors.Join(err, os.RemoveAll(cache)); err != nil {
		return fmt.Errorf("sandbox %s: %w", name, err)
	}
	if !a.quiet {
		fmt.Fprintf(a.stderr, "sandbox %s is empty\n", name)
	}
	return nil
}

// sandboxNames returns the names of the sandboxes, sorted.
func (a *app) sandboxNames() ([]string, error) {
	dir, err := a.sandboxDir()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	names := []string{}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return names, err
}

func listSandboxes(a *app) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	names, err := a.sandboxNames()
	if err != nil {
		return err
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"sandboxes": names})
	}
	for _, n := range names {
		fmt.Fprintln(a.stdout, n)
	}
	return nil
}
