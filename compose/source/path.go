package source

import (
	"strconv"
	"strings"
)

// A Path leads from the root of a tree to one value. The nil path is the root.
// It is a list from the value up to the root, so that walking down costs one small allocation a step.
type Path struct {
	parent *Path
	key    string // of a mapping, or
	index  int    // of a sequence, where key is ""
}

// Key returns the path of the value of key in the mapping at p.
func (p *Path) Key(key string) *Path { return &Path{parent: p, key: key} }

// Item returns the path of item i of the sequence at p.
func (p *Path) Item(i int) *Path { return &Path{parent: p, index: i} }

// Below returns the path that leads from p through steps: keys (string) and items (int).
func (p *Path) Below(steps ...any) *Path {
	for _, s := range steps {
		switch s := s.(type) {
		case string:
			p = p.Key(s)
		case int:
			p = p.Item(s)
		}
	}
	return p
}

// NewPath returns the path through the given keys.
func NewPath(keys ...string) *Path {
	var p *Path
	for _, k := range keys {
		p = p.Key(k)
	}
	return p
}

// Matches reports whether the path is of the pattern: keys with dots between them, where * stands for any key.
func (p *Path) Matches(pattern string) bool {
	i := strings.LastIndexByte(pattern, '.')
	switch {
	case p == nil || p.key == "" || pattern[i+1:] != "*" && pattern[i+1:] != p.key:
		return false
	case i < 0:
		return p.parent == nil
	}
	return p.parent.Matches(pattern[:i])
}

// String writes the path as people do: services.web.ports[0].
func (p *Path) String() string {
	if p == nil {
		return ""
	}
	var b strings.Builder
	p.write(&b)
	return b.String()
}

func (p *Path) write(b *strings.Builder) {
	if p.parent != nil {
		p.parent.write(b)
	}
	if p.key == "" {
		b.WriteByte('[')
		b.WriteString(strconv.Itoa(p.index))
		b.WriteByte(']')
		return
	}
	if b.Len() > 0 {
		b.WriteByte('.')
	}
	b.WriteString(p.key)
}
