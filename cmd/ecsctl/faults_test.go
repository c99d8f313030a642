package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// A rehearsal is a command and what stands before it.
type rehearsal struct {
	name    string
	before  func(*testing.T, *world)
	args    []string
	outcome string
}

const (
	project = `
name: shop
services:
  web: {image: "shop/web:%d", mem_limit: 64m, environment: {A: 1, B: 2}%s}
`
	hostPort = `, ports: ["8080:80"]`
)

// rehearsals are commands that must come to the same end whatever is in their way.
var rehearsals = []rehearsal{
	{"create", func(t *testing.T, w *world) { w.write(t, fmt.Sprintf(project, 10, "")) },
		[]string{"compose", "create"}, "revisions: 1"},
	{"create unchanged", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "create")
	}, []string{"compose", "create"}, "revisions: 1"},
	{"create rolled back", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "create")
		w.write(t, fmt.Sprintf(project, 11, ""))
		w.must(t, "compose", "create")
		w.write(t, fmt.Sprintf(project, 10, ""))
	}, []string{"compose", "create"}, "revisions: 2"},
	{"up", func(t *testing.T, w *world) { w.write(t, fmt.Sprintf(project, 10, "")) },
		[]string{"compose", "up"}, "revisions: 1, tasks: map[shop:1:1]"},
	{"up changed", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "scale", "3")
		w.write(t, fmt.Sprintf(project, 11, ""))
	}, []string{"compose", "up"}, "revisions: 2, tasks: map[shop:2:3]"},
	{"up changed with a port of the host", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, hostPort))
		w.must(t, "compose", "scale", "2")
		w.write(t, fmt.Sprintf(project, 11, hostPort))
	}, []string{"compose", "up"}, "revisions: 2, tasks: map[shop:2:2]"},
	{"scale", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "up")
	}, []string{"compose", "scale", "3"}, "revisions: 1, tasks: map[shop:1:3]"},
	{"stop", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "scale", "2")
	}, []string{"compose", "stop"}, "revisions: 1"},
}

// serviceRehearsals are those for services.
var serviceRehearsals = []rehearsal{
	{"service up", func(t *testing.T, w *world) { w.write(t, fmt.Sprintf(project, 10, "")) },
		[]string{"compose", "service", "up"}, "revisions: 1, tasks: map[shop:1:1]"},
	{"service up unchanged", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "service", "up", "--desired-count", "2")
	}, []string{"compose", "service", "up"}, "revisions: 1, tasks: map[shop:1:2]"},
	{"service up changed", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "service", "up", "--desired-count", "3")
		w.write(t, fmt.Sprintf(project, 11, ""))
	}, []string{"compose", "service", "up"}, "revisions: 2, tasks: map[shop:2:3]"},
	{"service scale", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "service", "create")
	}, []string{"compose", "service", "scale", "2"}, "revisions: 1, tasks: map[shop:1:2]"},
	{"service rollback", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "service", "up")
		w.write(t, fmt.Sprintf(project, 11, ""))
		w.must(t, "compose", "service", "up")
	}, []string{"compose", "service", "rollback", "--to", "shop:1"}, "revisions: 2, tasks: map[shop:1:1]"},
	{"service up with a task before", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "service", "up")
		w.write(t, fmt.Sprintf(project, 11, ""))
		params := "run_params:\n  before_deploy:\n    - {service: web, command: migrate}\n"
		if err := os.WriteFile(filepath.Join(w.dir, "ecs-params.yml"), []byte(params), 0o600); err != nil {
			t.Fatal(err)
		}
	}, []string{"compose", "service", "up"}, "revisions: 2, tasks: map[shop:2:1]"},
	{"service down", func(t *testing.T, w *world) {
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "service", "up")
	}, []string{"compose", "service", "down"}, "revisions: 1"},
}

// calls returns how many calls a rehearsal makes undisturbed.
func (r *rehearsal) calls(t *testing.T) int {
	t.Helper()
	w := newWorld(t)
	r.before(t, w)
	w.account.ResetCalls()
	w.must(t, r.args...)
	n := len(w.account.Calls())
	if got := w.outcome(t); got != r.outcome {
		t.Fatalf("undisturbed: got %s, want %s", got, r.outcome)
	}
	return n
}

// TestFaults: whichever call fails once, and however, a run after the one that it happened to ends well, with no
// revision and no task twice.
func TestFaults(t *testing.T) {
	for _, r := range slices.Concat(rehearsals, serviceRehearsals, pauseRehearsals) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for n := range r.calls(t) {
				for _, kind := range []sandbox.Kind{sandbox.Throttle, sandbox.Broken, sandbox.Cut, sandbox.Lost} {
					w := newWorld(t)
					r.before(t, w)
					if err := w.account.Fail(sandbox.Fault{Action: "*", Nth: n + 1, Kind: kind}); err != nil {
						t.Fatal(err)
					}
					status, out := w.run(t, 0, r.args...)
					if status != 0 {
						t.Errorf("call %d, %s: exit status %d\n%s", n+1, kind, status, out)
						w.must(t, r.args...)
					}
					if got := w.outcome(t); got != r.outcome {
						t.Errorf("call %d, %s: got %s, want %s\n%s", n+1, kind, got, r.outcome, out)
					}
				}
			}
		})
	}
}

// TestKilled: after whichever call the process is killed, the next run ends well, with no revision and no task twice.
func TestKilled(t *testing.T) {
	for _, r := range slices.Concat(rehearsals, serviceRehearsals, pauseRehearsals) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for n := range r.calls(t) {
				w := newWorld(t)
				r.before(t, w)
				status, first := w.run(t, n+1, r.args...)
				if status != -1 {
					t.Fatalf("call %d: exit status %d, want to be killed\n%s", n+1, status, first)
				}
				w.must(t, r.args...)
				if got := w.outcome(t); got != r.outcome {
					t.Errorf("killed after call %d: got %s, want %s\n%s", n+1, got, r.outcome, first)
				}
			}
		})
	}
}

// TestTwoAtOnce: two who register one family at once both end well, and what they leave is reused.
func TestTwoAtOnce(t *testing.T) {
	w := newWorld(t)
	w.write(t, fmt.Sprintf(project, 10, ""))
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if status, out := w.run(t, 0, "compose", "create"); status != 0 {
				t.Errorf("exit status %d\n%s", status, out)
			}
		})
	}
	wg.Wait()
	before := w.outcome(t)
	for range 2 {
		w.must(t, "compose", "up")
		if got := w.outcome(t); !strings.HasPrefix(got, before+", tasks: map[shop:") || !strings.HasSuffix(got, ":1]") {
			t.Errorf("up makes %s of %s", got, before)
		}
	}
}

// TestPlanIsWhatRuns: the calls that --dry-run prints are those that are made without it, in that order, and a dry run
// makes none of them.
func TestPlanIsWhatRuns(t *testing.T) {
	for _, r := range slices.Concat(rehearsals, serviceRehearsals, pauseRehearsals) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r.before(t, w)
			w.account.ResetCalls()
			status, out := w.run(t, 0, append(r.args, "--dry-run", "--output", "json", "--quiet")...)
			if status != 0 {
				t.Fatalf("exit status %d\n%s", status, out)
			}
			var plan struct{ Steps []struct{ Action string } }
			if err := json.Unmarshal([]byte(out), &plan); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var planned []string
			for _, s := range plan.Steps {
				if s.Action != "keep" && s.Action != "wait" {
					planned = append(planned, s.Action)
				}
			}
			if writes := w.writes(); len(writes) > 0 {
				t.Errorf("the dry run calls %v", writes)
			}
			w.must(t, r.args...)
			if got := w.writes(); !slices.Equal(got, planned) {
				t.Errorf("the plan is\n%v\nand the calls are\n%v", planned, got)
			}
		})
	}
}

// TestInterrupted: an interrupt ends a command at once, says what goes on, and the next run goes on from there.
func TestInterrupted(t *testing.T) {
	for _, call := range []int{5, 6} { // while the task is started, and while it is awaited
		w := newWorld(t)
		w.write(t, fmt.Sprintf(project, 10, `, labels: {ecsctl.sandbox.start: 1m}`))
		w.signal = os.Interrupt
		status, out := w.run(t, call, "compose", "up")
		if status != 1 || !strings.Contains(out, "ECS was asked for 1 task, and goes on: see ecsctl compose ps") ||
			!strings.Contains(out, "error: interrupted") {
			t.Errorf("call %d: exit status %d\n%s", call, status, out)
		}
		w.must(t, "compose", "up")
		if got, want := w.outcome(t), "revisions: 1, tasks: map[shop:1:1]"; got != want {
			t.Errorf("call %d: got %s, want %s", call, got, want)
		}
	}
}

// TestSuperseded: of two who deploy one service at once the first is told that another deployment took its place, and
// what is left is the second one's revision, in the number that there was.
func TestSuperseded(t *testing.T) {
	for _, denied := range []bool{false, true} { // to read service deployments
		w := newWorld(t)
		w.write(t, fmt.Sprintf(project, 10, ""))
		w.must(t, "compose", "service", "up", "--desired-count", "2")
		w.write(t, fmt.Sprintf(project, 11, ", labels: {ecsctl.sandbox.start: 5m}"))
		if denied {
			if err := w.account.Fail(sandbox.Fault{Action: "ecs:DescribeServiceDeployments", Kind: sandbox.Denied}); err != nil {
				t.Fatal(err)
			}
		}
		w.instead = func() {
			w.write(t, fmt.Sprintf(project, 12, ""))
			second := exec.Command(binary, "compose", "service", "up")
			second.Dir, second.Env = w.dir, w.env()
			if out, err := second.CombinedOutput(); err != nil {
				t.Errorf("the second: %v\n%s", err, out)
			}
		}
		status, out := w.run(t, 8, "compose", "service", "up")
		if want := "error: the deployment of shop:2 was superseded: a deployment of shop:3 was begun at"; status != 5 ||
			!strings.Contains(out, want) {
			t.Errorf("exit status %d\n%s", status, out)
		}
		if denied != strings.Contains(out, "ecs:DescribeServiceDeployments is denied") {
			t.Errorf("denied is %v\n%s", denied, out)
		}
		if got, want := w.outcome(t), "revisions: 3, tasks: map[shop:3:2]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
