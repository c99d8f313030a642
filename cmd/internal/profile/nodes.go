package profile

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// A pair is a key of an entry with its value.
type pair struct {
	key, value string
	empty      emptyValue
}

// An emptyValue says what becomes of a key whose value is empty.
type emptyValue int

const (
	keepEmpty emptyValue = iota
	dropEmpty
)

// member returns the value of a key, nil if n has none.
func member(n *yaml.Node, key string) *yaml.Node {
	if i := index(n, key); i >= 0 {
		return n.Content[i+1]
	}
	return nil
}

// index returns where a key is in the content of n, -1 if it has none.
func index(n *yaml.Node, key string) int {
	if n == nil || n.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// keysOf returns the keys of a mapping, sorted.
func keysOf(n *yaml.Node) []string {
	var keys []string
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			keys = append(keys, n.Content[i].Value)
		}
	}
	slices.Sort(keys)
	return keys
}

// mapping returns the mapping below a key, which is made if there is none.
func mapping(n *yaml.Node, key string, f file) (*yaml.Node, error) {
	m := member(n, key)
	switch {
	case m == nil:
		m = &yaml.Node{Kind: yaml.MappingNode}
		add(n, key, m)
	case m.Tag == "!!null":
		*m = yaml.Node{
			Kind: yaml.MappingNode, HeadComment: m.HeadComment, LineComment: m.LineComment, FootComment: m.FootComment,
		}
	case m.Kind != yaml.MappingNode:
		return nil, inputErrorf("%s:%d: %s is no mapping of its own: edit it by hand; it is left as it is",
			f.name, m.Line, key)
	}
	return m, nil
}

// setString gives a key a text, and leaves its comments.
func setString(n *yaml.Node, key, value string) {
	v := member(n, key)
	if v == nil {
		v = &yaml.Node{}
		add(n, key, v)
	}
	if v.Kind == yaml.ScalarNode && v.Value == value && v.Tag != "!!null" {
		return
	}
	*v = yaml.Node{HeadComment: v.HeadComment, LineComment: v.LineComment, FootComment: v.FootComment}
	v.SetString(value)
}

func add(n *yaml.Node, key string, value *yaml.Node) {
	if len(n.Content) == 0 {
		n.Style = 0 // {} would stay in one line
	}
	k := &yaml.Node{}
	k.SetString(key)
	n.Content = append(n.Content, k, value)
}

func remove(n *yaml.Node, key string) {
	if i := index(n, key); i >= 0 {
		n.Content = slices.Delete(n.Content, i, i+2)
	}
}
