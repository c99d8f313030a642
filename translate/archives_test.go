package translate

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/compose"
	"github.com/ecsctl/ecsctl/compose/composetest"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/ecsparams"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// Projects in txtar archives, and what becomes of them.

var update = flag.Bool("update", false, "rewrite generated files and expected results")

const keyArchives = "../testdata/keys"

// archiveName returns the name of the archive for a key: its path without what stands for any key or item.
func archiveName(path string) string {
	return strings.NewReplacer(".[]", "", ".*", "").Replace(path)
}

// fargateParams is what a task needs to run on Fargate at all.
const fargateParams = `
task_definition:
  ecs_network_mode: awsvpc
  task_execution_role: arn:aws:iam::111122223333:role/ecsTaskExecutionRole
  task_size: {cpu_limit: 1024, mem_limit: 4096}
run_params:
  network_configuration:
    awsvpc_configuration: {subnets: [subnet-0123456789abcdef0]}
`

// TestKeyArchives translates the project of each archive: want.json is what is registered, and for ecs-params what
// services are told; want.txt the diagnostics; want-fargate.txt the diagnostics on Fargate.
func TestKeyArchives(t *testing.T) {
	for _, a := range composetest.All(t, keyArchives) {
		t.Run(a.Name, func(t *testing.T) {
			dir := t.TempDir()
			a.Extract(t, "", dir)
			result, diags := translateDir(t, dir, Target{Region: "eu-west-1"})
			if len(result.Task.ContainerDefinitions) == 0 {
				t.Error("no container is left, so that the archive holds nothing")
			}
			got := string(awsjson.Indent(append(awsjson.Value(&result.Task).(awsjson.Object), serviceMembers(result)...)))
			want := map[string]string{"want.json": got, "want.txt": lines(diags)}
			if !strings.HasPrefix(a.Name, "params_") {
				if err := os.WriteFile(filepath.Join(dir, "fargate.yml"), []byte(fargateParams), 0o600); err != nil {
					t.Fatal(err)
				}
				_, diags = translateDir(t, dir, Target{Region: "eu-west-1", LaunchType: types.LaunchTypeFargate})
				want["want-fargate.txt"] = lines(diags)
			}
			a.Compare(t, want, *update)
		})
	}
}

// serviceMembers returns what services and tasks are told besides the task definition.
func serviceMembers(r *Result) []awsjson.Member {
	in := &ecs.CreateServiceInput{}
	to, from := reflect.ValueOf(in).Elem(), reflect.ValueOf(&r.Service).Elem()
	for i := range from.NumField() {
		d := to.FieldByName(from.Type().Field(i).Name)
		if d.IsValid() && d.Type() == from.Field(i).Type() {
			d.Set(from.Field(i))
		}
	}
	in.ServiceName = nil
	for _, lb := range r.Service.LoadBalancers {
		in.LoadBalancers = append(in.LoadBalancers, lb.LoadBalancer)
	}
	in.EnableECSManagedTags = value(r.Service.EnableECSManagedTags)
	in.EnableExecuteCommand = value(r.Service.EnableExecuteCommand)
	var members []awsjson.Member
	if o := awsjson.Value(in).(awsjson.Object); len(o) > 0 {
		members = append(members, awsjson.Member{Key: "(service)", Value: o})
	}
	run := &ecs.RunTaskInput{Group: r.Service.Group, Overrides: r.Service.Overrides, VolumeConfigurations: r.Service.VolumeConfigurations}
	if o := awsjson.Value(run).(awsjson.Object); len(o) > 0 {
		members = append(members, awsjson.Member{Key: "(task)", Value: o})
	}
	if len(r.Tags) > 0 {
		tags := awsjson.Value(&ecs.RegisterTaskDefinitionInput{Tags: r.Tags}).(awsjson.Object)
		members = append(members, tags...)
	}
	return members
}

func lines(diags diag.List) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

// translateDir translates the project in a directory, with the environment variables in its file env.
func translateDir(t *testing.T, dir string, target Target) (*Result, diag.List) {
	t.Helper()
	project, diags, err := compose.Load(context.Background(), compose.Options{Name: "shop", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, name := range []string{"fargate.yml", "ecs-params.yml"} {
		if path := filepath.Join(dir, name); isFile(path) {
			files = append(files, path)
		}
	}
	if project == nil {
		return &Result{}, relative(diags, dir)
	}
	params, more, err := ecsparams.Load(context.Background(), files, project.Environment)
	if err != nil {
		t.Fatal(err)
	}
	result, rest := Translate(project, params, target)
	diags = append(diags, more...)
	diags.Follow(rest)
	return result, relative(diags, dir)
}

// relative makes the paths in diagnostics relative to dir.
func relative(diags diag.List, dir string) diag.List {
	for i := range diags {
		diags[i].Pos.Filename = strings.TrimPrefix(diags[i].Pos.Filename, dir+"/")
		diags[i].Message = strings.NewReplacer(dir+"/", "", dir, "DIR").Replace(diags[i].Message)
	}
	diags.Sort()
	return diags
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
