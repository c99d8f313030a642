package compose

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/ecsctl/ecsctl/compose/source"
)

// TestProjectName: the name is read however the file writes it. Where it has none, the directory gives it.
func TestProjectName(t *testing.T) {
	const services = "\nservices: {web: {image: nginx}}\n"
	for name, c := range map[string]struct{ text, want string }{
		"plain":           {"name: shop" + services, "shop"},
		"quoted key":      {`"name": shop` + services, "shop"},
		"JSON":            {`{"name": "shop", "services": {"web": {"image": "nginx"}}}`, "shop"},
		"indented":        {"  name: shop\n  services: {web: {image: nginx}}\n", "shop"},
		"block":           {"name: |-\n  shop" + services, "shop"},
		"alias":           {"x-name: &n shop\nname: *n" + services, "shop"},
		"merge key":       {"x-base: &b {name: shop}\n<<: *b" + services, "shop"},
		"byte order mark": {"\ufeffname: shop\r\nservices: {web: {image: nginx}}\r\n", "shop"},
		"variable":        {"name: ${NAME:-shop}" + services, "shop"},
		"two documents":   {"name: first" + services + "---\nname: shop\n", "shop"},
		"comment":         {"# name: other" + services, "dir"},
		"service":         {"services:\n  name: {image: nginx}\n", "dir"},
		"empty":           {"name: ''" + services, "dir"},
		"text":            {"x-text: |\n  x\n  name: other" + services, "dir"},
		"too large":       {"name: shop\nx-large: " + strings.Repeat("x", source.MaxSize), "dir"},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Files: []string{"-"}, Dir: "/nonexistent/dir", Stdin: strings.NewReader(c.text)}
			p, diags, err := Load(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case p == nil && name == "too large" && diags.HasErrors():
			case p == nil || p.Name != c.want:
				t.Errorf("the project is %v, want %s: %v", p, c.want, diags)
			}
		})
	}
}

// A idle is a reader that nobody writes to. It says when it is read.
type idle struct{ reading chan struct{} }

func (r idle) Read([]byte) (int, error) {
	close(r.reading)
	select {}
}

// TestInterrupted: reading a file that never ends ends with the context.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := idle{make(chan struct{})}
	go func() {
		<-r.reading
		cancel()
	}()
	if _, _, err := Load(ctx, Options{Files: []string{"-"}, Dir: t.TempDir(), Stdin: r}); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestPipes: a pipe that a user names is read once; one that a file names is refused, since it could make us wait.
func TestPipes(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if _, err := io.WriteString(write, "name: shop\nservices: {web: {image: nginx}}\n"); err != nil {
		t.Fatal(err)
	}
	write.Close()
	name := fmt.Sprintf("/dev/fd/%d", read.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip(err)
	}
	including := "include: [" + name + "]\nservices: {web: {image: nginx}}\n"
	_, diags, err := Load(context.Background(), Options{Files: []string{"-"}, Stdin: strings.NewReader(including)})
	if err != nil || !diags.HasErrors() || !strings.HasSuffix(diags[0].Message, "is not a regular file") {
		t.Errorf("included: %v %v", diags, err)
	}
	p, diags, err := Load(context.Background(), Options{Files: []string{name}})
	if err != nil || p == nil || p.Name != "shop" || len(p.Services) != 1 {
		t.Errorf("named: %v %v %v", p, diags, err)
	}
}
