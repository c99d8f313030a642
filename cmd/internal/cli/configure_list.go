package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/profile"
)

func newConfigureList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Print the cluster configurations and ECS profiles",
		Long:  "list prints what is in ~/.ecs, without secrets. --output text (default) or json.",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return configureList(a) },
	}
}

// A clusterJSON is a cluster configuration as JSON.
type clusterJSON struct {
	Name          string `json:"name"`
	Default       bool   `json:"default"`
	Cluster       string `json:"cluster"`
	Region        string `json:"region"`
	LaunchType    string `json:"launchType"`
	ServicePrefix string `json:"serviceNamePrefix"`
	StackName     string `json:"stackName"`
}

// A keysJSON is an ECS profile as JSON.
type keysJSON struct {
	Name      string `json:"name"`
	Default   bool   `json:"default"`
	AccessKey string `json:"accessKey"` // its last characters
}

func configureList(a *app) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	files, err := profile.List(a.env)
	if err != nil {
		return profileError(err)
	}
	clusters, keys := []clusterJSON{}, []keysJSON{}
	for _, c := range files.Clusters {
		clusters = append(clusters, clusterJSON{
			c.Name, files.Old || c.Name == files.DefaultCluster, c.Cluster, c.Region, c.LaunchType, c.ServicePrefix, c.StackName,
		})
	}
	for _, k := range files.Profiles {
		keys = append(keys, keysJSON{k.Name, k.Name == files.DefaultProfile, profile.Mask(k.AccessKey)})
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"clusterConfigurations": clusters, "ecsProfiles": keys})
	}
	if files.Old {
		a.note("~/.ecs/config has the form of ecs-cli before 1.0: ecsctl configure migrate rewrites it")
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	if len(clusters) > 0 {
		fmt.Fprintln(w, "CLUSTER CONFIGURATION\tDEFAULT\tCLUSTER\tREGION\tLAUNCH TYPE\tSERVICE PREFIX\tSTACK")
	}
	for _, c := range clusters {
		fmt.Fprintln(w, row(c.Name, mark(c.Default), c.Cluster, c.Region, c.LaunchType, c.ServicePrefix, c.StackName))
	}
	if err := w.Flush(); err != nil || len(keys) == 0 {
		return err
	}
	if len(clusters) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "ECS PROFILE\tDEFAULT\tACCESS KEY")
	for _, k := range keys {
		fmt.Fprintln(w, row(k.Name, mark(k.Default), k.AccessKey))
	}
	return w.Flush()
}

// mark returns what a table says in the column of the default.
func mark(isDefault bool) string {
	if isDefault {
		return "yes"
	}
	return ""
}

// row returns a row of a table.
func row(cells ...string) string {
	for i, c := range cells {
		cells[i] = dash(c)
	}
	return strings.Join(cells, "\t")
}
