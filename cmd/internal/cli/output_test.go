package cli

import (
	"bytes"
	"context"
	"errors"
	"go/token"
	"io"
	"strings"
	"testing"

	"github.com/ecsctl/ecsctl/compose/diag"
)

// A full is a device that has no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestFullOutput: a command whose output nobody received has failed, whatever it prints.
func TestFullOutput(t *testing.T) {
	const project = "services: {web: {image: nginx, stop_signal: SIGINT}}"
	for _, args := range [][]string{
		{"version"}, {"help"}, {"compose", "keys"}, {"compose", "schema"}, {"compose", "-f", "-", "check"},
		{"compose", "-f", "-", "check", "--output", "github"}, {"compose", "-f", "-", "check", "--strict"},
		{"compose", "-f", "-", "convert"}, {"compose", "-f", "-", "config"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var stderr bytes.Buffer
			status := Main(context.Background(), args, nil, strings.NewReader(project), full{}, &stderr)
			if status != exitFailed || !strings.Contains(stderr.String(), "no space left on device") {
				t.Errorf("status %d: %s", status, stderr.String())
			}
			status = Main(context.Background(), args, nil, strings.NewReader(project), io.Discard, io.Discard)
			if status == exitFailed {
				t.Errorf("status %d where there is room", status)
			}
		})
	}
}

// TestGitHub: what has a meaning in a workflow command is escaped, in properties also the colon and the comma.
func TestGitHub(t *testing.T) {
	var l diag.List
	l.Addf(token.Position{Filename: "a,b:c%.yaml", Line: 3}, diag.Warning, "K01", "services.web", "50 %%, a: b\nc")
	var b strings.Builder
	writeGitHub(&b, l)
	const want = "::warning file=a%2Cb%3Ac%25.yaml,line=3,col=1,title=K01::services.web: 50 %25, a: b%0Ac\n"
	if b.String() != want {
		t.Errorf("got  %swant %s", b.String(), want)
	}
}
