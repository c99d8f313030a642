package translate

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/compose-spec/compose-go/v2/schema"

	"github.com/ecsctl/ecsctl/compose/composetest"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
	"github.com/ecsctl/ecsctl/ecsparams"
)

// TestTopKeys fails for a key outside services without a row, a row the specification lacks, and a row out of order.
func TestTopKeys(t *testing.T) {
	rows := map[string]*composeKey{}
	for i := range topKeys {
		if i > 0 && topKeys[i-1].path >= topKeys[i].path {
			t.Errorf("%s stands after %s", topKeys[i].path, topKeys[i-1].path)
		}
		rows[topKeys[i].path] = &topKeys[i]
	}
	spec := map[string]bool{}
	for _, p := range schema.AttributePaths() {
		path := string(p)
		spec[path] = true
		if !strings.HasPrefix(path, "services") && rows[path] == nil && !covered(rows, path) {
			t.Errorf("%s has no row", path)
		}
	}
	for path := range rows {
		if !spec[path] {
			t.Errorf("%s has a row, and the specification has no such key", path)
		}
	}
}

// TestComposeKeys fails for a key of the Compose Specification without a row, a row the specification lacks, a row out
// of order, a row that no archive exercises, and a row that translates without an archive of its own.
func TestComposeKeys(t *testing.T) {
	rows := map[string]*composeKey{}
	for i := range composeKeys {
		row := &composeKeys[i]
		if i > 0 && composeKeys[i-1].path >= row.path {
			t.Errorf("%s stands after %s", row.path, composeKeys[i-1].path)
		}
		rows[row.path] = row
		switch {
		case row.target == "" && row.why == "":
			t.Errorf("%s sets nothing and has no reason", row.path)
		case row.target == "" && row.fargate != "":
			t.Errorf("%s is not possible on Fargate, and sets nothing anyway", row.path)
		case row.target != "" && row.apply == nil && !appliedAbove(rows, row.path):
			t.Errorf("%s sets %s, and nothing applies it", row.path, row.target)
		}
	}
	spec := serviceAttributes()
	for _, path := range spec {
		if rows[path] == nil && !covered(rows, path) {
			t.Errorf("%s has no row", path)
		}
	}
	for path := range rows {
		if !slices.Contains(spec, path) && path != "volume_driver" {
			t.Errorf("%s has a row, and the specification has no such key", path)
		}
	}
	exercised := exercisedKeys(t)
	for path, row := range rows {
		if !exercised[path] {
			t.Errorf("no archive in testdata/keys has %s", path)
		}
		if row.apply != nil && row.target != "" && !isFile(filepath.Join(keyArchives, archiveName(path)+".txtar")) {
			t.Errorf("%s is translated and has no testdata/keys/%s.txtar", path, archiveName(path))
		}
	}
}

// serviceAttributes returns the paths below services.* that the specification has.
func serviceAttributes() []string {
	var paths []string
	for _, p := range schema.AttributePaths() {
		if path, ok := strings.CutPrefix(string(p), "services.*."); ok {
			paths = append(paths, path)
		}
	}
	return paths
}

// appliedAbove reports whether a row above the path applies it.
func appliedAbove(rows map[string]*composeKey, path string) bool {
	for i := strings.LastIndexByte(path, '.'); i > 0; i = strings.LastIndexByte(path[:i], '.') {
		if row := rows[path[:i]]; row != nil && row.apply != nil {
			return true
		}
	}
	return false
}

// covered reports whether a key without a row needs none: the nearest row above covers all below it, or it is a mapping
// all of whose keys have rows.
func covered(rows map[string]*composeKey, path string) bool {
	below := false
	for other := range rows {
		below = below || strings.HasPrefix(other, path+".")
	}
	if below {
		return true
	}
	for i := strings.LastIndexByte(path, '.'); i > 0; i = strings.LastIndexByte(path[:i], '.') {
		above := path[:i]
		if rows[above] == nil {
			continue
		}
		for other := range rows {
			if strings.HasPrefix(other, above+".") && !strings.HasSuffix(path, ".*") {
				return false
			}
		}
		return true
	}
	return false
}

// exercisedKeys returns the rows whose keys the archives have.
func exercisedKeys(t *testing.T) map[string]bool {
	t.Helper()
	exercised := map[string]bool{}
	var walk func(n *source.Node, tree *keyNode)
	walk = func(n *source.Node, tree *keyNode) {
		for _, f := range n.Fields {
			below := tree.keys[f.Key]
			if below == nil {
				below = tree.any
			}
			if below == nil {
				continue
			}
			if below.row != nil {
				exercised[below.row.path] = true
			}
			walk(f.Value, below)
		}
		for _, item := range n.Items {
			if tree.items != nil {
				walk(item, tree.items)
			}
		}
	}
	for _, a := range composetest.All(t, keyArchives) {
		for _, f := range a.Files {
			if f.Name != "compose.yaml" {
				continue
			}
			var diags diag.List
			for _, doc := range source.Parse(f.Name, f.Data, nil, &diags) {
				for _, s := range doc.Get("services").Fields {
					walk(s.Value, keyTree())
				}
			}
		}
	}
	return exercised
}

// TestParamKeys does for ecs-params what TestComposeKeys does for compose.
func TestParamKeys(t *testing.T) {
	for i, row := range paramKeys {
		if i > 0 && paramKeys[i-1].path >= row.path {
			t.Errorf("%s stands after %s", row.path, paramKeys[i-1].path)
		}
		if !hasField(reflect.TypeFor[ecsparams.Params](), row.path) {
			t.Errorf("%s has a row, and ecs-params has no such key", row.path)
		}
		if name := "params_" + archiveName(row.path) + ".txtar"; !isFile(filepath.Join(keyArchives, name)) {
			t.Errorf("%s has no testdata/keys/%s", row.path, name)
		}
	}
	for _, path := range paramPaths(reflect.TypeFor[ecsparams.Params](), "") {
		if !slices.ContainsFunc(paramKeys, func(row paramKey) bool {
			return row.path == path || strings.HasPrefix(path, row.path+".")
		}) {
			t.Errorf("%s has no row", path)
		}
	}
}

// paramPaths returns the paths of the keys that hold values in a struct of ecs-params. Structs of the ECS API are one
// value.
func paramPaths(t reflect.Type, prefix string) []string {
	var paths []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || f.Anonymous || !f.IsExported() {
			continue
		}
		if name == "" {
			name = source.SnakeCase(f.Name)
		}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		path := prefix + name
		if ft.Kind() == reflect.Map && ft.Elem().Kind() == reflect.Pointer {
			path, ft = path+".*", ft.Elem().Elem()
		}
		if ft.Kind() == reflect.Struct && ft.PkgPath() == t.PkgPath() {
			paths = append(paths, paramPaths(ft, path+".")...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}

func hasField(t reflect.Type, path string) bool {
	for _, p := range paramPaths(t, "") {
		if p == path || strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// unreachable are members of the requests that no key sets, and why.
var unreachable = map[string]string{
	"RegisterTaskDefinition.inferenceAccelerators":        "Elastic Inference is withdrawn",
	"CreateService.clientToken":                           "made for each call",
	"CreateService.cluster":                               "of the command line",
	"CreateService.role":                                  "of the command line",
	"CreateService.serviceName":                           "the project",
	"CreateService.taskDefinition":                        "what was registered",
	"RunTask.clientToken":                                 "made for each call",
	"RunTask.cluster":                                     "of the command line",
	"RunTask.count":                                       "of the command line",
	"RunTask.referenceId":                                 "AWS's own",
	"RunTask.startedBy":                                   "of the command line",
	"RunTask.taskDefinition":                              "what was registered",
	"RegisterTaskDefinition.containerDefinitions[].name":  "the service",
	"RegisterTaskDefinition.volumes[].host.sourcePath":    "compose volumes",
	"RegisterTaskDefinition.volumes[].name":               "compose volumes",
	"RegisterTaskDefinition.volumes[].configuredAtLaunch": "run_params.volume_configurations",
	"RegisterTaskDefinition.containerDefinitions[].environmentFiles[].type": "S3 always",
}

// TestEveryMemberIsReachable fails for a member of the ECS API that no key sets, such as one that a new SDK brings.
func TestEveryMemberIsReachable(t *testing.T) {
	var targets []string
	for _, row := range composeKeys {
		if row.target != "containerDefinitions" { // of pre_start, which makes containers of the same keys
			targets = append(targets, row.target)
		}
	}
	for _, row := range paramKeys {
		targets = append(targets, row.target)
	}
	reached := func(prefixes []string, path string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool {
			return slices.ContainsFunc(targets, func(target string) bool {
				rest, ok := strings.CutPrefix(prefix+path, target)
				return ok && target != "" && (rest == "" || rest[0] == '.' || strings.HasPrefix(rest, "[]"))
			})
		})
	}
	excused := func(path string) bool {
		for p := range unreachable {
			if path == p || strings.HasPrefix(path, p+"[].") {
				return true
			}
		}
		return false
	}
	for _, request := range []struct {
		name     string
		typ      reflect.Type
		prefixes []string
	}{
		{"RegisterTaskDefinition", reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), []string{""}},
		{"CreateService", reflect.TypeFor[ecs.CreateServiceInput](), []string{"service."}},
		{"RunTask", reflect.TypeFor[ecs.RunTaskInput](), []string{"task.", "service."}},
	} {
		for _, path := range memberPaths(request.typ, "") {
			if !reached(request.prefixes, path) && !excused(request.name+"."+path) {
				t.Errorf("no key sets %s.%s", request.name, path)
			}
		}
	}
}

// memberPaths returns the paths of the leaves of a structure of the SDK, in the spelling of the API.
func memberPaths(t reflect.Type, prefix string) []string {
	var paths []string
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		path := prefix + strings.ToLower(f.Name[:1]) + f.Name[1:]
		ft := f.Type
		for ft.Kind() == reflect.Pointer || ft.Kind() == reflect.Slice {
			if ft.Kind() == reflect.Slice {
				path += "[]"
			}
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct && strings.Contains(ft.PkgPath(), "ecs/types") {
			paths = append(paths, memberPaths(ft, path+".")...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}

// TestReferenceIsCurrent holds KEYS.md against the tables.
func TestReferenceIsCurrent(t *testing.T) {
	want := Reference()
	if *update {
		if err := os.WriteFile("KEYS.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("KEYS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("KEYS.md is not made from the tables: go test ./translate -update")
	}
}
