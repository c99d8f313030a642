package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/profile"
)

// A keysFlags holds an ECS profile.
type keysFlags struct {
	name         string
	accessKey    string
	secretKey    string
	sessionToken string
}

func newConfigureProfile(a *app) *cobra.Command {
	o := &keysFlags{}
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Keep access keys by name",
		Long: "profile keeps an access key as an ECS profile in ~/.ecs/credentials, in plain text that only you can read.\n" +
			"The first one becomes the default; --ecs-profile chooses another. AWS profiles with SSO or roles are safer.\n" +
			"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN stand in for flags that are not given.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return configureProfile(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "profile-name", "default", "name of the ECS profile")
	f.StringVar(&o.accessKey, "access-key", "", "AWS access key id")
	f.StringVar(&o.secretKey, "secret-key", "", "AWS secret access key")
	f.StringVar(&o.sessionToken, "session-token", "", "AWS session token, of temporary keys")
	cmd.AddCommand(newConfigureProfileDefault(a))
	return cmd
}

func configureProfile(ctx context.Context, a *app, o *keysFlags) error {
	flags := o.accessKey != "" // a token of the environment belongs to the key of the environment
	parts := []struct {
		value              *string
		flag, variable     string
		required, standsIn bool
	}{
		{&o.accessKey, "--access-key", "AWS_ACCESS_KEY_ID", true, true},
		{&o.secretKey, "--secret-key", "AWS_SECRET_ACCESS_KEY", true, true},
		{&o.sessionToken, "--session-token", "AWS_SESSION_TOKEN", false, !flags},
	}
	var notes []string
	for _, p := range parts {
		if v := a.env[p.variable]; *p.value == "" && v != "" && p.standsIn {
			*p.value = v
			notes = append(notes, fmt.Sprintf("%s is taken from %s", p.flag, p.variable))
		}
		if *p.value == "" && p.required {
			return usageError{fmt.Errorf("no %[1]s: give %[1]s or set %[2]s", p.flag, p.variable)}
		}
	}
	if o.name == "" {
		return usageError{errors.New("--profile-name must not be empty")}
	}
	if o.sessionToken != "" {
		notes = append(notes, "keys with a session token expire, and this profile with them")
	}
	e, err := profile.SetKeys(ctx, a.env, profile.Keys{
		Name: o.name, AccessKey: o.accessKey, SecretKey: o.secretKey, SessionToken: o.sessionToken,
	})
	if err != nil {
		return profileError(err)
	}
	a.note(notes...)
	return a.saved(e, "ECS profile", o.name)
}

func newConfigureProfileDefault(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "default",
		Short: "Choose the ECS profile that commands use",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := profile.SetDefaultKeys(cmd.Context(), a.env, name)
			return profileError(err)
		},
	}
	cmd.Flags().StringVar(&name, "profile-name", "", "name of the ECS profile")
	requireFlag(cmd, "profile-name")
	return cmd
}
