package source

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ecsctl/ecsctl/compose/diag"
)

func parse(t *testing.T, text string) (*Node, diag.List) {
	t.Helper()
	var diags diag.List
	docs := Parse("f.yml", []byte(text), lookup, &diags)
	if len(docs) == 0 {
		return nil, diags
	}
	return docs[0], diags
}

// TestPositions: each value stands where it was written, also one that an alias or a merge key brings.
func TestPositions(t *testing.T) {
	n, diags := parse(t, `x-base: &base
  a: 1
  list: &list
    - one
    - key: two
web:
  <<: *base
  b: *list
  text: >
    folded
`)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for _, c := range []struct {
		path []any
		want string
	}{
		{[]any{"web"}, "f.yml:6:1"},
		{[]any{"web", "a"}, "f.yml:2:3"},
		{[]any{"web", "list", 1}, "f.yml:5:7"},
		{[]any{"web", "list", 1, "key"}, "f.yml:5:7"},
		{[]any{"web", "b"}, "f.yml:8:3"},
		{[]any{"web", "b", 0}, "f.yml:4:7"},
		{[]any{"web", "text"}, "f.yml:9:3"},
		{[]any{"web", "missing", "below"}, "f.yml:6:1"},
		{[]any{"web", "b", 7}, "f.yml:8:3"},
		{nil, "f.yml:1:1"},
	} {
		if got := n.Where(c.path...).String(); got != c.want {
			t.Errorf("%v is at %s, want %s", c.path, got, c.want)
		}
	}
}

// TestSyntaxErrors: what is no YAML is shown at the line that breaks it, not where the value around it begins.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a:\n  b: 1\n c: 2\n", "f.yml:3:2: error: not YAML: did not find expected key: indent the line like those above it [C09]"},
		{"a: [1\nb: 2\n", "f.yml:1:1: error: not YAML: did not find expected ',' or ']': close the list [C09]"},
		{"a: 1\n\tb: 2\n", "f.yml:2:1: error: not YAML: found a tab character that violates indentation: indent with spaces [C09]"},
		{"a: b: c\n", "f.yml:1:1: error: not YAML: mapping values are not allowed in this context: " +
			"write the value in quotes, or the key on a line of its own [C09]"},
		{"a: 1\n---\nb: @\n", "f.yml:3:1: error: not YAML: found character that cannot start any token: " +
			"write the value in quotes [C09]"},
		{"a: 1\nb: 2\na: 3\n", `f.yml:3:1: error: a: "a" stands twice in one mapping, first in line 1: YAML allows it once [C09]`},
		{"1: a\n", "f.yml:1:1: error: a key must be a string: write it in quotes [C09]"},
		{"a: &x {b: *x}\n", "f.yml:1:11: error: a.b: the alias *x stands inside the value it stands for [C09]"},
		{"a: *x\n", "f.yml:1:4: error: the alias *x has no anchor: write &x before the value it stands for [C09]"},
		{"a:\n  <<: 5\n", "f.yml:2:7: error: a: the merge key << takes a mapping or a list of mappings, not an integer [C09]"},
		{"a: \xff\n", "f.yml:1:4: error: byte 0xff is not UTF-8: save the file as UTF-8 [C09]"},
		{"a: é\x00\n", "f.yml:1:5: error: control character 0x00: YAML allows it only as an escape in double quotes [C09]"},
		{"\xff\xfea\x00", "f.yml:1:1: error: the file is UTF-16: save it as UTF-8 [C09]"},
		{"a: ${SET\n", `f.yml:1:4: error: a: "${SET" has no closing brace: write $$ for a dollar sign [C04]`},
	} {
		_, diags := parse(t, c.text)
		if len(diags) == 0 || diags[0].String() != c.want {
			t.Errorf("%q\ngot  %v\nwant %s", c.text, diags, c.want)
		}
	}
}

// TestLimits: files that are meant to break a reader are refused at once.
func TestLimits(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	for name, c := range map[string]struct{ text, want string }{
		"aliases": {bomb, "more than 500000 values, aliases counted with all they stand for"},
		"depth":   {strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested deeper than 64 levels"},
		"nesting": {strings.Repeat("[", 100_000), "exceeded max depth"},
		"blocks":  {strings.Repeat("- ", 20_000), "exceeded max depth"},
		"size":    {"a: " + strings.Repeat("x", 10<<20), "the file is larger than the limit of 2 MiB"},
		"list":    {strings.Repeat("- x\n", 5001), "more than 5000 entries"},
		"mapping": {numbered("k%d: x\n", 5001), "more than 5000 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, diags := parse(t, c.text)
			if len(diags) == 0 || !strings.Contains(diags[0].Message, c.want) {
				t.Fatalf("got %v, want %s", diags, c.want)
			}
			t.Logf("%s after %s", diags[0], time.Since(start))
		})
	}
}

func numbered(line string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a: 1\n", "a: &x {b: c}\nd: {<<: *x}\n", "- a\n- - b\n", "a: !reset\nb: !override [c]\n", "---\na: b\n---\nc: d\n",
		"? a\n: b\n", "a: |\n  text\n", "a: !!binary aGk=\n", "a: 2001-01-01\n", "{a: [b, {c: d}]}", "<<: [{a: b}, {c: d}]\n",
	} {
		f.Add([]byte(s))
	}
	compose, err := os.ReadFile("../../testdata/load/long_forms.txtar")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(compose)
	f.Fuzz(func(t *testing.T, data []byte) {
		var diags diag.List
		for _, doc := range Parse("f.yml", data, lookup, &diags) {
			doc.Any()
		}
	})
}
