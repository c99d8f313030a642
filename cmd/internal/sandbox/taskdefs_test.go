package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const registerTarget = "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition"

// Parts of task definitions.
const (
	onEC2     = `"family": "a", `
	awsvpc    = onEC2 + `"networkMode": "awsvpc", `
	onFargate = awsvpc + `"requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512", `
	role      = `"executionRoleArn": "arn:aws:iam::111122223333:role/execution", `
)

// containers returns the containers of a task definition, each with a name, an image and memory unless it is whole.
func containers(parts ...string) string {
	for i, part := range parts {
		base := fmt.Sprintf(`{"name": "c%d", "image": "nginx", "memory": 64`, i)
		if strings.HasPrefix(part, "{") {
			parts[i] = part
			continue
		}
		if part != "" {
			base += ", " + part
		}
		parts[i] = base + "}"
	}
	return `"containerDefinitions": [` + strings.Join(parts, ", ") + `]`
}

// TestDefinitionRules: what ECS refuses is refused in ECS's words, and what is nearly the same is taken.
func TestDefinitionRules(t *testing.T) {
	const lacks = "Fargate compatible task definitions do not support "
	for _, test := range []struct{ name, bad, good, want string }{
		{"family", `"family": "a.b", ` + containers(""), `"family": "a_b-9", ` + containers(""),
			"Family contains invalid characters."},
		{"no containers", onEC2 + `"containerDefinitions": []`, onEC2 + containers(""), "Container list cannot be empty."},
		{"container name", onEC2 + containers(`{"name": "a.b", "image": "i", "memory": 64}`),
			onEC2 + containers(`{"name": "a_b", "image": "i", "memory": 64}`), "Container.name contains invalid characters."},
		{"no image", onEC2 + containers(`{"name": "a", "memory": 64}`),
			onEC2 + containers(`{"name": "a", "memory": 64, "image": "r.io:5000/a/b@sha256:`+strings.Repeat("0", 64)+`"}`),
			"Container.image should not be null or empty."},
		{"image", onEC2 + containers(`{"name": "a", "memory": 64, "image": "a b"}`),
			onEC2 + containers(`{"name": "a", "memory": 64, "image": "a/b:1.2"}`),
			"Container.image contains invalid characters."},
		{"duplicate names", onEC2 + containers("", `{"name": "c0", "image": "i", "memory": 64}`), onEC2 + containers("", ""),
			"Container names should be unique."},
		{"no essential", onEC2 + containers(`"essential": false`), onEC2 + containers(`"essential": false`, ""),
			"at least one essential container"},
		{"no memory", onEC2 + containers(`{"name": "a", "image": "i"}`),
			onEC2 + `"memory": "64", ` + containers(`{"name": "a", "image": "i"}`),
			"Invalid setting for container 'a'. At least one of 'memory' or 'memoryReservation' must be specified."},
		{"memory too small", onEC2 + containers(`{"name": "a", "image": "i", "memory": 5}`),
			onEC2 + containers(`{"name": "a", "image": "i", "memory": 6}`), "must be at least 6"},
		{"reservation above memory", onEC2 + containers(`"memoryReservation": 65`),
			onEC2 + containers(`"memoryReservation": 64`), "'memoryReservation' value must be less than"},
		{"memory above the task's", onEC2 + `"memory": "63", ` + containers(""), onEC2 + `"memory": "64", ` + containers(""),
			"above the 'memory' of the task"},
		{"cpu above the task's", onEC2 + `"cpu": "256", ` + containers(`"cpu": 200`, `"cpu": 57`),
			onEC2 + `"cpu": "256", ` + containers(`"cpu": 200`, `"cpu": 56`), "above the 'cpu' of the task"},
		{"task cpu", onEC2 + `"cpu": "0.3.1", ` + containers(""), onEC2 + `"cpu": ".5 vcpu", ` + containers(""),
			"Invalid 'cpu' setting for task."},
		{"host port", awsvpc + containers(`"portMappings": [{"containerPort": 80, "hostPort": 81}]`),
			onEC2 + containers(`"portMappings": [{"containerPort": 80, "hostPort": 81}]`),
			"When networkMode=awsvpc, the host ports and container ports in port mappings must match."},
		{"links", awsvpc + containers(`"links": ["c1"]`, ""), onEC2 + containers(`"links": ["c1"]`, ""),
			"Links are not supported"},
		{"secrets", onEC2 + containers(`"secrets": [{"name": "A", "valueFrom": "a"}]`),
			onEC2 + role + containers(`"secrets": [{"name": "A", "valueFrom": "a"}]`),
			"When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."},
		{"secret and variable", onEC2 + role + containers(
			`"environment": [{"name": "A", "value": "1"}], "secrets": [{"name": "A", "valueFrom": "a"}]`),
			onEC2 + role + containers(
				`"environment": [{"name": "A", "value": "1"}], "secrets": [{"name": "B", "valueFrom": "a"}]`),
			"The secret name must be unique"},
		{"awslogs", onEC2 + containers(`"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}`),
			onEC2 + containers(`"logConfiguration": {"logDriver": "awslogs",
				"options": {"awslogs-group": "g", "awslogs-region": "us-east-1"}}`), "Log driver awslogs requires options"},
		{"volume", onEC2 + containers(`"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]`),
			onEC2 + `"volumes": [{"name": "v"}], ` +
				containers(`"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]`), "Unknown volume 'v'."},
		{"dependsOn", onEC2 + containers(`"dependsOn": [{"containerName": "c1", "condition": "START"}]`),
			onEC2 + containers(`"dependsOn": [{"containerName": "c1", "condition": "START"}]`, ""), "Unknown container 'c1'"},
		{"dependsOn healthy", onEC2 + containers(`"dependsOn": [{"containerName": "c1", "condition": "HEALTHY"}]`, ""),
			onEC2 + containers(`"dependsOn": [{"containerName": "c1", "condition": "HEALTHY"}]`,
				`"healthCheck": {"command": ["CMD", "true"]}`), "must have a health check"},
		{"dependsOn in a circle", onEC2 + containers(`"dependsOn": [{"containerName": "c1", "condition": "START"}]`,
			`"dependsOn": [{"containerName": "c0", "condition": "START"}]`),
			onEC2 + containers(`"dependsOn": [{"containerName": "c1", "condition": "START"}]`, ""), "depend on each other"},
		{"health check", onEC2 + containers(`"healthCheck": {"command": ["CMD", "true"], "interval": 4}`),
			onEC2 + containers(`"healthCheck": {"command": ["CMD", "true"], "interval": 5}`), "must be between 5 and 300"},
		{"Fargate network", strings.Replace(onFargate, "awsvpc", "bridge", 1) + containers(""), onFargate + containers(""),
			"Fargate only supports network mode ‘awsvpc’."},
		{"Fargate cpu", strings.Replace(onFargate, `"cpu": "256", `, "", 1) + containers(""), onFargate + containers(""),
			"Fargate requires that 'cpu' be defined at the task level."},
		{"Fargate size", strings.Replace(onFargate, "512", "1536", 1) + containers(""),
			strings.Replace(onFargate, "512", "1GB", 1) + containers(""),
			"No Fargate configuration exists for given values: 256 CPU, 1536 memory."},
		{"Fargate ECR", onFargate + containers(`{"name": "a", "image": "1.dkr.ecr.us-east-1.amazonaws.com/a"}`),
			onFargate + role + containers(`{"name": "a", "image": "1.dkr.ecr.us-east-1.amazonaws.com/a"}`),
			"Fargate requires task definition to have execution role ARN to support ECR images."},
		{"Fargate privileged", onFargate + containers(`"privileged": true`), awsvpc + containers(`"privileged": true`),
			lacks + "privileged"},
		{"Fargate capability", onFargate + containers(`"linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}}`),
			onFargate + containers(`"linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"]}}`), lacks + "adding"},
		{"Fargate volume", onFargate + `"volumes": [{"name": "v", "host": {"sourcePath": "/v"}}], ` + containers(""),
			onFargate + `"volumes": [{"name": "v", "host": {}}], ` + containers(""),
			"host.sourcePath should not be set for volumes in Fargate."},
		{"Fargate ulimit", onFargate + containers(`"ulimits": [{"name": "core", "softLimit": 1, "hardLimit": 1}]`),
			onFargate + containers(`"ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 1}]`), lacks + "ulimit core"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			if status, body := a.post(registerTarget, "{"+test.good+"}"); status != http.StatusOK {
				t.Errorf("the good one: got %d %s", status, body)
			}
			status, body := a.post(registerTarget, "{"+test.bad+"}")
			var got struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if status != 400 || got.Type != "ClientException" || !strings.Contains(got.Message, test.want) {
				t.Errorf("got %d %s\nwant %s", status, body, test.want)
			}
		})
	}
}

// TestDefaults: ECS fills in what is left out.
func TestDefaults(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"container", onEC2 + containers(""), `{"containerDefinitions":[{"cpu":0,"environment":[],"essential":true,` +
			`"image":"nginx","memory":64,"mountPoints":[],"name":"c0","portMappings":[],"systemControls":[],` +
			`"volumesFrom":[]}],"enableFaultInjection":false,"placementConstraints":[],"volumes":[]}`},
		{"bridge port", onEC2 + containers(`"portMappings": [{"containerPort": 80}]`),
			`"portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp"}]`},
		{"awsvpc port", awsvpc + containers(`"portMappings": [{"containerPort": 80, "protocol": "udp"}]`),
			`"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"udp"}]`},
		{"health check", onEC2 + containers(`"healthCheck": {"command": ["CMD", "true"]}`),
			`"healthCheck":{"command":["CMD","true"],"interval":30,"retries":3,"timeout":5}`},
		{"sizes", strings.NewReplacer(`"256"`, `".25 vCPU"`, `"512"`, `"0.5 GB"`).Replace(onFargate) + containers(""),
			`"cpu":"256"`},
		{"EFS", onEC2 + `"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}], ` + containers(""),
			`"efsVolumeConfiguration":{"fileSystemId":"fs-1","rootDirectory":"/"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := open(t)
			_, body := a.post(registerTarget, "{"+test.in+"}")
			var out struct{ TaskDefinition map[string]any }
			if err := json.Unmarshal([]byte(body), &out); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"compatibilities", "requiresAttributes", "taskDefinitionArn", "family", "revision",
				"status", "registeredAt", "registeredBy"} {
				if _, ok := out.TaskDefinition[key]; !ok && key != "requiresAttributes" {
					t.Errorf("no %s in %s", key, body)
				}
				delete(out.TaskDefinition, key)
			}
			got, _ := json.Marshal(out.TaskDefinition)
			if !strings.Contains(string(got), test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestCompatibilities: FARGATE is among them whenever the definition could run there, asked for or not.
func TestCompatibilities(t *testing.T) {
	a := open(t)
	for _, test := range []struct{ in, want string }{
		{onEC2 + containers(""), "[EXTERNAL EC2]"},
		{awsvpc + containers(""), "[EC2]"},
		{awsvpc + `"cpu": "256", "memory": "512", ` + containers(""), "[EC2 FARGATE]"},
		{onFargate + containers(""), "[EC2 FARGATE]"},
	} {
		arn := a.register("{" + test.in + "}")
		out := must(a.ecs.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn}))(t)
		if got := fmt.Sprint(out.TaskDefinition.Compatibilities); got != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
	}
}

// TestRevisions: revisions are counted per family, found by family, name and ARN, and never given twice.
func TestRevisions(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	describe := func(name string) (*ecs.DescribeTaskDefinitionOutput, error) {
		return a.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
			TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
		})
	}
	for range 3 {
		a.register(strings.Replace(bridge("web"), "{", `{"tags": [{"key": "a", "value": "1"}], `, 1))
	}
	a.register(bridge("web2"))
	must(a.ecs.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: new("web:3")}))(t)
	for name, want := range map[string]int32{
		"web": 2, "web:1": 1, "web:3": 3, "arn:aws:ecs:us-east-1:111122223333:task-definition/web:2": 2,
	} {
		out := must(describe(name))(t)
		if out.TaskDefinition.Revision != want || len(out.Tags) != 1 {
			t.Errorf("%s: got revision %d with %d tags, want %d", name, out.TaskDefinition.Revision, len(out.Tags), want)
		}
	}
	for _, name := range []string{
		"none", "web:4", "web:0", "web:x", "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2",
	} {
		_, err := describe(name)
		wantError(t, err, "ClientException", "Unable to describe task definition.")
	}
	_, err := a.ecs.RunTask(ctx, &ecs.RunTaskInput{TaskDefinition: new("web:3")})
	wantError(t, err, "ClientException", "TaskDefinition is inactive")

	list := func(in ecs.ListTaskDefinitionsInput) string {
		var names []string
		for {
			out := must(a.ecs.ListTaskDefinitions(ctx, &in))(t)
			for _, arn := range out.TaskDefinitionArns {
				names = append(names, arn[strings.LastIndex(arn, "/")+1:])
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return strings.Join(names, " ")
			}
		}
	}
	for _, test := range []struct {
		in   ecs.ListTaskDefinitionsInput
		want string
	}{
		{ecs.ListTaskDefinitionsInput{}, "web:1 web:2 web2:1"},
		{ecs.ListTaskDefinitionsInput{MaxResults: new(int32(1))}, "web:1 web:2 web2:1"},
		{ecs.ListTaskDefinitionsInput{FamilyPrefix: new("web"), Sort: types.SortOrderDesc}, "web:2 web:1"},
		{ecs.ListTaskDefinitionsInput{FamilyPrefix: new("we")}, ""},
		{ecs.ListTaskDefinitionsInput{Status: types.TaskDefinitionStatusInactive}, "web:3"},
	} {
		if got := list(test.in); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	_, err = a.ecs.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{MaxResults: new(int32(101))})
	wantError(t, err, "InvalidParameterException", "between 1 and 100")

	deleted := must(a.ecs.DeleteTaskDefinitions(ctx, &ecs.DeleteTaskDefinitionsInput{
		TaskDefinitions: []string{"web:3", "web:2", "web:9"},
	}))(t)
	if len(deleted.TaskDefinitions) != 1 || len(deleted.Failures) != 2 {
		t.Errorf("got %d deleted, %d failures", len(deleted.TaskDefinitions), len(deleted.Failures))
	}
	if arn := a.register(bridge("web")); !strings.HasSuffix(arn, "web:4") {
		t.Errorf("registered %s after a deletion", arn)
	}
	families := must(a.ecs.ListTaskDefinitionFamilies(ctx, &ecs.ListTaskDefinitionFamiliesInput{
		FamilyPrefix: new("we"),
	}))(t)
	if !slices.Equal(families.Families, []string{"web", "web2"}) {
		t.Errorf("got families %v", families.Families)
	}
}

// TestRegions: a region knows nothing of another.
func TestRegions(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	other := ecs.New(a.ecs.Options(), func(o *ecs.Options) { o.Region = "eu-west-1" })
	_, err := other.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: new("web")})
	wantError(t, err, "ClientException", "Unable to describe task definition.")
	out := must(other.ListClusters(t.Context(), &ecs.ListClustersInput{}))(t)
	if len(out.ClusterArns) != 1 || !strings.Contains(out.ClusterArns[0], ":eu-west-1:") {
		t.Errorf("got %v", out.ClusterArns)
	}
}
