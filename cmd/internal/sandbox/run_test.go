package sandbox_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// vpc returns a network configuration.
func vpc(public types.AssignPublicIp) *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets: []string{"subnet-1", "subnet-2"}, SecurityGroups: []string{"sg-1"}, AssignPublicIp: public,
	}}
}

const fargateTask = `{"family": "api", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
	"tags": [{"key": "team", "value": "shop"}], "containerDefinitions": [{"name": "api", "image": "api:1"}]}`

// TestRunTaskRules: what RunTask refuses is refused in ECS's words, and what is nearly the same is taken.
func TestRunTaskRules(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	a.register(fargateTask)
	must(a.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: new("bare")}))(t)
	web, api := new("web"), new("api")
	override := func(name string) *types.TaskOverride {
		return &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: &name, Command: []string{"true"}}}}
	}
	for _, test := range []struct {
		name      string
		bad, good ecs.RunTaskInput
		code      string
		want      string
	}{
		{"task definition", ecs.RunTaskInput{TaskDefinition: new("none")}, ecs.RunTaskInput{TaskDefinition: web},
			"ClientException", "TaskDefinition not found."},
		{"cluster", ecs.RunTaskInput{TaskDefinition: web, Cluster: new("none")},
			ecs.RunTaskInput{TaskDefinition: web, Cluster: new("default")}, "ClusterNotFoundException", "Cluster not found."},
		{"count", ecs.RunTaskInput{TaskDefinition: web, Count: new(int32(11))},
			ecs.RunTaskInput{TaskDefinition: web, Count: new(int32(10))}, "InvalidParameterException", "between 1 and 10"},
		{"no instances", ecs.RunTaskInput{TaskDefinition: web, Cluster: new("bare")},
			ecs.RunTaskInput{TaskDefinition: web}, "InvalidParameterException",
			"No Container Instances were found in your cluster."},
		{"launch type", ecs.RunTaskInput{TaskDefinition: web, LaunchType: types.LaunchTypeFargate},
			ecs.RunTaskInput{TaskDefinition: web, LaunchType: types.LaunchTypeEc2}, "InvalidParameterException",
			"Task definition does not support launch_type FARGATE."},
		{"network missing", ecs.RunTaskInput{TaskDefinition: api, LaunchType: types.LaunchTypeFargate},
			ecs.RunTaskInput{TaskDefinition: api, LaunchType: types.LaunchTypeFargate, NetworkConfiguration: vpc("")},
			"InvalidParameterException",
			"Network Configuration must be provided when networkMode 'awsvpc' is specified."},
		{"network not wanted", ecs.RunTaskInput{TaskDefinition: web, NetworkConfiguration: vpc("")},
			ecs.RunTaskInput{TaskDefinition: api, NetworkConfiguration: vpc("")}, "InvalidParameterException",
			"Network Configuration is not valid for the given networkMode of this task definition."},
		{"public address on EC2", ecs.RunTaskInput{TaskDefinition: api, NetworkConfiguration: vpc("ENABLED")},
			ecs.RunTaskInput{TaskDefinition: api, NetworkConfiguration: vpc("DISABLED")}, "InvalidParameterException",
			"Assign public IP is not supported for this launch type."},
		{"launch type and strategy", ecs.RunTaskInput{TaskDefinition: api, NetworkConfiguration: vpc(""),
			LaunchType: types.LaunchTypeFargate, CapacityProviderStrategy: spot("FARGATE")},
			ecs.RunTaskInput{TaskDefinition: api, NetworkConfiguration: vpc(""), CapacityProviderStrategy: spot("FARGATE")},
			"InvalidParameterException", "Specifying both a launch type and capacity provider strategy is not supported."},
		{"capacity provider", ecs.RunTaskInput{TaskDefinition: api, NetworkConfiguration: vpc(""),
			CapacityProviderStrategy: spot("OTHER")},
			ecs.RunTaskInput{TaskDefinition: api, NetworkConfiguration: vpc(""),
				CapacityProviderStrategy: spot("FARGATE_SPOT")},
			"InvalidParameterException", "The specified capacity provider 'OTHER' was not found."},
		{"override", ecs.RunTaskInput{TaskDefinition: web, Overrides: override("other")},
			ecs.RunTaskInput{TaskDefinition: web, Overrides: override("web")}, "InvalidParameterException",
			"Override for container named other is not a container in the TaskDefinition."},
		{"tags", ecs.RunTaskInput{TaskDefinition: web, Tags: []types.Tag{{Key: new("aws:a"), Value: new("")}}},
			ecs.RunTaskInput{TaskDefinition: web, Tags: []types.Tag{{Key: new("a"), Value: new("")}}},
			"InvalidParameterException", "cannot begin with aws:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			must(a.ecs.RunTask(t.Context(), &test.good))(t)
			_, err := a.ecs.RunTask(t.Context(), &test.bad)
			wantError(t, err, test.code, test.want)
		})
	}
}

func spot(name string) []types.CapacityProviderStrategyItem {
	return []types.CapacityProviderStrategyItem{{CapacityProvider: &name}}
}

// TestClientToken: the same request with the same token gives the same tasks; another request is a conflict.
func TestClientToken(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	in := &ecs.RunTaskInput{TaskDefinition: new("web"), Count: new(int32(2)), ClientToken: new("once")}
	arns := func() (arns []string) {
		for _, task := range a.run(in) {
			arns = append(arns, *task.TaskArn)
		}
		return arns
	}
	first := arns()
	if again := arns(); !slices.Equal(again, first) {
		t.Errorf("got %v, then %v", first, again)
	}
	in.ClientToken = new("twice")
	if other := arns(); slices.Equal(other, first) {
		t.Errorf("another token gave the same tasks")
	}
	in.Count = new(int32(3))
	_, err := a.ecs.RunTask(t.Context(), in)
	wantError(t, err, "ConflictException", "The provided clientToken is already in use with a different RunTask request.")
	if out := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{}))(t); len(out.TaskArns) != 4 {
		t.Errorf("there are %d tasks", len(out.TaskArns))
	}
}

// TestPlacement: tasks are spread, a host port is taken once on an instance, memory runs out.
func TestPlacement(t *testing.T) {
	a := open(t)
	const definition = `{"family": %q, "containerDefinitions": [{"name": "web", "image": "nginx", "memory": %d,
		"portMappings": [{"containerPort": 80, "hostPort": %d}]}]}`
	a.register(fmt.Sprintf(definition, "fixed", 64, 8080))
	a.register(fmt.Sprintf(definition, "any", 64, 0))
	a.register(fmt.Sprintf(definition, "big", 40000, 0))
	a.register(fmt.Sprintf(definition, "huge", 70000, 0))
	reasons := func(family string, n int32) string {
		out := must(a.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: &family, Count: &n}))(t)
		got := fmt.Sprintf("%d tasks", len(out.Tasks))
		for _, f := range out.Failures {
			got += " " + *f.Reason
		}
		return got
	}
	const no = " RESOURCE:"
	for _, test := range []struct {
		family string
		n      int32
		want   string
	}{
		{"fixed", 4, "3 tasks" + strings.Repeat(no+"PORTS", 3)},
		{"any", 10, "10 tasks"},
		{"big", 4, "3 tasks" + strings.Repeat(no+"MEMORY", 3)},
		{"huge", 1, "0 tasks" + strings.Repeat(no+"MEMORY", 3)},
	} {
		if got := reasons(test.family, test.n); got != test.want {
			t.Errorf("%s: got %s, want %s", test.family, got, test.want)
		}
	}
	a.advance(10 * time.Second)
	tasks := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{Family: new("any")}))(t).TaskArns
	out := must(a.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: tasks}))(t)
	seen := map[string]bool{}
	for _, task := range out.Tasks {
		b := task.Containers[0].NetworkBindings[0]
		at := fmt.Sprintf("%s:%d", *task.ContainerInstanceArn, *b.HostPort)
		if seen[at] || *b.HostPort < 32768 || *b.ContainerPort != 80 {
			t.Errorf("port %s", at)
		}
		seen[at] = true
	}
	instances := must(a.ecs.ListContainerInstances(t.Context(), &ecs.ListContainerInstancesInput{}))(t)
	described := must(a.ecs.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{
		ContainerInstances: instances.ContainerInstanceArns,
	}))(t)
	for _, i := range described.ContainerInstances {
		if i.RunningTasksCount < 5 || i.RemainingResources[1].IntegerValue > 63488-40000 {
			t.Errorf("%s: %d tasks, %d MiB", *i.Ec2InstanceId, i.RunningTasksCount, i.RemainingResources[1].IntegerValue)
		}
		status, body := a.query("Action=DescribeInstances&Version=2016-11-15&InstanceId.1=" + *i.Ec2InstanceId)
		if status != http.StatusOK || !strings.Contains(body, "<ipAddress>203.0.113.") {
			t.Errorf("got %d %s", status, body)
		}
	}
}

// TestInterface: a task in awsvpc mode has a network interface, whose public address EC2 knows.
func TestInterface(t *testing.T) {
	a := open(t)
	a.register(fargateTask)
	in := &ecs.RunTaskInput{
		TaskDefinition: new("api"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: vpc("ENABLED"),
		EnableECSManagedTags: true, PropagateTags: types.PropagateTagsTaskDefinition, StartedBy: new("me"),
	}
	task := a.run(in)[0]
	if *task.LastStatus != "PROVISIONING" || len(task.Attachments[0].Details) != 1 {
		t.Errorf("got %s with %d details", *task.LastStatus, len(task.Attachments[0].Details))
	}
	a.advance(time.Second)
	task = a.describe(task.TaskArn)
	details := map[string]string{}
	for _, d := range task.Attachments[0].Details {
		details[*d.Name] = *d.Value
	}
	if *task.LastStatus != "PENDING" || details["privateIPv4Address"] == "" || *task.PlatformVersion != "1.4.0" {
		t.Errorf("got %s, details %v", *task.LastStatus, details)
	}
	_, body := a.query("Action=DescribeNetworkInterfaces&Version=2016-11-15&NetworkInterfaceId.1=" +
		details["networkInterfaceId"])
	if !strings.Contains(body, "<publicIp>198.18.") || !strings.Contains(body, details["privateIPv4Address"]) {
		t.Errorf("got %s", body)
	}
	var tags []string
	for _, tag := range task.Tags {
		tags = append(tags, *tag.Key+"="+*tag.Value)
	}
	if got := strings.Join(tags, " "); got != "team=shop aws:ecs:clusterName=default" {
		t.Errorf("got tags %s", got)
	}
	must(a.ecs.TagResource(t.Context(), &ecs.TagResourceInput{
		ResourceArn: task.TaskArn, Tags: []types.Tag{{Key: new("team"), Value: new("web")}, {Key: new("b"), Value: new("2")}},
	}))(t)
	must(a.ecs.UntagResource(t.Context(), &ecs.UntagResourceInput{ResourceArn: task.TaskArn, TagKeys: []string{"b"}}))(t)
	listed := must(a.ecs.ListTagsForResource(t.Context(), &ecs.ListTagsForResourceInput{ResourceArn: task.TaskArn}))(t)
	if len(listed.Tags) != 2 || *listed.Tags[0].Value != "web" {
		t.Errorf("got tags %v", listed.Tags)
	}
	for _, test := range []struct {
		in   ecs.ListTasksInput
		want int
	}{
		{ecs.ListTasksInput{StartedBy: new("me")}, 1},
		{ecs.ListTasksInput{StartedBy: new("you")}, 0},
		{ecs.ListTasksInput{LaunchType: types.LaunchTypeFargate}, 1},
		{ecs.ListTasksInput{LaunchType: types.LaunchTypeEc2}, 0},
		{ecs.ListTasksInput{Family: new("api")}, 1},
		{ecs.ListTasksInput{Family: new("ap")}, 0},
	} {
		if got := len(must(a.ecs.ListTasks(t.Context(), &test.in))(t).TaskArns); got != test.want {
			t.Errorf("%+v: got %d tasks, want %d", test.in, got, test.want)
		}
	}
	_, err := a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{StartedBy: new("me"), Family: new("api")})
	wantError(t, err, "InvalidParameterException", "startedBy")
	_, err = a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{ServiceName: new("api")})
	wantError(t, err, "ServiceNotFoundException", "Service not found.")
	_, body = a.query("Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-none")
	if !strings.Contains(body, "<Errors><Error><Code>InvalidInstanceID.NotFound</Code>") {
		t.Errorf("got %s", body)
	}
}

// TestOrder: containers start in the order of dependsOn, and a task whose first one fails does not start.
func TestOrder(t *testing.T) {
	a := open(t)
	for _, exit := range []string{"0", "1"} {
		a.register(`{"family": "web", "containerDefinitions": [
			{"name": "web", "image": "nginx", "memory": 64,
				"dependsOn": [{"containerName": "migrate", "condition": "SUCCESS"}]},
			{"name": "migrate", "image": "migrate", "memory": 64, "essential": false,
				"dockerLabels": {"ecsctl.sandbox.exit": "` + exit + `", "ecsctl.sandbox.run-for": "10s"}}]}`)
	}
	good := a.run(&ecs.RunTaskInput{TaskDefinition: new("web:1")})[0]
	bad := a.run(&ecs.RunTaskInput{TaskDefinition: new("web:2")})[0]
	for _, step := range []struct {
		after time.Duration
		arn   *string
		want  string
	}{
		{5 * time.Second, good.TaskArn, "PENDING | web PENDING | migrate RUNNING"},
		{10 * time.Second, good.TaskArn, "RUNNING | web RUNNING | migrate STOPPED 0"},
		{5 * time.Second, bad.TaskArn, "STOPPED TaskFailedToStart Task failed to start | " +
			"web STOPPED container migrate did not exit with 0 | migrate STOPPED 1"},
	} {
		a.advance(step.after)
		if got := summary(a.describe(step.arn)); got != step.want {
			t.Errorf("got  %s\nwant %s", got, step.want)
		}
	}
}

// TestJob: a container whose command is overridden is a job that ends.
func TestJob(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	task := a.run(&ecs.RunTaskInput{TaskDefinition: new("web"), Overrides: &types.TaskOverride{
		ContainerOverrides: []types.ContainerOverride{{Name: new("web"), Command: []string{"true"}}},
	}})[0]
	a.advance(time.Minute)
	want := "STOPPED EssentialContainerExited Essential container in task exited | web STOPPED 0"
	if got := summary(a.describe(task.TaskArn)); got != want {
		t.Errorf("got %s", got)
	}
}

// TestNoRoom: labels ask that there be no capacity, for ever or for some time.
func TestNoRoom(t *testing.T) {
	a := open(t)
	for _, test := range []struct {
		capacity string
		after    time.Duration
		want     int
	}{
		{"none", time.Hour, 0}, {"30s", 20 * time.Second, 0}, {"30s", 40 * time.Second, 1},
	} {
		a.register(bridge("web", "capacity", test.capacity))
		a.advance(test.after)
		out := must(a.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: new("web")}))(t)
		if len(out.Tasks) != test.want || test.want == 0 && *out.Failures[0].Reason != "RESOURCE:MEMORY" {
			t.Errorf("%s after %s: got %d tasks", test.capacity, test.after, len(out.Tasks))
		}
	}
}

// TestManyTasks: lists come in parts of at most a hundred, and no more are described at once.
func TestManyTasks(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	for range 21 {
		a.run(&ecs.RunTaskInput{TaskDefinition: new("web"), Count: new(int32(10))})
	}
	in := &ecs.ListTasksInput{}
	seen := map[string]bool{}
	var sizes []int
	for {
		out := must(a.ecs.ListTasks(t.Context(), in))(t)
		sizes = append(sizes, len(out.TaskArns))
		for _, arn := range out.TaskArns {
			seen[arn] = true
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !slices.Equal(sizes, []int{100, 100, 10}) || len(seen) != 210 {
		t.Errorf("got %v, %d tasks", sizes, len(seen))
	}
	_, err := a.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: make([]string, 101)})
	wantError(t, err, "InvalidParameterException", "100")
}

// TestClusters: clusters are made once, are INACTIVE when deleted, and only when nothing is in them.
func TestClusters(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	in := &ecs.CreateClusterInput{ClusterName: new("shop"), CapacityProviders: []string{"FARGATE"}}
	first := must(a.ecs.CreateCluster(ctx, in))(t).Cluster
	if again := must(a.ecs.CreateCluster(ctx, in))(t).Cluster; *again.ClusterArn != *first.ClusterArn {
		t.Errorf("got %s", *again.ClusterArn)
	}
	a.register(fargateTask)
	task := a.run(&ecs.RunTaskInput{
		Cluster: new("shop"), TaskDefinition: new("api"), NetworkConfiguration: vpc(""), LaunchType: types.LaunchTypeFargate,
	})[0]
	_, err := a.ecs.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: new("shop")})
	wantError(t, err, "ClusterContainsTasksException", "while Tasks are active")
	must(a.ecs.StopTask(ctx, &ecs.StopTaskInput{Cluster: new("shop"), Task: task.TaskArn}))(t)
	a.advance(5 * time.Second)
	must(a.ecs.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: new("shop")}))(t)
	_, err = a.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: new("shop")})
	wantError(t, err, "InvalidParameterException", "The referenced cluster was inactive.")
	_, err = a.ecs.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: new("default")})
	wantError(t, err, "ClusterContainsContainerInstancesException", "")
	out := must(a.ecs.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{"shop", "default", "none"}}))(t)
	if len(out.Clusters) != 2 || *out.Clusters[0].Status != "INACTIVE" || *out.Failures[0].Reason != "MISSING" {
		t.Errorf("got %+v", out)
	}
	providers := must(a.ecs.DescribeCapacityProviders(ctx, &ecs.DescribeCapacityProvidersInput{}))(t)
	if len(providers.CapacityProviders) != 2 {
		t.Errorf("got %+v", providers)
	}
}

// TestSettings: an account has the defaults until it changes a setting.
func TestSettings(t *testing.T) {
	a := open(t)
	get := func(effective bool) []types.Setting {
		return must(a.ecs.ListAccountSettings(t.Context(), &ecs.ListAccountSettingsInput{
			Name: types.SettingNameContainerInsights, EffectiveSettings: effective,
		}))(t).Settings
	}
	if got := get(false); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := get(true); len(got) != 1 || *got[0].Value != "disabled" {
		t.Errorf("got %v", got)
	}
	must(a.ecs.PutAccountSetting(t.Context(), &ecs.PutAccountSettingInput{
		Name: types.SettingNameContainerInsights, Value: new("enhanced"),
	}))(t)
	if got := get(false); len(got) != 1 || *got[0].Value != "enhanced" {
		t.Errorf("got %v", got)
	}
	_, err := a.ecs.PutAccountSetting(t.Context(), &ecs.PutAccountSettingInput{Name: "bogus", Value: new("")})
	wantError(t, err, "InvalidParameterException", "Invalid setting name")
}
