package deploy

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// wireName returns a member's name on the wire.
func wireName(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// members calls f for each member below a type, with its path on the wire.
func members(t reflect.Type, path string, f func(path string, t reflect.Type)) {
	switch t.Kind() {
	case reflect.Pointer:
		members(t.Elem(), path, f)
	case reflect.Slice:
		f(path, t)
		members(t.Elem(), path, f)
	case reflect.Struct:
		for i := range t.NumField() {
			if field := t.Field(i); field.IsExported() {
				members(field.Type, strings.TrimPrefix(path+"."+wireName(field.Name), "."), f)
			}
		}
	default:
		f(path, t)
	}
}

// TestLists: each list of a task definition has a row, and each row is a list; each default is of a member.
func TestLists(t *testing.T) {
	seen := map[string]bool{}
	members(reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), "", func(path string, typ reflect.Type) {
		seen[path] = true
		if _, ok := lists[path]; typ.Kind() == reflect.Slice && !ok && path != "tags" {
			t.Errorf("the list %s has no row: say whether its order has a meaning", path)
		}
	})
	members(reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), "", func(path string, typ reflect.Type) {
		if typ.Kind() == reflect.Map && !slices.Contains(freeMaps, path) {
			t.Errorf("the map %s has no row", path)
		}
	})
	for path := range lists {
		if !seen[path] && path != "inferenceAccelerators" {
			t.Errorf("lists: there is no %s", path)
		}
	}
	for path := range defaults {
		if !seen[path] {
			t.Errorf("defaults: there is no %s", path)
		}
	}
}

// TestOfECS: what is of no content is exactly what ECS tells of a task definition and is not told.
func TestOfECS(t *testing.T) {
	told := map[string]bool{}
	register := reflect.TypeFor[ecs.RegisterTaskDefinitionInput]()
	for i := range register.NumField() {
		told[wireName(register.Field(i).Name)] = true
	}
	var only []string
	td := reflect.TypeFor[types.TaskDefinition]()
	for i := range td.NumField() {
		if name := wireName(td.Field(i).Name); td.Field(i).IsExported() && !told[name] {
			only = append(only, name)
		}
	}
	slices.Sort(only)
	if got := slices.Clone(ofECS); !slices.Equal(got, only) {
		t.Errorf("ofECS is %v, want %v", got, only)
	}
}

// define returns the task definition of one container with the given members, as JSON with Go's names.
func define(t *testing.T, task string) *types.TaskDefinition {
	t.Helper()
	td := &types.TaskDefinition{Family: new("shop")}
	dec := json.NewDecoder(strings.NewReader(task))
	dec.DisallowUnknownFields()
	if err := dec.Decode(td); err != nil {
		t.Fatalf("%v: %s", err, task)
	}
	return td
}

// TestFingerprint: two forms of one content have one fingerprint, and what differs in effect has another.
func TestFingerprint(t *testing.T) {
	container := func(s string) string {
		return `{"containerDefinitions": [{"name": "web", "image": "nginx", ` + s + `}]}`
	}
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"empty and missing", container(`"environment": [], "mountPoints": []`), container(`"cpu": 0`), true},
		{"cpu", container(`"cpu": 1`), container(`"cpu": 0`), false},
		{"essential", container(`"essential": true`), container(`"cpu": 0`), true},
		{"not essential", container(`"essential": false`), container(`"essential": true`), false},
		{"order of variables", container(`"environment": [{"name":"A","value":"1"},{"name":"B","value":"2"}]`),
			container(`"environment": [{"name":"B","value":"2"},{"name":"A","value":"1"}]`), true},
		{"value of a variable", container(`"environment": [{"name":"A","value":"1"}]`),
			container(`"environment": [{"name":"A","value":"2"}]`), false},
		{"last of two variables", container(`"environment": [{"name":"A","value":"1"},{"name":"A","value":"2"}]`),
			container(`"environment": [{"name":"A","value":"2"}]`), true},
		{"order of a command", container(`"command": ["a", "b"]`), container(`"command": ["b", "a"]`), false},
		{"empty word of a command", container(`"command": ["a", ""]`), container(`"command": ["a"]`), false},
		{"order of ulimits", container(`"ulimits": [{"name":"nproc","softLimit":1,"hardLimit":2},{"name":"core","softLimit":0,"hardLimit":0}]`),
			container(`"ulimits": [{"name":"core","softLimit":0,"hardLimit":0},{"name":"nproc","softLimit":1,"hardLimit":2}]`), true},
		{"limit of nothing", container(`"ulimits": [{"name":"core","softLimit":0,"hardLimit":0}]`), container(`"cpu": 0`), false},
		{"protocol and host port", container(`"portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]`),
			container(`"portMappings": [{"containerPort": 80}]`), true},
		{"host port in bridge", container(`"portMappings": [{"containerPort": 80, "hostPort": 80}]`),
			container(`"portMappings": [{"containerPort": 80}]`), false},
		{"ports of two sizes", container(`"portMappings": [{"containerPort": 443}, {"containerPort": 80}]`),
			container(`"portMappings": [{"containerPort": 80}, {"containerPort": 443}]`), true},
		{"health check", container(`"healthCheck": {"command": ["CMD", "x"], "interval": 30, "timeout": 5, "retries": 3}`),
			container(`"healthCheck": {"command": ["CMD", "x"]}`), true},
		{"health check's interval", container(`"healthCheck": {"command": ["CMD", "x"], "interval": 31}`),
			container(`"healthCheck": {"command": ["CMD", "x"]}`), false},
		{"no swap", container(`"linuxParameters": {"maxSwap": 0}`), container(`"cpu": 0`), false},
		{"empty capabilities", container(`"linuxParameters": {"capabilities": {"add": [], "drop": []}, "initProcessEnabled": false}`),
			container(`"cpu": 0`), true},
		{"host port in awsvpc",
			`{"networkMode": "awsvpc", "containerDefinitions": [{"name": "web", "portMappings": [{"containerPort": 80, "hostPort": 80}]}]}`,
			`{"networkMode": "awsvpc", "containerDefinitions": [{"name": "web", "portMappings": [{"containerPort": 80}]}]}`, true},
		{"bridge", `{"networkMode": "bridge"}`, `{}`, true},
		{"host", `{"networkMode": "host"}`, `{}`, false},
		{"order of containers", `{"containerDefinitions": [{"name": "a"}, {"name": "b"}]}`,
			`{"containerDefinitions": [{"name": "b"}, {"name": "a"}]}`, true},
		{"platform of Fargate", `{"requiresCompatibilities": ["FARGATE"], "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}}`,
			`{"requiresCompatibilities": ["FARGATE"]}`, true},
		{"platform of EC2", `{"runtimePlatform": {"cpuArchitecture": "X86_64"}}`, `{}`, false},
		{"volumes", `{"volumes": [{"name": "a", "host": {}}, {"name": "b"}]}`, `{"volumes": [{"name": "b"}, {"name": "a"}]}`, true},
		{"sizes in words", `{"cpu": "0.25 vCPU", "memory": "0.5GB"}`, `{"cpu": "256", "memory": "512"}`, true},
		{"sizes", `{"cpu": "1 vCPU"}`, `{"cpu": "512"}`, false},
		{"empty label", container(`"dockerLabels": {"a": ""}`), container(`"dockerLabels": {}`), false},
		{"no labels", container(`"dockerLabels": {}`), container(`"cpu": 0`), true},
		{"what ECS tells", `{"revision": 3, "status": "ACTIVE", "compatibilities": ["EC2"], "requiresAttributes": [{"name": "x"}]}`, `{}`, true},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			a, b := canonical(define(t, c.a)), canonical(define(t, c.b))
			if same := fingerprint(a) == fingerprint(b); same != c.same {
				t.Errorf("same is %v, want %v:\n%s\n%s", same, c.same, awsjson.Encode(a), awsjson.Encode(b))
			}
		})
	}
}

// TestMask: nothing that looks like a secret is in a plan.
func TestMask(t *testing.T) {
	td := define(t, `{"containerDefinitions": [{"name": "web", "command": ["run", "--password", "hunter2", "-v"],
		"environment": [{"name": "DB_PASS", "value": "hunter2"}, {"name": "MYSQL_PWD", "value": "hunter2"},
			{"name": "CONN", "value": "Server=db;Password=hunter2;Port=1"}, {"name": "KEY", "value": "AKIAIOSFODNN7EXAMPLE"},
			{"name": "DB_PASSWORD_FILE", "value": "/run/secrets/db"}],
		"dockerLabels": {"app.api-token": "hunter2", "app": "web"},
		"logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": "hunter2", "splunk-url": "https://u:hunter2@x"}}}]}`)
	got := string(awsjson.Encode(mask("", canonical(td))))
	want := `{"containerDefinitions":[{"command":["run","--password","***","-v"],"dockerLabels":{"app":"web","app.api-token":"***"},` +
		`"environment":[{"name":"CONN","value":"Server=db;Password=***;Port=1"},{"name":"DB_PASS","value":"***"},` +
		`{"name":"DB_PASSWORD_FILE","value":"/run/secrets/db"},{"name":"KEY","value":"***"},{"name":"MYSQL_PWD","value":"***"}],` +
		`"logConfiguration":{"logDriver":"splunk","options":{"splunk-token":"***","splunk-url":"https://u:***@x"}},"name":"web"}],"family":"shop"}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestChanges: what differs is named by its path, and secrets are not shown.
func TestChanges(t *testing.T) {
	a := define(t, `{"containerDefinitions": [{"name": "db", "image": "mysql:8"}, {"name": "web", "image": "shop:1", "command": ["run"],
		"environment": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "a"}, {"name": "URL", "value": "http://u:hunter2@db/x"}]}]}`)
	b := define(t, `{"containerDefinitions": [{"name": "web", "image": "shop:2", "command": ["run", "--token=hunter3"],
		"environment": [{"name": "DB_PASSWORD", "value": "hunter3"}, {"name": "NEW_TOKEN", "value": "hunter4"}, {"name": "URL", "value": "http://u:hunter3@db/x"}]}]}`)
	var got []string
	for _, c := range changes("", "", canonical(a), canonical(b)) {
		got = append(got, c.String())
	}
	want := []string{
		`containerDefinitions[db]: - {"image":"mysql:8","name":"db"}`,
		`containerDefinitions[web].command: ["run"] -> ["run","--token=***"]`,
		`containerDefinitions[web].environment[DB_PASSWORD].value: "***" -> "***"`,
		`containerDefinitions[web].environment[MODE]: - {"name":"MODE","value":"a"}`,
		`containerDefinitions[web].environment[NEW_TOKEN]: + {"name":"NEW_TOKEN","value":"***"}`,
		`containerDefinitions[web].environment[URL].value: "http://u:***@db/x" -> "http://u:***@db/x"`,
		`containerDefinitions[web].image: "shop:1" -> "shop:2"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
