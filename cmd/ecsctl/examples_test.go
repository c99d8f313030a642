package main_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const examples = "../../testdata/examples"

// requests are what convert prints, by its --for, and the commands of the AWS CLI that take it.
var requests = []struct{ purpose, command string }{
	{"task-definition", "register-task-definition"}, {"service", "create-service"}, {"run-task", "run-task"},
}

// TestExamples converts each example: want/<purpose>.json is what it comes to, which the AWS CLI takes as it is.
func TestExamples(t *testing.T) {
	dirs, err := filepath.Glob(examples + "/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, dir := range dirs {
		for _, r := range requests {
			t.Run(filepath.Base(dir)+"/"+r.purpose, func(t *testing.T) {
				t.Parallel()
				got := convertExample(t, dir, r.purpose)
				file := filepath.Join(dir, "want", r.purpose+".json")
				if *update {
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("wanted (-) and actual (+) differ:\n%s", diff)
				}
			})
		}
	}
}

func convertExample(t *testing.T, dir, purpose string) []byte {
	t.Helper()
	cmd := exec.Command(binary, "compose", "convert", "--for", purpose)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + t.TempDir()}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return out
}

// TestExamplesWithAWSCLI has the AWS CLI validate each request, which needs no account.
func TestExamplesWithAWSCLI(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("there is no AWS CLI to ask")
	}
	files, err := filepath.Glob(examples + "/*/want/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no requests: %v", err)
	}
	for _, file := range files {
		for _, r := range requests {
			if strings.TrimSuffix(filepath.Base(file), ".json") != r.purpose {
				continue
			}
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				if r.purpose == "service" { // its own skeleton of the answer is invalid: it must get as far as connecting
					out, _ := runAWS(t, aws, r.command, file, "--endpoint-url", "http://127.0.0.1:1")
					if !bytes.Contains(out, []byte("Could not connect to the endpoint")) {
						t.Errorf("aws ecs %s: %s", r.command, out)
					}
					return
				}
				out, err := runAWS(t, aws, r.command, file, "--generate-cli-skeleton", "output")
				if err != nil {
					t.Errorf("aws ecs %s: %v\n%s", r.command, err, out)
				}
			})
		}
	}
}

// TestExamplesWithMoto registers each task definition with an independent emulator of ECS.
func TestExamplesWithMoto(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("there is no AWS CLI to ask with")
	}
	endpoint := startMoto(t)
	files, err := filepath.Glob(examples + "/*/want/task-definition.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no requests: %v", err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			out, err := runAWS(t, aws, "register-task-definition", file, "--endpoint-url", endpoint)
			if err != nil || !bytes.Contains(out, []byte(`"revision": 1`)) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func runAWS(t *testing.T, aws, command, file string, args ...string) ([]byte, error) {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(aws, append([]string{"ecs", command, "--region", "eu-west-1", "--cli-input-json", "file://" + path}, args...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_MAX_ATTEMPTS=1",
	}
	return cmd.CombinedOutput()
}

// startMoto starts the emulator on loopback and returns its address.
func startMoto(t *testing.T) string {
	t.Helper()
	moto, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("there is no moto_server to ask")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address) // of an address that was listened on
	cmd := exec.Command(moto, "-H", "127.0.0.1", "-p", port)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Running on") {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			if r, err := http.Get("http://" + address + "/moto-api/"); err == nil {
				r.Body.Close()
			}
			return "http://" + address
		}
	}
	t.Skip("moto_server does not start")
	return ""
}
