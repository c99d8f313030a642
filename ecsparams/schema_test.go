package ecsparams

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ecsctl/ecsctl/compose/source"
)

var update = flag.Bool("update", false, "rewrite generated files and expected results")

// TestSchemaIsCurrent holds the JSON schema against the struct it is made from.
func TestSchemaIsCurrent(t *testing.T) {
	g := &schemaGenerator{docs: docComments(t), defs: map[string]any{}}
	root := g.object(reflect.TypeFor[Params]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "ecs-params"
	root["description"] = "What ECS is told besides the compose file."
	root["$defs"] = g.defs
	root["properties"].(map[string]any)["version"] = map[string]any{"enum": []any{1, "1"}, "description": "Of this schema."}
	want, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("ecs-params.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("ecs-params.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("ecs-params.schema.json is not made from this Params: go test ./ecsparams -update")
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(got)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("ecs-params.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compile("ecs-params.schema.json"); err != nil {
		t.Errorf("no JSON schema: %v", err)
	}
}

type schemaGenerator struct {
	docs map[string]string // Type.Field → comment
	defs map[string]any
}

// object returns the schema of a struct, with a property for each key.
func (g *schemaGenerator) object(t reflect.Type) map[string]any {
	props := map[string]any{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.Anonymous || !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = source.SnakeCase(f.Name)
		}
		s := g.schema(f.Type)
		if d := g.docs[t.Name()+"."+f.Name]; d != "" {
			s["description"] = d
		}
		props[name] = s
	}
	return map[string]any{"type": "object", "properties": props, "additionalProperties": false,
		"patternProperties": map[string]any{"^x-": true}}
}

func (g *schemaGenerator) schema(t reflect.Type) map[string]any {
	if words := enums[t]; words != nil {
		return map[string]any{"enum": words}
	}
	pairs := map[string]any{"type": "object", "additionalProperties": map[string]any{"type": scalar}}
	switch t {
	case reflect.TypeFor[Bytes]():
		return map[string]any{"type": []string{"integer", "string"}}
	case reflect.TypeFor[Seconds]():
		return map[string]any{"type": []string{"integer", "string"}}
	case reflect.TypeFor[Test](), reflect.TypeFor[Command]():
		return map[string]any{"type": []string{"string", "array"}, "items": map[string]any{"type": "string"}}
	case reflect.TypeFor[[]types.Tag](), reflect.TypeFor[[]types.KeyValuePair]():
		return pairs
	case reflect.TypeFor[types.EnvironmentFile]():
		return map[string]any{"type": "string"}
	case reflect.TypeFor[document.Interface]():
		return map[string]any{}
	}
	if members := unions[t]; members != nil {
		props := map[string]any{}
		for key, member := range members {
			f, _ := member.FieldByName("Value")
			props[key] = g.schema(f.Type)
		}
		return map[string]any{"type": "object", "properties": props, "additionalProperties": false, "maxProperties": 1}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem())
	case reflect.Struct:
		if g.defs[t.Name()] == nil {
			g.defs[t.Name()] = true // while it is made
			g.defs[t.Name()] = g.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.schema(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return map[string]any{"type": "object"}
		}
		if t.Elem().Kind() == reflect.String {
			return pairs
		}
		return map[string]any{"type": "object", "additionalProperties": g.schema(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": []string{"boolean", "string"}}
	case reflect.Float64:
		return map[string]any{"type": []string{"number", "string"}}
	case reflect.String:
		return map[string]any{"type": []string{"string", "number"}}
	default:
		return map[string]any{"type": []string{"integer", "string"}}
	}
}

var scalar = []string{"string", "number", "boolean"}

// docComments returns the comments of the fields of the structs of this package.
func docComments(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				return false
			}
			for _, field := range s.Fields.List {
				for _, id := range field.Names {
					docs[spec.Name.Name+"."+id.Name] = strings.TrimSpace(field.Comment.Text())
				}
			}
			return false
		})
	}
	return docs
}

// TestEnumsAreComplete fails for a type of the ECS API that takes certain words and has none in enums.
func TestEnumsAreComplete(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(typ.Elem())
		case reflect.Struct:
			for _, f := range reflect.VisibleFields(typ) {
				if f.IsExported() && f.Tag.Get("yaml") != "-" {
					walk(f.Type)
				}
			}
		case reflect.Interface:
			for _, member := range unions[typ] {
				walk(member)
			}
			if unions[typ] == nil && typ != reflect.TypeFor[any]() && typ != reflect.TypeFor[document.Interface]() {
				t.Errorf("%s is a union and is not in unions", typ)
			}
		case reflect.String:
			if _, is := typ.MethodByName("Values"); is && enums[typ] == nil {
				t.Errorf("%s takes certain words and is not in enums", typ)
			}
		}
	}
	walk(reflect.TypeFor[Params]())
	for typ := range enums {
		if !seen[typ] {
			t.Errorf("%s is in enums and no key takes it", typ)
		}
	}
}
