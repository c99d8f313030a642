package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/profile"
)

// A configureFlags holds what a cluster configuration says besides its cluster and region.
type configureFlags struct {
	name          string
	stack         string
	servicePrefix string
	launchType    string
}

func newConfigure(a *app) *cobra.Command {
	o := &configureFlags{}
	cmd := &cobra.Command{
		Use:   "configure",
		Short: "Keep clusters, regions and keys by name, in ~/.ecs as ecs-cli does",
		Long: "configure keeps a cluster with its region as a cluster configuration in ~/.ecs/config. The first one\n" +
			"becomes the default, which all commands use; --cluster-config chooses another.\n" +
			"--cluster and --region are required; ECS_CLUSTER and AWS_REGION stand in for them.",
		Example: "  ecsctl configure --cluster shop --region eu-west-1 --config-name prod --default-launch-type FARGATE",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return configure(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "config-name", "default", "name of the cluster configuration")
	f.StringVar(&o.stack, "cfn-stack-name", "",
		"CloudFormation stack of the cluster; default: amazon-ecs-cli-setup-<cluster>")
	f.StringVar(&o.servicePrefix, "compose-service-name-prefix", "",
		"what names of services begin with (deprecated by ecs-cli)")
	f.StringVar(&o.launchType, "default-launch-type", "",
		"where tasks run if --launch-type is not given: EC2, FARGATE or EXTERNAL")
	cmd.AddCommand(newConfigureDefault(a), newConfigureDelete(a), newConfigureList(a), newConfigureMigrate(a),
		newConfigureProfile(a))
	return cmd
}

func configure(ctx context.Context, a *app, o *configureFlags) error {
	c := profile.Cluster{
		Name: o.name, StackName: o.stack, ServicePrefix: o.servicePrefix, LaunchType: o.launchType,
		Cluster: cmp.Or(a.session.cluster, a.env["ECS_CLUSTER"]),
		Region:  cmp.Or(a.session.region, a.env["AWS_REGION"]),
	}
	switch {
	case c.Name == "":
		return usageError{errors.New("--config-name must not be empty")}
	case c.Cluster == "":
		return usageError{errors.New("no cluster: give --cluster or set ECS_CLUSTER")}
	case c.Region == "":
		return usageError{errors.New("no region: give --region or set AWS_REGION")}
	}
	if err := checkLaunchType(profile.Value{Value: c.LaunchType, From: "--default-launch-type"}); err != nil {
		return err
	}
	e, err := profile.SetCluster(ctx, a.env, c)
	if err != nil {
		return profileError(err)
	}
	return a.saved(e, "cluster configuration", c.Name)
}

// saved says what was written.
func (a *app) saved(e *profile.Edit, what, name string) error {
	if a.quiet {
		return nil
	}
	by := "the default is " + e.Default
	if e.Default == name {
		by = "it is the default"
	}
	_, err := fmt.Fprintf(a.stderr, "saved %s %q in %s; %s\n", what, name, e.File, by)
	return err
}

func newConfigureDefault(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "default",
		Short: "Choose the cluster configuration that commands use",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := profile.SetDefaultCluster(cmd.Context(), a.env, name)
			return profileError(err)
		},
	}
	cmd.Flags().StringVar(&name, "config-name", "", "name of the cluster configuration")
	requireFlag(cmd, "config-name")
	return cmd
}

// requireFlag has the command refuse to run without the flag.
func requireFlag(cmd *cobra.Command, name string) {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flag(name).Value.String() == "" {
			return usageError{fmt.Errorf("%s needs --%s", cmd.CommandPath(), name)}
		}
		return nil
	}
}

func newConfigureDelete(a *app) *cobra.Command {
	var config, keys string
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete a cluster configuration or an ECS profile",
		Long: "delete deletes an entry of ~/.ecs/config or ~/.ecs/credentials.\n" +
			"If it was the default there is none any more.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return configureDelete(cmd.Context(), a, config, keys) },
	}
	cmd.Flags().StringVar(&config, "config-name", "", "name of the cluster configuration")
	cmd.Flags().StringVar(&keys, "profile-name", "", "name of the ECS profile")
	return cmd
}

func configureDelete(ctx context.Context, a *app, config, keys string) error {
	if (config == "") == (keys == "") {
		return usageError{errors.New("ecsctl configure delete needs either --config-name or --profile-name")}
	}
	name, what, choose := config, "cluster configuration", "configure default --config-name"
	remove := profile.DeleteCluster
	if keys != "" {
		name, what, choose = keys, "ECS profile", "configure profile default --profile-name"
		remove = profile.DeleteKeys
	}
	e, err := remove(ctx, a.env, name)
	if err != nil {
		return profileError(err)
	}
	if a.quiet {
		return nil
	}
	fmt.Fprintf(a.stderr, "deleted %s %q from %s\n", what, name, e.File)
	if e.Default == "" {
		a.note(fmt.Sprintf("there is no default %s now: ecsctl %s NAME chooses one", what, choose))
	}
	return nil
}
