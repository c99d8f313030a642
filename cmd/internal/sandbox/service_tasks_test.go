package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestServiceTags: tags of the service or of its task definition go to its tasks, with the managed ones.
func TestServiceTags(t *testing.T) {
	a := open(t)
	a.register(fargateTask)
	a.createService(1, func(in *ecs.CreateServiceInput) {
		in.TaskDefinition, in.NetworkConfiguration, in.LaunchType = new("api"), vpc(""), types.LaunchTypeFargate
		in.Tags = []types.Tag{{Key: new("owner"), Value: new("me")}}
		in.PropagateTags, in.EnableECSManagedTags = types.PropagateTagsService, true
	})
	a.advance(10 * time.Second)
	tags := func() (tags []string) {
		arns := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{ServiceName: new("web")}))(t).TaskArns
		for _, tag := range a.describe(&arns[len(arns)-1]).Tags {
			tags = append(tags, *tag.Key+"="+*tag.Value)
		}
		return tags
	}
	want := []string{"owner=me", "aws:ecs:clusterName=default", "aws:ecs:serviceName=web"}
	if got := tags(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	a.updateService(&ecs.UpdateServiceInput{PropagateTags: types.PropagateTagsTaskDefinition, ForceNewDeployment: true})
	a.advance(time.Minute)
	if got := tags(); got[0] != "team=shop" {
		t.Errorf("got %v", got)
	}
	if v := a.service(); *v.PlatformVersion != "LATEST" || *v.Deployments[0].PlatformVersion != "1.4.0" {
		t.Errorf("got platform versions %s and %s", *v.PlatformVersion, *v.Deployments[0].PlatformVersion)
	}
}

// TestListServices: ten at once unless the request says otherwise; an INACTIVE service is not listed, and forgotten.
func TestListServices(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	for i := range 12 {
		a.createService(0, func(in *ecs.CreateServiceInput) { in.ServiceName = new(fmt.Sprintf("s%02d", i)) })
	}
	out := must(a.ecs.ListServices(t.Context(), &ecs.ListServicesInput{}))(t)
	rest := must(a.ecs.ListServices(t.Context(), &ecs.ListServicesInput{NextToken: out.NextToken}))(t)
	if len(out.ServiceArns) != 10 || len(rest.ServiceArns) != 2 {
		t.Errorf("got %d and %d", len(out.ServiceArns), len(rest.ServiceArns))
	}
	must(a.ecs.DeleteService(t.Context(), &ecs.DeleteServiceInput{Service: new("s00")}))(t)
	a.advance(time.Minute)
	in := &ecs.ListServicesInput{MaxResults: new(int32(100))}
	if out := must(a.ecs.ListServices(t.Context(), in))(t); len(out.ServiceArns) != 11 {
		t.Errorf("got %d", len(out.ServiceArns))
	}
	describe := &ecs.DescribeServicesInput{Services: []string{"s00", "none"}}
	if out := must(a.ecs.DescribeServices(t.Context(), describe))(t); *out.Services[0].Status != "INACTIVE" ||
		*out.Failures[0].Reason != "MISSING" {
		t.Errorf("got %+v", out)
	}
	a.advance(2 * time.Hour)
	if out := must(a.ecs.DescribeServices(t.Context(), describe))(t); len(out.Failures) != 2 {
		t.Errorf("got %+v", out)
	}
}

// TestDaemon: a daemon has a task on each instance.
func TestDaemon(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	v := a.createService(0, func(in *ecs.CreateServiceInput) {
		in.DesiredCount, in.SchedulingStrategy = nil, types.SchedulingStrategyDaemon
	})
	if *v.DeploymentConfiguration.MaximumPercent != 100 || *v.DeploymentConfiguration.MinimumHealthyPercent != 0 {
		t.Errorf("got %+v", v.DeploymentConfiguration)
	}
	for range 2 {
		a.advance(30 * time.Second)
		if got := a.deployments(); got != "PRIMARY :1 COMPLETED 0 pending 3 running 0 failed" {
			t.Errorf("got %s", got)
		}
		a.updateService(&ecs.UpdateServiceInput{ForceNewDeployment: true})
	}
}

// TestReplaced: a task that is stopped by hand is replaced, and the deployment stays completed.
func TestReplaced(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	a.createService(2, nil)
	a.advance(20 * time.Second)
	arns := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{ServiceName: new("web")}))(t).TaskArns
	must(a.ecs.StopTask(t.Context(), &ecs.StopTaskInput{Task: &arns[0]}))(t)
	a.advance(20 * time.Second)
	if got := a.deployments(); got != completed {
		t.Errorf("got %s", got)
	}
	now := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{ServiceName: new("web")}))(t).TaskArns
	if len(now) != 2 || slices.Contains(now, arns[0]) {
		t.Errorf("got %v of %v", now, arns)
	}
}

// TestThreshold: the circuit breaker trips at the number that thresholdConfiguration says.
func TestThreshold(t *testing.T) {
	for _, test := range []struct {
		threshold *types.ThresholdConfiguration
		desired   int32
		want      int32
	}{
		{nil, 1, 3}, {nil, 10, 5}, {nil, 1000, 200},
		{&types.ThresholdConfiguration{Type: types.ThresholdTypeCount, Value: 1}, 10, 1},
		{&types.ThresholdConfiguration{Type: types.ThresholdTypeUnboundedPercent, Value: 50}, 1000, 500},
	} {
		a := open(t)
		a.register(bridge("web", "capacity", "none"))
		a.createService(test.desired, func(in *ecs.CreateServiceInput) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{
				DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{
					Enable: true, Rollback: true, ThresholdConfiguration: test.threshold,
				},
			}
		})
		out := must(a.ecs.DescribeServiceDeployments(t.Context(), &ecs.DescribeServiceDeploymentsInput{
			ServiceDeploymentArns: []string{*a.service().CurrentServiceDeployment},
		}))(t)
		if got := out.ServiceDeployments[0].DeploymentCircuitBreaker.Threshold; got != test.want {
			t.Errorf("%d tasks: got %d, want %d", test.desired, got, test.want)
		}
	}
}

// TestNoCapacity: tasks that find no room are tried again.
func TestNoCapacity(t *testing.T) {
	a := open(t)
	a.register(bridge("web", "capacity", "40s"))
	a.createService(2, nil)
	a.advance(30 * time.Second)
	if v := a.service(); v.RunningCount+v.PendingCount != 0 || v.Deployments[0].FailedTasks == 0 ||
		!strings.Contains(*v.Events[0].Message, "has insufficient memory available") {
		t.Errorf("got %s, %v", a.deployments(), *v.Events[0].Message)
	}
	a.advance(2 * time.Minute)
	if got := a.deployments(); got != completed {
		t.Errorf("got %s", got)
	}
}
