package cli

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEffects: it is said of each command, and of nothing else, what --dry-run means to it.
func TestEffects(t *testing.T) {
	seen := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := cmd.CommandPath()
		seen[path] = true
		if _, ok := effects[path]; !ok {
			t.Errorf("%s has no row", path)
		}
		for _, c := range cmd.Commands() {
			if c.Name() != "help" { // which cobra adds, and which only explains
				walk(c)
			}
		}
	}
	walk(newRoot(&app{}))
	for path := range effects {
		if !seen[path] {
			t.Errorf("there is no %s", path)
		}
	}
}

// TestDryRunRefused: a command that has no plan does nothing with --dry-run, and says so.
func TestDryRunRefused(t *testing.T) {
	for path, e := range effects {
		if e != acts {
			continue
		}
		t.Run(path, func(t *testing.T) {
			home := t.TempDir()
			var stderr strings.Builder
			args := append(strings.Fields(path)[1:], "--dry-run")
			env := []string{"HOME=" + home, "ECSCTL_SANDBOX=x", "AWS_REGION=eu-west-1", "ECS_CLUSTER=c", "DOCKER_HOST=unix://" + home}
			status := Main(context.Background(), args, env, strings.NewReader(""), io.Discard, &stderr)
			if status != exitInvalid || !strings.Contains(stderr.String(), "--dry-run could print: nothing was done") {
				t.Errorf("status %d: %s", status, stderr.String())
			}
			if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
				t.Errorf("it left %v in the home directory (%v)", left, err)
			}
		})
	}
}
