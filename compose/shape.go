package compose

import (
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// A shape says which values the JSON schema of the Compose Specification allows at one place. The table in shapes.go
// is made from the schema that comes with compose-go; walking it costs a hundredth of compiling that schema, and
// names every problem at its place.
type shape struct {
	kinds    kindSet
	enum     []string // the only words allowed
	pattern  pattern  // of a string
	bounded  bool     // whether a number must lie from min to max
	min, max float64
	props    []property // keys of a mapping, sorted
	keys     pattern    // of keys that are no property
	values   int        // the shape of their values, or noShape
	ext      bool       // keys may begin with x-
	required []string
	items    int // the shape of a list's items
	unique   bool
}

type property struct {
	name  string
	shape int
}

// Indexes of shapes that are not in the schema.
const (
	noShape  = -1 // not allowed
	anyShape = 0  // anything
)

// A kindSet is a set of source.Kind.
type kindSet uint8

func (s kindSet) has(k source.Kind) bool { return s&(1<<k) != 0 }

// A pattern names one of the regular expressions of the schema.
type pattern uint8

const (
	anyText pattern = iota
	resourceName
	lowerCase
	containerName
	pullPolicy
)

// patterns holds, for each pattern, its regular expression in the schema and a test that costs less.
var patterns = [...]struct {
	regexp string
	match  func(string) bool
	words  string
}{
	anyText:       {".+", func(s string) bool { return s != "" }, "must not be empty"},
	resourceName:  {"^[a-zA-Z0-9._-]+$", isResourceName, "may have letters, digits, dots, hyphens and underscores only"},
	lowerCase:     {"^[a-z]+$", isLowerCase, "may have lower-case letters only"},
	containerName: {"[a-zA-Z0-9][a-zA-Z0-9_.-]+", isContainerName, "needs two letters or digits at least"},
	pullPolicy: {"^(always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+)$",
		isPullPolicy, "must be always, never, missing, build, daily, weekly or every_<duration>"},
}

func isResourceName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isWord(c) && c != '.' && c != '-' {
			return false
		}
	}
	return s != ""
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isLowerCase(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return s != ""
}

func isContainerName(s string) bool {
	for i := 1; i < len(s); i++ {
		if isWord(s[i-1]) && s[i-1] != '_' && isResourceName(s[i:i+1]) {
			return true
		}
	}
	return false
}

func isPullPolicy(s string) bool {
	switch s {
	case "always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly":
		return true
	}
	every, found := strings.CutPrefix(s, "every_")
	found = found && every != ""
	for every != "" && found {
		unit := strings.TrimLeft(every, "0123456789")
		if unit == every || unit == "" || !strings.Contains("wdhms", unit[:1]) {
			return false
		}
		every = unit[1:]
	}
	return found
}

// Ids of problems with the form of a compose file.
const (
	ruleUnknownKey = "C06"
	ruleForm       = "C10"
)

// A validator compares a tree with the schema.
type validator struct {
	diags *diag.List
	nulls bool // an empty value is no problem: an earlier file gives it
}

func (v *validator) errorf(pos token.Position, rule string, path *source.Path, format string, args ...any) {
	v.diags.Addf(pos, diag.Error, rule, path.String(), format, args...)
}

// check returns n without what the schema does not allow: unknown keys are gone, and wrong values are null, also in
// lists, whose items keep their places. So the rest can still be read for further problems.
func (v *validator) check(n *source.Node, index int, path *source.Path) *source.Node {
	if index == anyShape || n.Directive == source.Reset {
		return n
	}
	s := &shapes[index]
	if !v.kind(n, s, path) {
		return &source.Node{Pos: n.Pos}
	}
	switch n.Kind {
	case source.Mapping:
		return v.mapping(n, s, path)
	case source.Sequence:
		return v.sequence(n, s, path)
	}
	if !v.scalar(n, s, path) {
		return &source.Node{Pos: n.Pos}
	}
	return n
}

func (v *validator) kind(n *source.Node, s *shape, path *source.Path) bool {
	k := n.Kind
	switch {
	case s.kinds.has(k):
		return true
	case k == source.Null && v.nulls:
		return true
	case k == source.Int && s.kinds.has(source.Float), k == source.Time && s.kinds.has(source.String):
		return true
	case n.Raw != "" && v.castable(n.Text, s): // a variable gave the text
		return true
	case k == source.Null:
		v.errorf(n.Pos, ruleForm, path, "is empty: give it %s or remove the key", s.kinds)
	default:
		v.errorf(n.Pos, ruleForm, path, "must be %s, not %s", s.kinds, k)
	}
	return false
}

// castable reports whether text, the value of a variable, can be read as one of the kinds of s.
func (v *validator) castable(text string, s *shape) bool {
	if s.kinds.has(source.Bool) {
		switch strings.ToLower(text) {
		case "true", "false", "yes", "no", "y", "n", "on", "off":
			return true
		}
	}
	if s.kinds.has(source.Int) || s.kinds.has(source.Float) {
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	}
	return false
}

// String lists the kinds in words: "a string or a list".
func (s kindSet) String() string {
	var words []string
	for k := source.Bool; k <= source.Mapping; k++ {
		if s.has(k) && !(k == source.Int && s.has(source.Float)) {
			words = append(words, k.String())
		}
	}
	return orList(words)
}

func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func (v *validator) scalar(n *source.Node, s *shape, path *source.Path) bool {
	if n.Kind == source.String {
		if s.enum != nil && !slices.Contains(s.enum, n.Text) {
			v.errorf(n.Pos, ruleForm, path, "must be %s, not %q%s", orList(s.enum), n.Written(), diag.Suggest(n.Text, s.enum))
			return false
		}
		if p := patterns[s.pattern]; s.pattern != anyText && !p.match(n.Text) {
			v.errorf(n.Pos, ruleForm, path, "%q %s", n.Written(), p.words)
			return false
		}
	}
	if f, err := strconv.ParseFloat(n.Text, 64); s.bounded && err == nil && (f < s.min || f > s.max) {
		if f < s.min {
			v.errorf(n.Pos, ruleForm, path, "must be %v or more, not %s", s.min, n.Written())
		} else {
			v.errorf(n.Pos, ruleForm, path, "must be %v or less, not %s", s.max, n.Written())
		}
		return false
	}
	return true
}

func (v *validator) mapping(n *source.Node, s *shape, path *source.Path) *source.Node {
	for _, key := range s.required {
		if n.Field(key) == nil {
			v.errorf(n.Pos, ruleForm, path, "the key %q is missing", key)
		}
	}
	var changed []source.Field // a copy of n.Fields, once one differs
	for i, f := range n.Fields {
		value := v.field(f, s, path)
		if changed == nil && value == f.Value {
			continue
		}
		if changed == nil {
			changed = append(make([]source.Field, 0, len(n.Fields)), n.Fields[:i]...)
		}
		if value != nil {
			f.Value = value
			changed = append(changed, f)
		}
	}
	if changed == nil {
		return n
	}
	c := *n
	c.Fields = changed
	return &c
}

// field returns the value of f as the schema allows it, or nil for a key it does not know.
func (v *validator) field(f source.Field, s *shape, path *source.Path) *source.Node {
	if strings.HasPrefix(f.Key, "x-") && s.ext {
		return f.Value
	}
	i, known := slices.BinarySearchFunc(s.props, f.Key, func(p property, key string) int {
		return strings.Compare(p.name, key)
	})
	switch {
	case known:
		return v.check(f.Value, s.props[i].shape, path.Key(f.Key))
	case s.values == noShape:
		names := make([]string, len(s.props))
		for i, p := range s.props {
			names[i] = p.name
		}
		v.errorf(f.Pos, ruleUnknownKey, path.Key(f.Key), "unknown key %q%s", f.Key, diag.Suggest(f.Key, names))
		return nil
	case !patterns[s.keys].match(f.Key):
		v.errorf(f.Pos, ruleForm, path.Key(f.Key), "the name %q %s", f.Key, patterns[s.keys].words)
		return nil
	}
	return v.check(f.Value, s.values, path.Key(f.Key))
}

func (v *validator) sequence(n *source.Node, s *shape, path *source.Path) *source.Node {
	var changed []*source.Node
	for i, item := range n.Items {
		checked := v.check(item, s.items, path.Item(item.Index)).AsItem(item.Index)
		if changed == nil && checked != item {
			changed = slices.Clone(n.Items)
		}
		if changed != nil {
			changed[i] = checked
		}
		if s.unique && item.IsScalar() && slices.ContainsFunc(n.Items[:i], func(o *source.Node) bool {
			return o.IsScalar() && o.Kind == item.Kind && o.Text == item.Text
		}) {
			v.errorf(item.Pos, ruleForm, path.Item(item.Index), "%q stands twice in the list", item.Written())
		}
	}
	if changed == nil {
		return n
	}
	return n.WithItems(changed)
}
