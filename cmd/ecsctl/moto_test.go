package main_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/rogpeppe/go-internal/testscript"
)

// onlySandbox matches what a script needs the sandbox for. Deployments of services never end in other emulators.
var onlySandbox = regexp.MustCompile(`(?m)^(archive|calls|clock|engine|fault|interrupt|repository|requests|untag)\b|` +
	`ecsctl\.sandbox\.|--sandbox|ECSCTL_SANDBOX|service (up|create)`)

// usesAccount matches the command that gives a script an account.
var usesAccount = regexp.MustCompile(`(?m)^sandbox$`)

// differsOnMoto says which scripts an independent emulator does not go along with, and why.
var differsOnMoto = map[string]string{
	"service_alarm.txtar":    "its deployments never end, and no alarm rings",
	"service_canary.txtar":   "its deployments never end",
	"service_rollback.txtar": "its deployments never end",
	"service_settings.txtar": "it shows no settings that it was not given",
	"stop_by_name.txtar":     "it has no container instance, and then fails to run a task",
	"tasks_on_fargate.txtar": "its tasks have numbers where ECS has texts, which the SDK refuses",
}

// TestMoto runs the scripts that need no more than an account against an emulator that others wrote: what the sandbox
// takes for ECS's behaviour must not be known to us alone. Each script has a region of its own.
func TestMoto(t *testing.T) {
	regions := []string{"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"}
	files, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var fit []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if usesAccount.Match(text) && !onlySandbox.Match(text) && differsOnMoto[filepath.Base(f)] == "" {
			fit = append(fit, f)
		}
	}
	if len(fit) == 0 || len(fit) > len(regions) {
		t.Fatalf("there are %d scripts and %d regions", len(fit), len(regions))
	}
	url := startMoto(t)
	for i, f := range fit {
		testscript.Run(t, testscript.Params{
			Files: []string{f}, RequireExplicitExec: true, RequireUniqueNames: true, Setup: setup,
			Cmds: commands(map[string]command{"sandbox": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(startRegion(t.Context(), ts, url, regions[i]))
			}}),
		})
	}
}

// startRegion gives a script a region of the emulator, with a cluster and a network.
func startRegion(ctx context.Context, ts *testscript.TestScript, url, region string) error {
	cfg := aws.Config{
		BaseEndpoint: &url, Region: region, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	if _, err := ecs.NewFromConfig(cfg).CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: new("default")}); err != nil {
		return err
	}
	subnets, err := ec2.NewFromConfig(cfg).DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})
	if err != nil {
		return err
	}
	groups, err := ec2.NewFromConfig(cfg).DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{})
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
		"ECSCTL_VERIFY_IMAGES": "off", "SUBNET": *subnets.Subnets[0].SubnetId, "SECURITY_GROUP": *groups.SecurityGroups[0].GroupId,
	} {
		ts.Setenv(name, value)
	}
	return nil
}
