package internal

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ecsctl/ecsctl/"

// rooms says which rooms of this module each room may import, tests left aside.
var rooms = map[string][]string{
	"cmd/ecsctl":           {"cmd/internal/cli"},
	"cmd/internal":         {},
	"cmd/internal/call":    {},
	"cmd/internal/cli":     {"cmd/internal/call", "cmd/internal/deploy", "cmd/internal/images", "cmd/internal/logs", "cmd/internal/profile", "cmd/internal/sandbox", "compose", "compose/diag", "ecsparams", "translate", "translate/awsjson"},
	"cmd/internal/deploy":  {"cmd/internal/call", "ecsparams", "translate", "translate/awsjson"},
	"cmd/internal/images":  {"cmd/internal/call", "translate", "translate/awsjson"},
	"cmd/internal/logs":    {"cmd/internal/call"},
	"cmd/internal/profile": {},
	"cmd/internal/sandbox": {"translate/awsjson"},
	"compose":              {"compose/diag", "compose/source"},
	"compose/composetest":  {},
	"compose/diag":         {},
	"compose/source":       {"compose/diag"},
	"ecsparams":            {"compose/diag", "compose/source"},
	"translate":            {"compose", "compose/diag", "compose/source", "ecsparams", "translate/awsjson"},
	"translate/awsjson":    {},
}

func list(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}

// TestImports holds the order of the rooms.
func TestImports(t *testing.T) {
	for _, pkg := range list(t, "./...") {
		room := strings.TrimPrefix(pkg, module)
		may, ok := rooms[room]
		if !ok {
			t.Errorf("%s has no row", room)
			continue
		}
		for _, imported := range list(t, "-f", `{{join .Imports "\n"}}`, pkg) {
			if other, ok := strings.CutPrefix(imported, module); ok && !slices.Contains(may, other) {
				t.Errorf("%s may not import %s", room, other)
			}
		}
	}
}

// TestLibraryIsPure: the library cannot reach a network.
func TestLibraryIsPure(t *testing.T) {
	for _, dep := range list(t, "-deps", "./compose/...", "./ecsparams", "./translate/...") {
		if dep == "net/http" || dep == "github.com/aws/aws-sdk-go-v2/service/ecs" {
			t.Errorf("the library depends on %s", dep)
		}
	}
}

// TestCredentialsHaveOneRoom: one room alone finds configuration and credentials.
func TestCredentialsHaveOneRoom(t *testing.T) {
	for _, pkg := range list(t, "./...") {
		imports := list(t, "-f", `{{join .Imports "\n"}}`, pkg)
		if pkg != module+"cmd/internal/profile" && slices.Contains(imports, "github.com/aws/aws-sdk-go-v2/config") {
			t.Errorf("%s may not look for credentials: profile does", pkg)
		}
	}
}
