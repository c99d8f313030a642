package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A modelChecker is a transport that holds requests and answers to AWS's model of ECS, ECR and CloudWatch Logs, as
// botocore has it; it lets everything pass where botocore is not installed.
type modelChecker struct {
	t    *testing.T
	next http.RoundTripper
}

// services are the directories of botocore's data by the first part of X-Amz-Target.
var services = map[string]string{
	"AmazonEC2ContainerRegistry_V20150921": "ecr/2015-09-21",
	"AmazonEC2ContainerServiceV20141113":   "ecs/2014-11-13",
	"Logs_20140328":                        "logs/2014-03-28",
}

// A shape is a shape of the model.
type shape struct {
	Type               string              `json:"type"`
	Members            map[string]shapeRef `json:"members"`
	Required           []string            `json:"required"`
	Member, Key, Value shapeRef
	Enum               []string `json:"enum"`
	Document           bool     `json:"document"`
}

type shapeRef struct {
	Shape string `json:"shape"`
}

type model struct {
	Operations map[string]struct{ Input, Output shapeRef }
	Shapes     map[string]shape
}

// data returns the directory of botocore's data, or "".
var data = sync.OnceValue(func() string {
	out, err := exec.Command("python3", "-c", "import botocore, os; print(os.path.dirname(botocore.__file__))").Output()
	if err != nil {
		return ""
	}
	return filepath.Join(strings.TrimSpace(string(out)), "data")
})

var models sync.Map // directory → *model

func modelOf(dir string) *model {
	if m, ok := models.Load(dir); ok {
		return m.(*model)
	}
	m := readModel(filepath.Join(data(), dir))
	models.Store(dir, m)
	return m
}

func readModel(dir string) *model {
	m := &model{}
	raw, err := os.ReadFile(filepath.Join(dir, "service-2.json"))
	if err != nil {
		zipped, err := os.ReadFile(filepath.Join(dir, "service-2.json.gz"))
		if err != nil {
			return nil
		}
		z, err := gzip.NewReader(bytes.NewReader(zipped))
		if err != nil {
			return nil
		}
		if raw, err = io.ReadAll(z); err != nil {
			return nil
		}
	}
	if json.Unmarshal(raw, m) != nil {
		return nil
	}
	return m
}

func (c modelChecker) RoundTrip(r *http.Request) (*http.Response, error) {
	target, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	dir, ok := services[target]
	if !ok || data() == "" {
		return c.next.RoundTrip(r)
	}
	m := modelOf(dir)
	op, ok := m.Operations[action]
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := c.next.RoundTrip(r)
	if err != nil || !ok || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	for _, side := range []struct {
		name string
		ref  shapeRef
		json []byte
	}{{"request", op.Input, body}, {"answer", op.Output, answer}} {
		var v any
		if side.ref.Shape == "" || len(side.json) == 0 {
			continue
		}
		if err := json.Unmarshal(side.json, &v); err != nil {
			c.t.Errorf("%s of %s: %v", side.name, action, err)
		}
		for _, problem := range m.check(side.ref.Shape, v, "") {
			c.t.Errorf("%s of %s: %s", side.name, action, problem)
		}
	}
	return resp, err
}

// newer are members that the SDK has and botocore may not have yet.
var newer = []string{
	"monitoring", "gatewayConnectors", "thresholdConfiguration", "resetOnHealthyTask", "earlySuccessCriteria",
	"sharingStrategy", "containerConfigurations",
}

// check returns how a value differs from what the model says.
func (m *model) check(name string, v any, path string) []string {
	s := m.Shapes[name]
	bad := func(want string) []string { return []string{fmt.Sprintf("%s: %v is not %s", path, v, want)} }
	var problems []string
	switch s.Type {
	case "structure":
		object, ok := v.(map[string]any)
		if !ok {
			return bad("an object")
		}
		for key, item := range object {
			ref, ok := s.Members[key]
			switch {
			case ok:
				problems = append(problems, m.check(ref.Shape, item, path+"."+key)...)
			case !s.Document && !slices.Contains(newer, key):
				problems = append(problems, path+"."+key+": unknown member")
			}
		}
		for _, key := range s.Required {
			if _, ok := object[key]; !ok {
				problems = append(problems, path+"."+key+": missing")
			}
		}
	case "list":
		list, ok := v.([]any)
		if !ok {
			return bad("a list")
		}
		for i, item := range list {
			problems = append(problems, m.check(s.Member.Shape, item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case "map":
		object, ok := v.(map[string]any)
		if !ok {
			return bad("an object")
		}
		for key, item := range object {
			problems = append(problems, m.check(s.Value.Shape, item, path+"."+key)...)
		}
	case "string":
		text, ok := v.(string)
		if !ok {
			return bad("a string")
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
			return bad("one of " + strings.Join(s.Enum, ", "))
		}
	case "integer", "long", "double", "float", "timestamp":
		if _, ok := v.(float64); !ok {
			return bad("a number")
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return bad("a boolean")
		}
	}
	return problems
}

// TestModel: where botocore is installed, everything that the tests of this package send and are answered is held to
// its model; this test fails if that stops working, and is skipped, visibly, where there is no botocore.
func TestModel(t *testing.T) {
	if data() == "" {
		t.Skip("botocore is not installed: nothing holds the sandbox to AWS's model")
	}
	for _, dir := range services {
		m := modelOf(dir)
		if m == nil || len(m.Operations) < 50 {
			t.Fatalf("%s: no model in %s", dir, data())
		}
	}
	m := modelOf("ecs/2014-11-13")
	wrong := map[string]any{"family": 1.0, "containerDefinitions": []any{map[string]any{"bogus": true}}}
	if got := m.check("RegisterTaskDefinitionRequest", wrong, ""); len(got) != 2 {
		t.Errorf("got %d problems %q, want 2", len(got), got)
	}
}
