// Package source reads YAML files into trees whose every value knows where it was written.
//
// Aliases and merge keys are resolved, variables are interpolated, and each value keeps the position of the
// text it came from, so that a problem found late can still be shown at its place. Trees are never changed
// after they are made: an anchored value and its aliases are one node.
package source

import (
	"fmt"
	"go/token"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// A Kind is the type of a value by the YAML 1.2 core schema.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Int
	Float
	Time
	String
	Sequence
	Mapping
)

// String names the kind in the words people use for YAML.
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "an integer", "a number", "a date", "a string", "a list", "a mapping"}[k]
}

// A Directive is a tag that changes how a value is merged with the same value of an earlier file
// (Compose Specification, "Merge": reset value, replace value).
type Directive uint8

// The directives.
const (
	NoDirective Directive = iota
	Reset                 // !reset: forget the earlier value
	Override              // !override: replace the earlier value instead of merging
)

// A Node is one value of a YAML file.
type Node struct {
	Kind      Kind
	Directive Directive
	Tagged    bool     // it or a value below it has a directive
	Quoted    bool     // a scalar in quotes or a block: always a string
	Text      string   // of a scalar, after interpolation
	Raw       string   // of a scalar that interpolation changed, and of what a short form stands for: the text as written
	Unset     []string // variables that Text needed, had no default for and did not find
	Fields    []Field  // of a mapping, in file order
	Items     []*Node  // of a sequence
	Index     int      // of an item, in the sequence that was written
	Pos       token.Position
}

// A Field is one key of a mapping with its value.
type Field struct {
	Key   string
	Raw   string         // of a key that interpolation made, which a short form can have: the text as written
	Pos   token.Position // of the key
	Value *Node
}

// Field returns the field with the given key, or nil. It may be called on nil.
func (n *Node) Field(key string) *Field {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return &n.Fields[i]
		}
	}
	return nil
}

// Get returns the value of the given key, or nil. It may be called on nil.
func (n *Node) Get(key string) *Node {
	if f := n.Field(key); f != nil {
		return f.Value
	}
	return nil
}

// TextOr returns the text of a scalar, or otherwise if n is nil or null.
func (n *Node) TextOr(otherwise string) string {
	if n == nil || n.Kind == Null {
		return otherwise
	}
	return n.Text
}

// FieldsOrNone returns the fields of a mapping. It may be called on nil.
func (n *Node) FieldsOrNone() []Field {
	if n == nil {
		return nil
	}
	return n.Fields
}

// ItemsOrNone returns the items of a sequence. It may be called on nil.
func (n *Node) ItemsOrNone() []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// UnsetOrNone returns the variables that were not set. It may be called on nil.
func (n *Node) UnsetOrNone() []string {
	if n == nil {
		return nil
	}
	return n.Unset
}

// Keys returns the keys of a mapping, in file order.
func (n *Node) Keys() []string {
	if n == nil {
		return nil
	}
	keys := make([]string, len(n.Fields))
	for i, f := range n.Fields {
		keys[i] = f.Key
	}
	return keys
}

// IsScalar reports whether n is neither a mapping nor a sequence.
func (n *Node) IsScalar() bool { return n.Kind < Sequence }

// IsEmpty reports whether n is absent, null, false, zero or has no contents: whether nothing is lost without it.
func (n *Node) IsEmpty() bool {
	if n == nil {
		return true
	}
	switch n.Kind {
	case Null:
		return true
	case Mapping:
		return len(n.Fields) == 0
	case Sequence:
		return len(n.Items) == 0
	case Bool:
		return strings.EqualFold(n.Text, "false")
	default:
		return n.Text == "" || n.Text == "0" || n.Raw != "" && n.Text == "false"
	}
}

// With returns a copy of the mapping n in which key has the given value.
func (n *Node) With(f Field) *Node {
	c := *n
	c.Fields = make([]Field, 0, len(n.Fields)+1)
	found := false
	for _, old := range n.Fields {
		if old.Key == f.Key {
			old, found = f, true
		}
		c.Fields = append(c.Fields, old)
	}
	if !found {
		c.Fields = append(c.Fields, f)
	}
	return &c
}

// Without returns a copy of the mapping n without the given key.
func (n *Node) Without(key string) *Node {
	c := *n
	c.Fields = make([]Field, 0, len(n.Fields))
	for _, f := range n.Fields {
		if f.Key != key {
			c.Fields = append(c.Fields, f)
		}
	}
	return &c
}

// AsItem returns n as item i of a sequence that was written.
func (n *Node) AsItem(i int) *Node {
	if n.Index == i {
		return n
	}
	c := *n
	c.Index = i
	return &c
}

// WithItems returns a copy of the sequence n that has the given items.
func (n *Node) WithItems(items []*Node) *Node {
	c := *n
	c.Kind, c.Items = Sequence, items
	return &c
}

// NewString returns a string written at pos.
func NewString(pos token.Position, text string) *Node {
	return &Node{Kind: String, Quoted: true, Text: text, Pos: pos}
}

// NewInt returns a whole number written at pos.
func NewInt(pos token.Position, n int) *Node {
	return &Node{Kind: Int, Text: strconv.Itoa(n), Pos: pos}
}

// NewBool returns a boolean written at pos.
func NewBool(pos token.Position, b bool) *Node {
	return &Node{Kind: Bool, Text: strconv.FormatBool(b), Pos: pos}
}

// NewMapping returns a mapping written at pos.
func NewMapping(pos token.Position, fields ...Field) *Node {
	return &Node{Kind: Mapping, Fields: fields, Pos: pos}
}

// F returns a field whose key stands where its value stands: for keys that a short form leaves out.
func F(key string, value *Node) Field { return Field{Key: key, Pos: value.Pos, Value: value} }

// Any returns the value as Go's own types: nil, bool, int, float64, time.Time, string, []any, map[string]any.
func (n *Node) Any() any {
	switch n.Kind {
	case Null:
		return nil
	case String:
		return n.Text
	case Mapping:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = f.Value.Any()
		}
		return m
	case Sequence:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = item.Any()
		}
		return l
	case Int:
		if i, err := strconv.Atoi(n.Text); err == nil && (n.Text[0] != '0' || len(n.Text) == 1) {
			return i
		}
	}
	var v any
	y := yaml.Node{Kind: yaml.ScalarNode, Value: n.Text}
	if err := y.Decode(&v); err != nil {
		return n.Text
	}
	return v
}

// String returns the value of a scalar as text, the way the Compose model turns scalars into strings:
// numbers and dates are read first, so that 1.10 becomes "1.1".
func (n *Node) String() string {
	switch v := n.Any().(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// At returns the value at the path, or nil. Steps are keys (string) and indexes (int). It may be called on nil.
func (n *Node) At(path ...any) *Node {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			n = n.Get(step)
		case int:
			if step >= len(n.ItemsOrNone()) {
				return nil
			}
			n = n.Items[step]
		}
	}
	return n
}

// Where returns the position of the deepest key or item on the path that exists: the place to show for a problem
// with the value at path, or with its absence.
func (n *Node) Where(path ...any) token.Position {
	if n == nil {
		return token.Position{}
	}
	pos := n.Pos
	for _, step := range path {
		switch step := step.(type) {
		case string:
			f := n.Field(step)
			if f == nil {
				return pos
			}
			pos, n = f.Pos, f.Value
		case int:
			if n == nil || step >= len(n.Items) {
				return pos
			}
			n = n.Items[step]
			pos = n.Pos
		}
	}
	return pos
}
