package main_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// logged is a project of two containers that write to two groups, so many lines at such intervals.
const logged = `
name: shop
x-logging: &logging
  driver: awslogs
  options: &options {awslogs-region: eu-west-1, awslogs-stream-prefix: ecs, awslogs-create-group: "true", awslogs-group: /shop/job}
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
