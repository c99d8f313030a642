package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

const conformance = "../../testdata/conformance"

// TestConformance holds translations against what ecs-cli 1.21.0 registered for the same projects. A difference in
// effect needs a row in differences.txt with its reason.
func TestConformance(t *testing.T) {
	reasons := readDifferences(t)
	archives, err := filepath.Glob(conformance + "/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no recorded cases: %v", err)
	}
	for _, path := range archives {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		reason, different := reasons[name]
		delete(reasons, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diff := conformanceDiff(t, path)
			switch {
			case diff == "" && different:
				t.Errorf("no difference any more: remove its row from differences.txt (%s)", reason)
			case diff != "" && !different:
				t.Errorf("ecs-cli (-) and ecsctl (+) differ, and differences.txt has no reason:\n%s", diff)
			}
		})
	}
	for name := range reasons {
		t.Errorf("differences.txt has a row for %s, and there is no such case", name)
	}
}

// readDifferences reads rows of the form "case: reason".
func readDifferences(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(conformance + "/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, found := strings.Cut(line, ": ")
		if !found || rows[name] != "" {
			t.Errorf("differences.txt: %q is not one row \"case: reason\"", line)
		}
		rows[name] = reason
	}
	return rows
}

// conformanceDiff translates the project of an archive and returns how the result differs from the recorded one.
func conformanceDiff(t *testing.T, name string) string {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	dir, args := "app", []string{"compose"}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + root, "AWS_REGION=us-east-1"}
	var want []byte
	for _, f := range archive.Files {
		switch f.Name {
		case "want.json":
			want = f.Data
		case "refused":
		case "command":
			for line := range strings.Lines(string(f.Data)) {
				word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
				switch word {
				case "env":
					env = append(env, rest)
				case "dir":
					dir = rest
				case "flag":
					flag, value, _ := strings.Cut(rest, " ")
					args = append(args, flag, value)
				}
			}
		}
	}
	for _, f := range archive.Files {
		if rest, ok := strings.CutPrefix(f.Name, "app/"); ok {
			name := filepath.Join(root, dir, rest)
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, append([]string{"compose", "convert"}, args[1:]...)...)
	cmd.Dir, cmd.Env = filepath.Join(root, dir), env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 2 {
		t.Fatalf("exit %d: %v\n%s", code, err, stderr.String())
	}
	switch refused := err != nil; {
	case refused && want == nil:
		return ""
	case refused:
		return "+ refused:\n" + stderr.String()
	case want == nil:
		return "- refused\n+ " + string(out)
	}
	return cmp.Diff(effect(t, want), effect(t, out))
}

// effect returns a registration with all folded that makes no difference to ECS: values it assumes anyway, the order of
// lists it does not order, the names of volumes that nothing else refers to.
func effect(t *testing.T, data []byte) any {
	t.Helper()
	var request map[string]any
	if err := json.Unmarshal(data, &request); err != nil {
		t.Fatal(err)
	}
	renameVolumes(request)
	return fold("", request)
}

// renameVolumes names volumes after what they are and who mounts them.
func renameVolumes(request map[string]any) {
	uses := map[string][]string{}
	for _, c := range objects(request["containerDefinitions"]) {
		for _, m := range objects(c["mountPoints"]) {
			name, _ := m["sourceVolume"].(string)
			uses[name] = append(uses[name], text(c["name"])+":"+path.Clean(text(m["containerPath"])))
		}
	}
	names := map[string]string{}
	for _, v := range objects(request["volumes"]) {
		name := text(v["name"])
		host, _ := v["host"].(map[string]any)
		slices.Sort(uses[name])
		switch {
		case host["sourcePath"] != nil:
			names[name] = "host:" + text(host["sourcePath"])
		case len(v) == 1 && len(uses[name]) > 0:
			names[name] = "empty:" + strings.Join(uses[name], ",")
		}
	}
	rename := func(o map[string]any, key string) {
		if n, ok := names[text(o[key])]; ok {
			o[key] = n
		}
	}
	for _, v := range objects(request["volumes"]) {
		rename(v, "name")
	}
	for _, c := range objects(request["containerDefinitions"]) {
		for _, m := range objects(c["mountPoints"]) {
			rename(m, "sourceVolume")
		}
	}
}

func objects(v any) []map[string]any {
	var l []map[string]any
	items, _ := v.([]any)
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			l = append(l, o)
		}
	}
	return l
}

func text(v any) string { s, _ := v.(string); return s }

// assumed are values that ECS assumes where none is given.
var assumed = map[string]any{
	"essential": true, "protocol": "tcp", "networkMode": "bridge", "transitEncryption": "DISABLED", "iam": "DISABLED",
	"scope": "task",
}

var assumedHealth = map[string]float64{"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}

// ordered are lists in which ECS keeps an order.
var ordered = []string{"command", "entryPoint", "dnsServers", "dnsSearchDomains"}

func fold(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		folded := map[string]any{}
		for k, value := range v {
			value = fold(k, value)
			n, isNumber := value.(float64)
			switch {
			case isEmpty(value) && !(k == "dockerVolumeConfiguration" && value != nil):
			case isNumber && n == 0 && k != "stopTimeout":
			case value == false && assumed[k] != true:
			case assumed[k] == value && assumed[k] != nil:
			case key == "healthCheck" && isNumber && assumedHealth[k] == n:
			case key == "efsVolumeConfiguration" && k == "rootDirectory" && value == "/":
			default:
				folded[k] = value
			}
		}
		return folded
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, fold("", item))
		}
		if key == "environment" {
			list = lastOfEach(list)
		}
		if !slices.Contains(ordered, key) {
			slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(asJSON(a), asJSON(b)) })
		}
		return list
	case string:
		switch key {
		case "cpu", "memory":
			return foldSize(v)
		case "containerPath":
			return path.Clean(v)
		}
	}
	return v
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func asJSON(v any) string {
	data, _ := json.Marshal(v) // decoded from JSON
	return string(data)
}

// lastOfEach keeps the last variable of each name.
func lastOfEach(list []any) []any {
	last := map[string]any{}
	for _, item := range list {
		last[text(item.(map[string]any)["name"])] = item
	}
	kept := []any{}
	for _, item := range last {
		kept = append(kept, item)
	}
	return kept
}

var sizeText = regexp.MustCompile(`(?i)^\s*(\d*\.?\d+)\s*(vcpu|gb|gib)?\s*$`)

func foldSize(s string) any {
	m := sizeText.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return s
	}
	if m[2] != "" {
		n *= 1024
	}
	return n
}
