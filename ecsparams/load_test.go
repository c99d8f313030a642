package ecsparams

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsctl/ecsctl/compose/composetest"
	"github.com/ecsctl/ecsctl/compose/diag"
)

// load loads the given texts as files a.yml, b.yml …, and returns the diagnostics as text.
func load(t *testing.T, env map[string]string, texts ...string) (*Params, string) {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for i, text := range texts {
		name := filepath.Join(dir, string(rune('a'+i))+".yml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	p, diags, err := Load(context.Background(), names, env)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(strings.ReplaceAll(d.String(), dir+"/", "") + "\n")
	}
	return p, b.String()
}

func TestMerge(t *testing.T) {
	p, diags := load(t, nil, `
task_definition:
  task_role_arn: base
  task_size: {cpu_limit: 256, mem_limit: 512}
  services:
    web: {essential: true, cpu_shares: 10}
  efs_volumes: [{name: a, filesystem_id: fs-1}]
`, `
task_definition:
  task_role_arn: !reset null
  task_size: {mem_limit: 1GB}
  services:
    web: {cpu_shares: 20}
    api: {essential: false}
  efs_volumes: [{name: b, filesystem_id: fs-2}]
`)
	if diags != "" {
		t.Error(diags)
	}
	d := p.TaskDefinition
	if d.TaskRoleARN != "" || d.TaskSize != (TaskSize{"256", "1GB"}) || d.Services["web"].CPUShares != 20 ||
		!*d.Services["web"].Essential || *d.Services["api"].Essential || len(d.EFSVolumes) != 1 || d.EFSVolumes[0].Name != "b" {
		t.Errorf("got %+v", d)
	}
	if pos := p.Where("task_definition", "task_size", "cpu_limit").String(); !strings.HasSuffix(pos, "a.yml:4:15") {
		t.Errorf("cpu_limit stands at %s", pos)
	}
	if pos := p.Where("task_definition", "task_size", "mem_limit").String(); !strings.HasSuffix(pos, "b.yml:4:15") {
		t.Errorf("mem_limit stands at %s", pos)
	}
}

func TestProblems(t *testing.T) {
	_, diags := load(t, map[string]string{"EMPTY": "", "SECRET": "topsecret"}, `
task_definition:
  ecs_network_mode: awsvcp
  taskRoleArn: x
  task_role_arn: ${ROLE}
  family: ${FAMILY}-x
  task_execution_role: ${EXEC:?say which}
  services:
    web:
      cpu_shares: many
      mem_limit: ${SECRET}
      essential: maybe
      secrets: [{name: A, valueFrom: b}]
      logging: {secret_options: 5}
  task_size: {cpu: 256}
run_params:
  launch_type: fargate
  tags: [a]
`)
	want := `a.yml:3:21: error: task_definition.ecs_network_mode: "awsvcp" is none of bridge, host, awsvpc, none (did you mean "awsvpc"?) [C10]
a.yml:4:3: error: task_definition.taskRoleArn: unknown key "taskRoleArn" (did you mean "task_role_arn"? Keys are written in snake_case) [C06]
a.yml:5:18: error: task_definition.task_role_arn: the variable ROLE is not set: set it, or give it a default with ${ROLE:-value} [C07]
a.yml:6:11: warning: task_definition.family: the variable FAMILY is not set and stands for nothing: set it, or give it a default with ${FAMILY:-value} [C07]
a.yml:7:24: error: task_definition.task_execution_role: the variable EXEC must be set: say which [C04]
a.yml:10:19: error: task_definition.services.web.cpu_shares: must be an integer, not "many" [C10]
a.yml:11:18: error: task_definition.services.web.mem_limit: "${SECRET}" is no size: write a number of bytes, or a number and a unit, such as 512m or 1.5g [C10]
a.yml:12:18: error: task_definition.services.web.essential: must be a boolean, not "maybe" [C10]
a.yml:13:27: error: task_definition.services.web.secrets[0].valueFrom: unknown key "valueFrom" (did you mean "value_from"? Keys are written in snake_case) [C06]
a.yml:14:33: error: task_definition.services.web.logging.secret_options: must be a list, not an integer [C10]
a.yml:15:15: error: task_definition.task_size.cpu: unknown key "cpu" (did you mean "cpu_limit"?) [C06]
a.yml:17:16: error: run_params.launch_type: "fargate" is none of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES (did you mean "FARGATE"?) [C10]
a.yml:18:9: error: run_params.tags: must be a mapping, not a list [C10]
`
	if diff := cmp.Diff(want, diags); diff != "" {
		t.Error(diff)
	}
}

func TestMissingFile(t *testing.T) {
	_, _, err := Load(context.Background(), []string{"missing.yml"}, nil)
	if err == nil || err.Error() != "missing.yml: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, a := range composetest.All(f, "../testdata/keys") {
		if text := a.File("ecs-params.yml"); text != "" {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var diags diag.List
		Parse("f.yml", data, nil, &diags)
	})
}
