package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"golang.org/x/tools/txtar"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// logged is a project of two containers that write to two groups, so many lines at such intervals.
const logged = `
name: shop
x-logging: &logging
  driver: awslogs
  options: &options
    {awslogs-region: eu-west-1, awslogs-stream-prefix: ecs, awslogs-create-group: "true", awslogs-group: /shop/job}
x-labels: &labels {ecsctl.sandbox.log-lines: "%d", ecsctl.sandbox.log-every: %s, ecsctl.sandbox.log-late: 4s}
services:
  job:
    image: "shop/job:1"
    mem_limit: 64m
    labels: {<<: *labels, ecsctl.sandbox.exit: "7", ecsctl.sandbox.run-for: 12s}
    logging: *logging
  side:
    image: "shop/side:1"
    mem_limit: 64m
    labels: *labels
    logging: {driver: awslogs, options: {<<: *options, awslogs-group: /shop/side}}
`

// runApart runs ecsctl and returns its exit status and what it wrote to stdout and stderr.
func (w *world) runApart(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = w.dir
	cmd.Env = []string{"HOME=" + w.dir, "ECSCTL_SANDBOX=" + w.server.URL}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// started returns how many tasks there were ever.
func (w *world) started(t *testing.T) int {
	t.Helper()
	n := 0
	for _, status := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
		out, err := w.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{DesiredStatus: status})
		if err != nil {
			t.Fatal(err)
		}
		n += len(out.TaskArns)
	}
	return n
}

// wantLines fails unless each line of both containers is there exactly once.
func wantLines(t *testing.T, stdout string, lines int) {
	t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(stdout) {
		_, text, _ := strings.Cut(line, "| ")
		count[strings.TrimSpace(text)]++
	}
	for _, name := range []string{"job", "side"} {
		for n := range lines {
			if line := fmt.Sprintf("%s line %d", name, n+1); count[line] != 1 {
				t.Fatalf("%q was written %d times", line, count[line])
			}
		}
	}
	if len(count) != 2*lines {
		t.Errorf("%d lines, want %d", len(count), 2*lines)
	}
}

// TestRunFaults: whichever call of compose run fails once, and however, there is one task, its status is ours, and each
// line of its output is there once.
func TestRunFaults(t *testing.T) {
	rehearse := func(t *testing.T) *world {
		w := newWorld(t)
		w.write(t, fmt.Sprintf(logged, 20, "400ms"))
		return w
	}
	w := rehearse(t)
	if status, _, stderr := w.runApart(t, "compose", "run", "job"); status != 7 {
		t.Fatalf("exit status %d, want 7\n%s", status, stderr)
	}
	for n := range len(w.account.Calls()) - 1 {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) {
			t.Parallel()
			for _, kind := range []sandbox.Kind{sandbox.Throttle, sandbox.Broken, sandbox.Cut, sandbox.Lost} {
				w := rehearse(t)
				if err := w.account.Fail(sandbox.Fault{Action: "*", Nth: n + 1, Kind: kind}); err != nil {
					t.Fatal(err)
				}
				status, stdout, stderr := w.runApart(t, "compose", "run", "job")
				if tasks := w.started(t); status != 7 || tasks != 1 {
					t.Errorf("%s: exit status %d and %d tasks, want 7 and 1\n%s", kind, status, tasks, stderr)
				}
				wantLines(t, stdout, 20)
			}
		})
	}
}

// TestRunUnsure: a start whose answers are lost, so often that the SDK gives up, starts one task.
func TestRunUnsure(t *testing.T) {
	w := newWorld(t)
	w.write(t, fmt.Sprintf(logged, 20, "400ms"))
	for n := range 8 {
		if err := w.account.Fail(sandbox.Fault{Action: "ecs:RunTask", Nth: n + 1, Kind: sandbox.Lost}); err != nil {
			t.Fatal(err)
		}
	}
	status, stdout, stderr := w.runApart(t, "compose", "run", "job")
	if tasks := w.started(t); status != 7 || tasks != 1 {
		t.Errorf("exit status %d and %d tasks, want 7 and 1\n%s", status, tasks, stderr)
	}
	wantLines(t, stdout, 20)
}

// TestRunOutput: more than ten thousand lines in two groups are written to stdout once each, although CloudWatch Logs
// refuses calls and has lines late.
func TestRunOutput(t *testing.T) {
	const lines = 5200
	w := newWorld(t)
	w.write(t, fmt.Sprintf(logged, lines, "2ms"))
	for n := 2; n < 60; n++ {
		if n%6 == 0 {
			continue
		}
		kind := []sandbox.Kind{sandbox.Throttle, sandbox.Broken, sandbox.Cut}[n%3]
		if err := w.account.Fail(sandbox.Fault{Action: "logs:FilterLogEvents", Kind: kind, Nth: n}); err != nil {
			t.Fatal(err)
		}
	}
	status, stdout, stderr := w.runApart(t, "compose", "run", "job")
	if status != 7 {
		t.Errorf("exit status %d, want 7\n%s", status, stderr)
	}
	wantLines(t, stdout, lines)
}

// TestRunBlind: the status is that of the container also if its output cannot be read.
func TestRunBlind(t *testing.T) {
	for _, kind := range []sandbox.Kind{sandbox.Throttle, sandbox.Broken, sandbox.Cut, sandbox.Denied} {
		w := newWorld(t)
		w.write(t, fmt.Sprintf(logged, 20, "400ms"))
		if err := w.account.Fail(sandbox.Fault{Action: "logs:FilterLogEvents", Kind: kind}); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := w.runApart(t, "compose", "run", "job")
		if status != 7 || stdout != "" || !strings.Contains(stderr, "warning: the output is not shown any more: ") {
			t.Errorf("%s: exit status %d, want 7 and a warning\n%s%s", kind, status, stdout, stderr)
		}
	}
}

// TestReadmeRelease: the pipeline in the README is the one that run_revision.txtar runs.
func TestReadmeRelease(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "### One task to its end")
	_, rest, _ = strings.Cut(rest, "```sh\n")
	got, _, _ := strings.Cut(rest, "```")
	archive, err := txtar.ParseFile(filepath.Join(scripts, "run_revision.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if f.Name == "release.sh" && string(f.Data) != got {
			t.Errorf("the README has\n%s\nthe script runs\n%s", got, f.Data)
		}
	}
}

// TestRunLikeService: a task runs what the service of the project runs, with its network, platform and capacity.
func TestRunLikeService(t *testing.T) {
	w := newWorld(t)
	w.write(t, "name: shop\nservices: {job: {image: \"shop/job:1\", cpus: 0.25, mem_limit: 512m}}\n")
	params := "version: 1\ntask_definition: {ecs_network_mode: awsvpc, task_size: {cpu_limit: 256, mem_limit: 512}}\n"
	if err := os.WriteFile(filepath.Join(w.dir, "ecs-params.yml"), []byte(params), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(t, "compose", "create")
	if status, stdout, stderr := w.runApart(t, "compose", "run", "--deployed", "--like-service", "job"); status != 125 ||
		!strings.Contains(stderr, "error: service/shop: there is no such service in cluster default") {
		t.Errorf("without a service: exit status %d\n%s%s", status, stdout, stderr)
	}
	network := &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets: []string{"subnet-0123456789abcdef0"}, AssignPublicIp: types.AssignPublicIpEnabled,
	}}
	if _, err := w.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{
		ServiceName: new("shop"), TaskDefinition: new("shop:1"), DesiredCount: new(int32(0)), NetworkConfiguration: network,
		CapacityProviderStrategy: []types.CapacityProviderStrategyItem{{CapacityProvider: new("FARGATE_SPOT"), Weight: 1}},
	}); err != nil {
		t.Fatal(err)
	}
	w.write(t, "name: shop\nservices: {job: {image: \"shop/job:2\", cpus: 0.25, mem_limit: 512m}}\n")
	w.must(t, "compose", "run", "--like-service", "--deployed", "job", "true")
	out, err := w.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{DesiredStatus: types.DesiredStatusStopped})
	if err != nil || len(out.TaskArns) != 1 {
		t.Fatalf("%d tasks, %v", len(out.TaskArns), err)
	}
	tasks, err := w.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: out.TaskArns})
	if err != nil {
		t.Fatal(err)
	}
	task := tasks.Tasks[0]
	got := filepath.Base(*task.TaskDefinitionArn) + " " + *task.CapacityProviderName
	if got != "shop:1 FARGATE_SPOT" {
		t.Errorf("got %s", got)
	}
}

// TestRunUnread: the status is that of the container also if nobody reads its output to the end.
func TestRunUnread(t *testing.T) {
	for command, want := range map[string]int{"job": 7, "side echo all is well": 0} {
		w := newWorld(t)
		w.write(t, fmt.Sprintf(logged, 20, "400ms"))
		r, stdout, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		var stderr bytes.Buffer
		cmd := exec.Command(binary, append([]string{"compose", "run"}, strings.Fields(command)...)...)
		cmd.Dir = w.dir
		cmd.Env = []string{"HOME=" + w.dir, "ECSCTL_SANDBOX=" + w.server.URL}
		cmd.Stdout, cmd.Stderr = stdout, &stderr
		_ = cmd.Run() // its status counts
		_ = stdout.Close()
		if status := cmd.ProcessState.ExitCode(); status != want || !strings.Contains(stderr.String(), "broken pipe") {
			t.Errorf("%s: exit status %d, want %d\n%s", command, status, want, &stderr)
		}
	}
}
