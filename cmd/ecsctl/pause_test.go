package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pausing is what ecs-params say of a service whose deployments wait for an answer.
const pausing = `
run_params:
  deployment_configuration:
    strategy: BLUE_GREEN
    bake_time_in_minutes: 0
    lifecycle_hooks:
      - {target_type: PAUSE, lifecycle_stages: [POST_TEST_TRAFFIC_SHIFT]}
  service_connect_configuration: {enabled: true, namespace: shop, services: [{port_name: web-80-tcp}]}
`

// pause brings a service to where its second deployment is paused, or to where it begins.
func pause(begin bool) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		w.write(t, fmt.Sprintf(project, 10, `, ports: ["80"]`))
		rolling := strings.Replace(pausing, "POST_TEST_TRAFFIC_SHIFT", "RECONCILE_SERVICE", 1)
		w.params(t, rolling)
		w.must(t, "compose", "service", "up")
		w.params(t, pausing)
		w.must(t, "compose", "service", "up")
		w.write(t, fmt.Sprintf(project, 11, `, ports: ["80"]`))
		if !begin {
			w.must(t, "compose", "service", "up", "--no-wait")
			if err := w.account.Advance(time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// params writes the ecs-params of the project.
func (w *world) params(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "ecs-params.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pauseRehearsals are those for deployments that a hook pauses.
var pauseRehearsals = []rehearsal{
	{"service continue", pause(false), []string{"compose", "service", "continue"},
		"revisions: 2, tasks: map[shop:2:1]"},
	{"service continue back", pause(false), []string{"compose", "service", "continue", "--rollback"},
		"revisions: 2, tasks: map[shop:1:1]"},
}

// TestAnswered: who waits for a deployment that is paused learns how somebody else answered, and so does everybody who
// answers.
func TestAnswered(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		want   string
		left   string
	}{
		{[]string{"continue"}, 0, "TaskDefinition=shop:2 registered", "revisions: 2, tasks: map[shop:2:1]"},
		{[]string{"continue", "--rollback"}, 3, "the deployment of shop:2 failed: it was rolled back to shop:1",
			"revisions: 2, tasks: map[shop:1:1]"},
		{[]string{"rollback"}, 3, "the deployment of shop:2 failed: it was rolled back to shop:1",
			"revisions: 2, tasks: map[shop:1:1]"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			pause(true)(t, w)
			w.instead = func() {
				other := exec.Command(binary, append([]string{"compose", "service"}, c.args...)...)
				other.Dir, other.Env = w.dir, w.env()
				if out, err := other.CombinedOutput(); err != nil {
					t.Errorf("the other: %v\n%s", err, out)
				}
			}
			status, out := w.run(t, 40, "compose", "service", "up")
			if status != c.status || !strings.Contains(out, c.want) {
				t.Errorf("exit status %d, want %d and %q\n%s", status, c.status, c.want, out)
			}
			if n := strings.Count(out, "is paused at POST_TEST_TRAFFIC_SHIFT"); n != 1 {
				t.Errorf("it is told %d times that it is paused\n%s", n, out)
			}
			if got := w.outcome(t); got != c.left {
				t.Errorf("got %s, want %s", got, c.left)
			}
		})
	}
}
