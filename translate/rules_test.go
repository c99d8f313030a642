package translate

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/compose/composetest"
	"github.com/ecsctl/ecsctl/compose/diag"
)

const ruleArchives = "../testdata/rules"

// TestRuleTable fails for a rule out of order, a rule without an archive, an archive without a rule, and an id in the
// code that is no rule.
func TestRuleTable(t *testing.T) {
	ids := map[string]bool{}
	for i, r := range ruleTable {
		if i > 0 && ruleTable[i-1].id >= r.id {
			t.Errorf("%s stands after %s", r.id, ruleTable[i-1].id)
		}
		ids[r.id] = true
		if !isFile(filepath.Join(ruleArchives, r.id+".txtar")) {
			t.Errorf("%s has no testdata/rules/%s.txtar", r.id, r.id)
		}
	}
	for _, a := range composetest.All(t, ruleArchives) {
		if !ids[a.Name] {
			t.Errorf("testdata/rules/%s.txtar is of no rule", a.Name)
		}
	}
	id := regexp.MustCompile(`"([CDFKMNPSTV]\d\d)"`)
	for _, dir := range []string{".", "../compose", "../compose/source", "../ecsparams"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range id.FindAllSubmatch(data, -1) {
				if !ids[string(m[1])] {
					t.Errorf("%s reports %s, which is no rule", name, m[1])
				}
			}
		}
	}
}

// TestRules shows each rule firing, and a neighbour that does not.
func TestRules(t *testing.T) {
	levels := map[string]diag.Severity{}
	for _, r := range ruleTable {
		levels[r.id] = r.level
	}
	for _, a := range composetest.All(t, ruleArchives) {
		id := a.Name
		t.Run(id, func(t *testing.T) {
			want := map[string]string{}
			for _, side := range []string{"fires", "passes"} {
				dir, target := ruleCase(t, a, side)
				_, diags := translateDir(t, dir, target)
				var own diag.List
				for _, d := range diags {
					if d.Rule == id {
						own = append(own, d)
					}
				}
				if side == "passes" {
					if len(own) > 0 {
						t.Errorf("the neighbour breaks the rule:\n%s", lines(own))
					}
					if diags.HasErrors() {
						t.Errorf("the neighbour breaks another rule:\n%s", lines(diags))
					}
					continue
				}
				want["fires/want.txt"] = lines(own)
				if !slices.ContainsFunc(own, func(d diag.Diagnostic) bool { return d.Severity == levels[id] }) {
					t.Errorf("no %s of the rule:\n%s", levels[id], lines(diags))
				}
			}
			a.Compare(t, want, *update)
		})
	}
}

// ruleCase extracts one side of an archive. The file flags says what the command line would.
func ruleCase(t *testing.T, a *composetest.Archive, side string) (dir string, target Target) {
	t.Helper()
	dir = t.TempDir()
	a.Extract(t, side+"/", dir)
	for line := range strings.Lines(a.File(side + "/flags")) {
		flag, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch flag {
		case "launch-type":
			target.LaunchType = types.LaunchType(value)
		case "region":
			target.Region = value
		case "for":
			target.Purpose = map[string]Purpose{"run-task": ToRun, "service": ToServe}[value]
		case "service-prefix":
			target.ServicePrefix = strings.Trim(value, `"`)
		default:
			t.Fatalf("unknown flag %q", flag)
		}
	}
	return dir, target
}
