package images

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// start starts a program that ends with the test, and returns when it says that it is ready. Where it is not installed
// the test is skipped.
func start(t *testing.T, ready, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed", program)
	}
	cmd := exec.Command(path, args...)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("%s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(said)
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
		if strings.Contains(lines.Text(), ready) {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return
		}
	}
	t.Skipf("%s does not start here: %s", program, strings.Join(all[max(0, len(all)-3):], "; "))
}

// realEngine starts a Docker engine of its own.
func realEngine(t *testing.T) *Engine {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 || testing.Short() {
		t.Skip("only root on Linux starts a Docker engine")
	}
	dir, err := os.MkdirTemp("", "dk") // the name of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := "unix://" + filepath.Join(dir, "s")
	start(t, "API listen on", "dockerd", "-H", socket, "--data-root", dir+"/data", "--exec-root", dir+"/exec",
		"--pidfile", dir+"/pid", "--bridge=none", "--iptables=false", "--storage-driver=vfs", "--insecure-registry", "127.0.0.0/8")
	e, err := OpenEngine(t.Context(), map[string]string{"DOCKER_HOST": socket})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// realRegistry starts Debian's registry and returns its host.
func realRegistry(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	config := filepath.Join(t.TempDir(), "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %q}\n",
		t.TempDir(), address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, "listening on", "docker-registry", "serve", config)
	return address
}

// load gives the engine an image.
func (e *Engine) load(t *testing.T, archive []byte) {
	t.Helper()
	header := http.Header{"Content-Type": {"application/x-tar"}}
	resp, err := e.do(t.Context(), http.MethodPost, "/images/load", header, bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, _ := io.ReadAll(resp.Body); strings.Contains(string(data), "error") {
		t.Fatalf("load: %s", data)
	}
}

// remove takes an image from the engine, with all its names.
func (e *Engine) remove(t *testing.T, id string) {
	t.Helper()
	resp, err := e.do(t.Context(), http.MethodDelete, "/images/"+escape(id)+"?force=1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// TestRealEngine: what is pushed from a Docker engine to the sandbox's registry and to Debian's comes back to the engine
// as the same image, under a second tag without reading anything, and from a second repository.
func TestRealEngine(t *testing.T) {
	e := realEngine(t)
	w := newWorld(t)
	registries := map[string]string{"sandbox": host, "debian": realRegistry(t) + "/"}
	x := newExample(t, 7, 4)
	e.load(t, layouts["docker 20"](t, x, "web:1"))
	id := "sha256:" + hexOf(x.config)
	for name, registry := range registries {
		t.Run(name, func(t *testing.T) {
			w.t, w.Cache = t, Cache(t.TempDir())
			for _, image := range []string{"web:1", "web:2", "team/other:1"} {
				_, said, err := w.push(t.Context(), registry+image, e.Source("web:1"))
				if err != nil {
					t.Fatal(err)
				}
				if image == "web:2" && strings.Contains(strings.Join(said, " "), string(Uploaded)) {
					t.Errorf("a second tag: %v", said)
				}
				if image == "team/other:1" && name == "debian" && !strings.Contains(strings.Join(said, " "), string(Mounted)) {
					t.Errorf("a second repository: %v", said)
				}
			}
			e.remove(t, id)
			for _, image := range []string{"web:1", "web:2", "team/other:1"} {
				if _, err := w.Pull(t.Context(), e, registry+image, Registry{}, func(string) {}); err != nil {
					t.Fatal(err)
				}
				got, err := e.inspect(t.Context(), registry+image)
				if err != nil || got.ID != id {
					t.Errorf("%s came back as %+v, %v, want %s", image, got, err, id)
				}
			}
			if err := e.Tag(t.Context(), registry+"web:1", Reference{Repository: "web", Tag: "1"}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestRealRegistry: whatever wrote the archive, Debian's registry takes it, and what is missing from its uploads is sent
// again.
func TestRealRegistry(t *testing.T) {
	registry := realRegistry(t)
	for layout, archive := range layouts {
		t.Run(layout, func(t *testing.T) {
			w := newWorld(t)
			x := newExample(t, 11, 3)
			image := registry + "/" + strings.ReplaceAll(layout, " ", "-") + ":1"
			from := streamSource{bytes.NewReader(archive(t, x, "web:1"))}
			w.HTTP = &breaking{next: w.HTTP}
			pushed, _, err := w.push(t.Context(), image, from)
			if err != nil {
				t.Fatal(err)
			}
			findings := w.Verify(t.Context(), []Wanted{{image, "linux", "amd64"}, {image, "linux", "arm64"}, {registry + "/none:1", "", ""}})
			if f := findings[0]; f.Verdict != Found || f.Digest != pushed.Digest {
				t.Errorf("got %+v", f)
			}
			if findings[1].Verdict != Misfit || findings[2].Verdict != Missing {
				t.Errorf("got %+v", findings[1:])
			}
		})
	}
}

// breaking breaks the first connection of an upload in its middle.
type breaking struct {
	next   http.RoundTripper
	broken atomic.Bool
}

func (b *breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPatch && r.ContentLength > 1000 && b.broken.CompareAndSwap(false, true) {
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 1000), failing{}))
	}
	return b.next.RoundTrip(r)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
