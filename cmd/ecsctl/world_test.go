package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// A world is a project and an account to deploy it to.
type world struct {
	dir     string
	account *sandbox.Account
	server  *httptest.Server
	ecs     *ecs.Client

	mu      sync.Mutex
	process *os.Process // that is killed
	killAt  int         // after which call, 0 never
	signal  os.Signal   // that it is killed with, nil for one that it cannot catch
	instead func()      // what happens in place of killing it
	served  int         // calls so far
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), account: sandbox.New(sandbox.Options{})}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	w.ecs = ecs.New(ecs.Options{
		BaseEndpoint: &w.server.URL, Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	})
	return w
}

// ServeHTTP serves the account, and kills the process that has made its last call before it gets the answer.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	last := false
	if w.killAt > 0 && r.Header.Get("Authorization") != "" {
		w.served++
		last = w.served == w.killAt
	}
	process, signal, instead := w.process, w.signal, w.instead
	w.mu.Unlock()
	if last && instead != nil {
		instead()
		last = false
	}
	if !last {
		w.account.ServeHTTP(rw, r)
		return
	}
	w.account.ServeHTTP(httptest.NewRecorder(), r)
	if signal == nil {
		signal = os.Kill
	}
	_ = process.Signal(signal) // it is our child, and waited for
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// write writes the compose file of the project.
func (w *world) write(t *testing.T, compose string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "compose.yaml"), []byte(compose), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs ecsctl, killed after the given number of calls if that is not 0, and returns its exit status, -1 if it was
// killed, and what it wrote.
func (w *world) run(t *testing.T, killAt int, args ...string) (status int, output string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = w.dir
	cmd.Env = w.env()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	w.mu.Lock()
	if err := cmd.Start(); err != nil {
		w.mu.Unlock()
		t.Fatal(err)
	}
	w.process, w.killAt, w.served = cmd.Process, killAt, 0
	w.mu.Unlock()
	err := cmd.Wait()
	w.mu.Lock()
	w.killAt = 0
	w.mu.Unlock()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), out.String()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out.String()
}

func (w *world) env() []string { return []string{"HOME=" + w.dir, "ECSCTL_SANDBOX=" + w.server.URL} }

// outcome counts the ACTIVE revisions of the project and the tasks that are meant to run, by revision and by status if
// they do not run.
func (w *world) outcome(t *testing.T) string {
	t.Helper()
	revisions, err := w.ecs.ListTaskDefinitions(t.Context(), &ecs.ListTaskDefinitionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := w.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("revisions: %d", len(revisions.TaskDefinitionArns))
	if len(tasks.TaskArns) == 0 {
		return text
	}
	described, err := w.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: tasks.TaskArns})
	if err != nil {
		t.Fatal(err)
	}
	running := map[string]int{}
	for _, task := range described.Tasks {
		key := filepath.Base(*task.TaskDefinitionArn)
		if *task.LastStatus != "RUNNING" {
			key += " " + *task.LastStatus
		}
		running[key]++
	}
	return fmt.Sprintf("%s, tasks: %v", text, running)
}

// must runs ecsctl, which must succeed.
func (w *world) must(t *testing.T, args ...string) {
	t.Helper()
	if status, out := w.run(t, 0, args...); status != 0 {
		t.Fatalf("%v: exit status %d\n%s", args, status, out)
	}
}

// writes returns the calls so far that change something, in order.
func (w *world) writes() []string {
	var actions []string
	for _, c := range w.account.Calls() {
		if !isRead(c.Action) {
			actions = append(actions, c.Action)
		}
	}
	return actions
}
