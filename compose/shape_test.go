package compose

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

var update = flag.Bool("update", false, "rewrite generated files and expected results")

// TestShapesAreCurrent holds shapes.go against the schema that comes with compose-go.
func TestShapesAreCurrent(t *testing.T) {
	want := generateShapes(t)
	if *update {
		if err := os.WriteFile("shapes.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("shapes.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("shapes.go is not made from the schema of this compose-go: go test ./compose -update")
	}
}

func generateShapes(t *testing.T) []byte {
	t.Helper()
	g := &shapeGenerator{index: map[string]int{"": anyShape}, refs: map[string]int{}, lines: []string{"anyShape: {},"}}
	var root map[string]any
	if err := json.Unmarshal([]byte(schema.Schema), &root); err != nil {
		t.Fatal(err)
	}
	g.defs = root["$defs"].(map[string]any)
	for key := range legacyKeys {
		g.defs["service"].(map[string]any)["properties"].(map[string]any)[key] = map[string]any{"type": "string"}
	}
	top := g.shape(root)
	var b strings.Builder
	b.WriteString("// Code generated from the schema of the Compose Specification; DO NOT EDIT.\n")
	b.WriteString("// To renew it: go test ./compose -run TestShapesAreCurrent -update\n\npackage compose\n\n")
	fmt.Fprintf(&b, "// fileShape is the shape of a whole file.\nconst fileShape = %d\n\nvar shapes = [...]shape{\n", top)
	for _, l := range g.lines {
		b.WriteString(l + "\n")
	}
	b.WriteString("}\n")
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// legacyKeys are keys of a service that old formats had and no other key says; the schema has dropped them.
var legacyKeys = map[string]bool{"volume_driver": true}

type shapeGenerator struct {
	defs  map[string]any
	index map[string]int // line → its index
	refs  map[string]int
	lines []string
}

// parts of one schema node, alternatives folded together: each stands for other kinds of values.
type parts struct {
	kinds    kindSet
	enum     []string
	pattern  string
	min, max any
	props    map[string]any
	other    map[string]any // pattern → schema
	closed   bool
	required []string
	items    any
	unique   bool
}

var kindNames = map[string]kindSet{
	"null": 1 << source.Null, "boolean": 1 << source.Bool, "integer": 1 << source.Int,
	"number": 1<<source.Int | 1<<source.Float, "string": 1 << source.String,
	"array": 1 << source.Sequence, "object": 1 << source.Mapping,
}

func (g *shapeGenerator) shape(node map[string]any) int {
	if ref, ok := node["$ref"].(string); ok {
		if i, ok := g.refs[ref]; ok {
			return i
		}
		g.refs[ref] = anyShape // below itself, any value: include in include
		i := g.shape(g.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any))
		g.refs[ref] = i
		return i
	}
	p := &parts{props: map[string]any{}, other: map[string]any{}}
	g.collect(node, p)
	if p.kinds == 0 {
		return anyShape
	}
	return g.add(p)
}

func (g *shapeGenerator) collect(node map[string]any, p *parts) {
	if ref, ok := node["$ref"].(string); ok {
		g.collect(g.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), p)
		return
	}
	for _, key := range []string{"oneOf", "anyOf", "allOf"} {
		for _, alt := range list(node[key]) {
			if alt := alt.(map[string]any); alt["type"] != nil || alt["$ref"] != nil || alt["oneOf"] != nil {
				g.collect(alt, p)
			}
		}
	}
	switch t := node["type"].(type) {
	case string:
		p.kinds |= kindNames[t]
	case []any:
		for _, k := range t {
			p.kinds |= kindNames[k.(string)]
		}
	}
	for _, w := range list(node["enum"]) {
		p.enum = append(p.enum, w.(string))
	}
	if s, ok := node["pattern"].(string); ok {
		p.pattern = s
	}
	if v, ok := node["minimum"]; ok {
		p.min = v
	}
	if v, ok := node["maximum"]; ok {
		p.max = v
	}
	maps.Copy(p.props, mapping(node["properties"]))
	maps.Copy(p.other, mapping(node["patternProperties"]))
	switch a := node["additionalProperties"].(type) {
	case map[string]any:
		p.other[".+"] = a
	case bool:
		p.closed = p.closed || !a
	}
	if node["unevaluatedProperties"] == false {
		p.closed = true
	}
	for _, r := range list(node["required"]) {
		p.required = append(p.required, r.(string))
	}
	if items, ok := node["items"]; ok {
		p.items = items
	}
	if node["uniqueItems"] == true {
		p.unique = true
	}
}

func (g *shapeGenerator) add(p *parts) int {
	var b strings.Builder
	field := func(name, format string, args ...any) { fmt.Fprintf(&b, name+": "+format+", ", args...) }
	field("kinds", "%#b", p.kinds)
	if p.enum != nil {
		field("enum", "%#v", p.enum)
	}
	if p.pattern != "" {
		field("pattern", "%d", patternIndex(p.pattern))
	}
	if p.min != nil || p.max != nil {
		lo, hi := -1e18, 1e18
		if p.min != nil {
			lo = p.min.(float64)
		}
		if p.max != nil {
			hi = p.max.(float64)
		}
		field("bounded", "true, min: %v, max: %v", lo, hi)
	}
	if len(p.props) > 0 {
		var props []string
		for _, name := range slices.Sorted(maps.Keys(p.props)) {
			props = append(props, fmt.Sprintf("{%q, %d}", name, g.shape(p.props[name].(map[string]any))))
		}
		field("props", "[]property{%s}", strings.Join(props, ", "))
	}
	values := anyShape
	if p.closed {
		values = noShape
	}
	for _, key := range slices.Sorted(maps.Keys(p.other)) {
		if key == "^x-" {
			field("ext", "true")
			continue
		}
		field("keys", "%d", patternIndex(key))
		values = g.shape(p.other[key].(map[string]any))
	}
	if values != anyShape {
		field("values", "%d", values)
	}
	if p.required != nil {
		field("required", "%#v", p.required)
	}
	if items, ok := p.items.(map[string]any); ok {
		if i := g.shape(items); i != anyShape {
			field("items", "%d", i)
		}
	}
	if p.unique {
		field("unique", "true")
	}
	line := strings.TrimSuffix(b.String(), ", ")
	if i, ok := g.index[line]; ok {
		return i
	}
	i := len(g.lines)
	g.index[line] = i
	g.lines = append(g.lines, fmt.Sprintf("%d: {%s},", i, line))
	return i
}

func patternIndex(re string) int {
	if re == "^.+$" {
		re = ".+"
	}
	for i, p := range patterns {
		if p.regexp == re {
			return i
		}
	}
	panic("shapes: no pattern " + re)
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// TestShapesAgreeWithSchema puts values of all kinds at each place that the schema knows, and compares our verdict
// with that of a JSON schema validator.
func TestShapesAgreeWithSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("compose.json", doc); err != nil {
		t.Fatal(err)
	}
	validator := c.MustCompile("compose.json")
	values := []string{
		`null`, `true`, `1`, `-1`, `1.5`, `200`, `""`, `"a"`, `"A b"`, `"80"`, `"always"`, `"all"`, `[]`, `[1]`, `["a"]`,
		`["a", "a"]`, `[{}]`, `{}`, `{"a": "b"}`, `{"a": 1}`, `{"a": null}`, `{"a": ["b"]}`, `{"x-a": 1}`, `{"A b": {}}`,
	}
	for _, path := range schema.AttributePaths() {
		for _, value := range values {
			text := document(string(path), value)
			var diags diag.List
			nodes := source.Parse("compose.yaml", []byte(text), nil, &diags)
			checkShape(nodes[0], &diags)
			instance, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := validator.Validate(instance); (err != nil) != diags.HasErrors() && !meantToDiffer(string(path), diags) {
				t.Errorf("%s\nschema: %v\nours: %v", text, err, diags)
			}
		}
	}
}

// meantToDiffer reports whether our verdict differs from the schema's where it is meant to: a name that does not match
// the pattern of names has any value in the schema, and is an error here; a job without a trigger is one there.
func meantToDiffer(path string, diags diag.List) bool {
	return path == "jobs.*.triggers" || slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
		return strings.HasPrefix(d.Message, "the name ")
	})
}

func checkShape(n *source.Node, diags *diag.List) {
	(&validator{diags: diags}).check(n, fileShape, nil)
}

// document returns a file, as JSON, that has the value at the path.
func document(path, value string) string {
	before, after := "", ""
	for step := range strings.SplitSeq(path, ".") {
		switch step {
		case "[]":
			before, after = before+"[", "]"+after
		case "*":
			before, after = before+`{"k": `, "}"+after
		default:
			before, after = before+fmt.Sprintf("{%q: ", step), "}"+after
		}
	}
	return before + value + after
}
