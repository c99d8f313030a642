package source

import (
	"go/token"
	"strings"
)

// What may be shown. The values of variables may be secrets: people see what stands in the files.

// Written returns the text of a scalar as it stands in the file: safe to show, since values of variables are not in it.
// It may be called on nil.
func (n *Node) Written() string {
	if n == nil {
		return ""
	}
	if n.Raw != "" {
		return n.Raw
	}
	return n.Text
}

// Written returns the key as it stands in the file.
func (f *Field) Written() string {
	if f.Raw != "" {
		return f.Raw
	}
	return f.Key
}

// Show returns text, which was made of n or of a value below it, as people may see it: itself if it stands in the file,
// else what stands there in its place. It may be called on nil.
func (n *Node) Show(text string) string {
	if n == nil || text == "" {
		return text
	}
	if n.Raw != "" && contains(n.Text, text) && !contains(n.Raw, text) {
		return n.Raw
	}
	for _, f := range n.Fields {
		if s := f.Value.Show(text); s != text {
			return s
		}
		if f.Raw != "" && contains(f.Key, text) {
			return f.Raw
		}
	}
	for _, item := range n.Items {
		if s := item.Show(text); s != text {
			return s
		}
	}
	return text
}

func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// From returns n, which the short form stands for, with what is shown of it. A field that holds the whole of the short
// form keeps the variables that have no value.
func (n *Node) From(short *Node) *Node {
	n.Directive, n.Tagged, n.Index = short.Directive, short.Tagged, short.Index
	if short.Raw != "" {
		n.Text, n.Raw = short.Text, short.Raw
	}
	return n
}

// A Spot is where a value stands.
type Spot struct {
	Pos  token.Position
	Path *Path // as written
	Node *Node // the value, or the deepest that exists above it; of a key that interpolation made, with the key
}

// Find returns where the value at the path below n stands, or of what is nearest to it. n stands at path.
// Steps are keys (string) and indexes (int).
func (n *Node) Find(path *Path, steps ...any) Spot {
	spot := Spot{Pos: n.Where(steps...), Path: path, Node: n}
	for _, step := range steps {
		next, key := (*Node)(nil), (*Field)(nil)
		switch step := step.(type) {
		case string:
			shown := step
			if f := n.Field(step); f != nil {
				next, shown, key = f.Value, f.Written(), f
			}
			spot.Path = spot.Path.Key(shown)
		case int:
			if n != nil && step < len(n.Items) {
				next = n.Items[step]
				step = next.Index
			}
			spot.Path = spot.Path.Item(step)
		}
		if n = next; n != nil {
			spot.Node = n
		}
		if key != nil && key.Raw != "" {
			spot.Node = NewMapping(key.Pos, *key)
		}
	}
	return spot
}
