package translate

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/compose-spec/compose-go/v2/schema"

	"github.com/ecsctl/ecsctl/compose"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
	"github.com/ecsctl/ecsctl/ecsparams"
)

// Each key of the files with values of each form.

// forms are values of each form that a key can have, as JSON.
var forms = []string{
	`null`, `5`, `-1`, `1.5`, `99999999999999999999`, `true`, `""`, `"x"`, `".nan"`, `[]`, `["x"]`, `[5]`, `[null]`,
	`[["x"]]`, `[{}]`,
	`[{"x": "y"}]`, `{}`, `{"x": null}`, `{"x": 5}`, `{"x": "y"}`, `{"x": ["y"]}`, `{"x": {}}`, `{"x": {"x": "y"}}`,
}

// filePaths returns the paths of all keys of a compose file and of ecs-params. Keys of structures of the ECS API count.
func filePaths() (ofCompose, ofParams []string) {
	for _, p := range schema.AttributePaths() {
		ofCompose = append(ofCompose, string(p))
	}
	ofCompose = append(ofCompose, "services.*.ulimits.nofile", "services.*.volume_driver", "services.*.net",
		"services.*.log_opt")
	return ofCompose, memberKeys(reflect.TypeFor[ecsparams.Params](), "", 0)
}

// memberKeys returns the paths of the keys of a structure of ecs-params or of the ECS API, all the way down.
func memberKeys(t reflect.Type, prefix string, depth int) []string {
	var paths []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || f.Anonymous || !f.IsExported() {
			continue
		}
		if name == "" {
			name = source.SnakeCase(f.Name)
		}
		path, ft := prefix+name, f.Type
		paths = append(paths, path)
		for ft.Kind() == reflect.Pointer || ft.Kind() == reflect.Slice || ft.Kind() == reflect.Map {
			switch ft.Kind() {
			case reflect.Slice:
				path += ".[]"
			case reflect.Map:
				path += ".*"
			}
			ft = ft.Elem()
		}
		if path != prefix+name {
			paths = append(paths, path)
		}
		if ft.Kind() == reflect.Struct && depth < 3 {
			paths = append(paths, memberKeys(ft, path+".", depth+1)...)
		}
	}
	return paths
}

// put sets the value at a path below v; * stands for the key web, [] for the first item.
func put(v any, path string, value json.RawMessage) any {
	step, rest, more := strings.Cut(path, ".")
	switch {
	case step == "[]" && more:
		return []any{put(nil, rest, value)}
	case step == "[]":
		return []any{value}
	case step == "*":
		step = "web"
	}
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	if more {
		m[step] = put(m[step], rest, value)
	} else {
		m[step] = value
	}
	return m
}

// A crossing is a project one of whose keys has a value.
type crossing struct {
	compose []any // documents
	params  any
}

// sound returns a compose file without mistakes, which uses a volume, a network and a secret.
func sound() map[string]any {
	return map[string]any{"services": map[string]any{"web": map[string]any{
		"image": "nginx:1.27", "volumes": []any{"web:/data"}, "networks": []any{"web"}, "secrets": []any{"web"},
	}}, "volumes": map[string]any{"web": nil}, "networks": map[string]any{"web": nil},
		"secrets": map[string]any{"web": map[string]any{"external": true}}}
}

// translate loads and translates the project for several targets, and returns all diagnostics.
func (x *crossing) translate(t *testing.T, env map[string]string) diag.List {
	t.Helper()
	var text bytes.Buffer
	for _, f := range x.compose {
		text.WriteString("---\n")
		text.Write(marshal(t, f))
	}
	o := compose.Options{Files: []string{"-"}, Name: "p", Dir: "/nonexistent", Env: env, Stdin: &text}
	project, all, err := compose.Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if project == nil {
		return all
	}
	params := ecsparams.Parse("ecs-params.yml", marshal(t, x.params), env, &all)
	for _, target := range []Target{
		{Purpose: ToServe, Region: "eu-west-1", AllowUnsupported: []string{"volumes"}}, {LaunchType: types.LaunchTypeFargate},
	} {
		_, diags := Translate(project, params, target)
		all = append(all, diags...)
	}
	return all
}

// marshal writes a value as JSON, which is YAML too.
func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// TestEveryKeyWithEveryForm holds that no value of any key makes loading or translation panic: alone, and null in a
// later document over it.
func TestEveryKeyWithEveryForm(t *testing.T) {
	run := func(t *testing.T, path, form string, x crossing) {
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("%s: %s: %v", path, form, r)
			}
		}()
		x.translate(t, nil)
	}
	ofCompose, ofParams := filePaths()
	for _, path := range ofCompose {
		t.Run(path, func(t *testing.T) {
			for _, form := range forms {
				one := put(sound(), path, json.RawMessage(form))
				run(t, path, form, crossing{compose: []any{one}})
				run(t, path, form+", then null", crossing{compose: []any{one, put(nil, path, json.RawMessage("null"))}})
			}
		})
	}
	for _, path := range ofParams {
		t.Run(path, func(t *testing.T) {
			for _, form := range forms {
				run(t, path, form, crossing{[]any{sound()}, put(nil, path, json.RawMessage(form))})
			}
		})
	}
}

// secretForms are values of which a part, or the whole, comes of the variable SECRET.
var secretForms = []string{
	`"${SECRET}"`, `"${SECRET}:80"`, `"service:${SECRET}"`, `"arn:${SECRET}:secretsmanager:"`, `["${SECRET}"]`,
	`["${SECRET} =x"]`,
	`["x=${SECRET}"]`, `["${SECRET}:/x"]`, `["./x:/x:${SECRET}"]`, `["/x:/x:${SECRET}"]`, `["80/${SECRET}"]`,
	`{"x": "${SECRET}"}`,
	`{"test": "${SECRET}"}`, `[{"name": "${SECRET}"}]`, `{"external": true, "name": "sg-${SECRET}"}`,
}

// TestSecretsAreInNoMessage holds that no diagnostic has the value of a variable, whatever key has it.
func TestSecretsAreInNoMessage(t *testing.T) {
	const secret = "hunter2 !!"
	ofCompose, ofParams := filePaths()
	check := func(path, form string, x crossing) {
		for _, d := range x.translate(t, map[string]string{"SECRET": secret}) {
			if strings.Contains(strings.ToLower(d.String()), "hunter2") {
				t.Errorf("%s: %s: %s", path, form, d)
			}
		}
	}
	for _, form := range secretForms {
		for _, path := range ofCompose {
			check(path, form, crossing{compose: []any{put(sound(), path, json.RawMessage(form))}})
		}
		for _, path := range ofParams {
			check(path, form, crossing{[]any{sound()}, put(nil, path, json.RawMessage(form))})
		}
	}
}
