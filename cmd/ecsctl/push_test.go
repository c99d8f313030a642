package main_test

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// A bigImage is an image that is made while it is read.
type bigImage struct {
	name   string
	layers int
	size   int64 // bytes of each layer
	bits   uint  // of each byte that are random: 8 cannot be compressed, 3 can to less than a half

	written func(pid int) // is called when the program has read all but the end; nil for none
}

// write writes the image as Docker before 25 saves it.
func (b bigImage) write(w io.Writer) error {
	out := tar.NewWriter(w)
	random := rand.New(rand.NewPCG(uint64(b.bits), 7))
	var files, ids []string
	for i := range b.layers {
		name := fmt.Sprintf("%064x/layer.tar", i+1)
		hash := sha256.New()
		_ = out.WriteHeader(&tar.Header{Name: name, Size: 512 + b.size + 1024, Mode: 0o644, Typeflag: tar.TypeReg})
		layer := tar.NewWriter(io.MultiWriter(out, hash))
		_ = layer.WriteHeader(&tar.Header{Name: fmt.Sprint("f", i), Size: b.size, Mode: 0o644, Typeflag: tar.TypeReg})
		buf := make([]byte, 64<<10)
		for n := int64(0); n < b.size; n += int64(len(buf)) {
			for j := 0; j < len(buf); j += 8 {
				v := random.Uint64()
				for k := range 8 {
					buf[j+k] = byte(v>>(8*k)) >> (8 - b.bits)
				}
			}
			if _, err := layer.Write(buf); err != nil {
				return err
			}
		}
		if err := layer.Close(); err != nil {
			return err
		}
		files, ids = append(files, name), append(ids, "sha256:"+hex.EncodeToString(hash.Sum(nil)))
	}
	config, _ := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "rootfs": map[string]any{"type": "layers", "diff_ids": ids},
	})
	sum := sha256.Sum256(config)
	id := hex.EncodeToString(sum[:]) + ".json"
	manifest, _ := json.Marshal([]map[string]any{{"Config": id, "RepoTags": []string{b.name}, "Layers": files}})
	for name, data := range map[string][]byte{id: config, "manifest.json": manifest} {
		_ = out.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644, Typeflag: tar.TypeReg})
		if _, err := out.Write(data); err != nil {
			return err
		}
	}
	return out.Close()
}

// feed lets a program read the image from its standard input.
func (b bigImage) feed(cmd *exec.Cmd) error {
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	writeErr := b.write(in)
	if b.written != nil {
		b.written(cmd.Process.Pid)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		return err
	}
	return writeErr
}

// peakOf returns the most memory that a process has had, in KiB. What the system says of it when it has ended counts
// that of its parent too.
func peakOf(pid int) (peak int) {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(data), "VmHWM:")
	_, _ = fmt.Sscan(after, &peak)
	return peak
}

// maxMemory is what a push may take at most, whatever the size of the image, in KiB.
const maxMemory = 64 << 10

// TestPushMemory: a push takes the same memory for an image of any size.
func TestPushMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux says what a process has taken")
	}
	account, err := sandbox.Open(filepath.Join(t.TempDir(), "account.json"), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(account)
	defer server.Close()
	for _, image := range []bigImage{
		{name: "web:1", layers: 6, size: 16 << 20, bits: 8}, {name: "web:2", layers: 2, size: 96 << 20, bits: 3},
	} {
		cmd := exec.Command(binary, "push", "-q", "--from", "-", image.name)
		cmd.Env = []string{"HOME=" + t.TempDir(), "ECSCTL_SANDBOX=" + server.URL}
		peak := 0
		image.written = func(pid int) { peak = peakOf(pid) }
		if err := image.feed(cmd); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d MiB", image.name, peak>>10)
		if peak == 0 || peak > maxMemory {
			t.Errorf("%s took %d KiB, more than %d", image.name, peak, maxMemory)
		}
	}
}

// launch starts a program that ends with the benchmark, and returns when it says that it is ready.
func launch(b *testing.B, ready string, args ...string) {
	b.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Skipf("%s: %v", args[0], err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if strings.Contains(lines.Text(), ready) {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return
		}
	}
	b.Skipf("%s does not start here", args[0])
}

// BenchmarkPush pushes images to Debian's registry with docker, skopeo and ecsctl, in turns, each time as if for the first
// time, and then a second tag. The metrics are the least time of ecsctl divided by that of docker push, and by that
// of skopeo, and its peak of memory: go test -bench Push -benchtime 3x ./cmd/ecsctl.
func BenchmarkPush(b *testing.B) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		b.Skip("only root on Linux starts a Docker engine")
	}
	dir, err := os.MkdirTemp("", "dk")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	engine := "unix://" + dir + "/s"
	launch(b, "API listen on", "dockerd", "-H", engine, "--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile",
		dir+"/pid", "--bridge=none", "--iptables=false")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	registry := l.Addr().String()
	l.Close()
	config := fmt.Sprintf("version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\nhttp: {addr: %q}\n"+
		"storage: {filesystem: {rootdirectory: %s}}\n", registry, dir+"/registry")
	if err := os.WriteFile(dir+"/registry.yml", []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	launch(b, "listening on", "docker-registry", "serve", dir+"/registry.yml")
	p := pushBench{b, dir, engine, registry}
	for _, image := range []bigImage{
		{name: "incompressible:1", layers: 8, size: 39 << 20, bits: 8},
		{name: "compressible:1", layers: 8, size: 64 << 20, bits: 3},
	} {
		b.Run(strings.TrimSuffix(image.name, ":1"), func(b *testing.B) {
			p.B = b
			p.run(image)
		})
	}
}

type pushBench struct {
	*testing.B
	dir, engine, registry string
}

// command returns a command in an empty home.
func (p *pushBench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir + "/home", "DOCKER_HOST=" + p.engine, "AWS_REGION=eu-west-1"}
	return cmd
}

// timed runs a command and returns how long it took, and its peak of memory in bytes.
func (p *pushBench) timed(args ...string) (time.Duration, int64) {
	p.Helper()
	cmd := p.command(args...)
	begin := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		p.Fatalf("%v: %v\n%s", args, err, out)
	}
	return time.Since(begin), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// forget makes the registry and all programs forget the images.
func (p *pushBench) forget() {
	for _, path := range []string{"/registry/docker", "/home", "/data/image/overlay2/distribution/v2metadata-by-diffid",
		"/data/image/overlay2/distribution/diffid-by-digest"} {
		_ = os.RemoveAll(p.dir + path)
	}
	_ = os.MkdirAll(p.dir+"/home", 0o700)
	syscall.Sync()
}

func (p *pushBench) run(image bigImage) {
	p.forget()
	if err := image.feed(p.command("docker", "load")); err != nil {
		p.Fatal(err)
	}
	first, second := p.registry+"/"+image.name, p.registry+"/"+image.name+"b"
	for _, name := range []string{first, second} {
		p.timed("docker", "tag", image.name, name)
	}
	least := map[string]time.Duration{} // of all turns: what else the machine does only adds
	note := func(name string, d time.Duration) {
		if old, ok := least[name]; !ok || d < old {
			least[name] = d
		}
	}
	var peak int64
	for p.Loop() {
		p.forget()
		d, _ := p.timed("docker", "push", first)
		note("docker", d)
		d, _ = p.timed("docker", "push", second)
		note("docker again", d)
		p.forget()
		d, _ = p.timed("skopeo", "copy", "--dest-tls-verify=false", "--src-daemon-host", p.engine, "docker-daemon:"+image.name,
			"docker://"+first)
		note("skopeo", d)
		p.forget()
		d, memory := p.timed(binary, "push", first)
		note("ours", d)
		peak = max(peak, memory)
		d, _ = p.timed(binary, "push", second)
		note("again", d)
	}
	p.ReportMetric(least["ours"].Seconds()/least["docker"].Seconds(), "of-docker")
	p.ReportMetric(least["ours"].Seconds()/least["skopeo"].Seconds(), "of-skopeo")
	p.ReportMetric(least["again"].Seconds()/least["docker again"].Seconds(), "second-tag-of-docker")
	p.ReportMetric(float64(peak)/(1<<20), "MiB")
}
