package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/profile"
)

func newWhoami(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "whoami",
		Short: "Print account, principal, region and cluster, and where each came from",
		Long: "whoami asks AWS whose credentials these are (sts:GetCallerIdentity, which needs no permission), and prints\n" +
			"what commands work with: account, principal, region, cluster, launch type, credentials and endpoint,\n" +
			"each with the flag, variable or file that says so. --output text (default) or json.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return whoami(cmd.Context(), a) },
	}
}

func whoami(ctx context.Context, a *app) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	cfg, s, err := a.aws(ctx)
	if err != nil {
		return err
	}
	id, err := profile.Caller(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%s (from %s), region %s (from %s): %w",
			s.Credentials.Value, s.Credentials.From, s.Region.Value, s.Region.From, err)
	}
	credentials := s.Credentials
	if id.Provider != "" && id.Provider != credentials.Value {
		credentials.Value += " (" + id.Provider + ")"
	}
	rows := []struct {
		label, key string
		profile.Value
	}{
		{"account", "account", profile.Value{Value: id.Account, From: "sts:GetCallerIdentity"}},
		{"principal", "principal", profile.Value{Value: id.Principal, From: "sts:GetCallerIdentity"}},
		{"region", "region", s.Region},
		{"cluster", "cluster", s.Cluster},
		{"launch type", "launchType", s.LaunchType},
		{"credentials", "credentials", credentials},
		{"endpoint", "endpoint", s.Endpoint},
	}
	if form == "json" {
		all := map[string]profile.Value{}
		for _, r := range rows {
			all[r.key] = r.Value
		}
		return encodeJSON(a.stdout, all)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.label, dash(r.Value.Value), r.From)
	}
	return w.Flush()
}

// dash returns - for nothing, so that the columns of a table stay columns.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
