package source

import (
	"bytes"
	"errors"
	"io"

	"gopkg.in/yaml.v3"

	"github.com/ecsctl/ecsctl/compose/diag"
)

// A File is a file whose YAML has been read, and whose variables have no values yet.
type File struct {
	name string
	docs []*yaml.Node
}

// Open reads the YAML of a file. Problems are added to diags; documents before a syntax error are kept.
func Open(filename string, data []byte, diags *diag.List) *File {
	file := &File{name: filename}
	p := &parser{filename: filename, diags: diags}
	if !p.readable(data) {
		return file
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return file
		}
		if err != nil {
			p.syntaxError(data, err)
			return file
		}
		file.docs = append(file.docs, doc.Content[0])
	}
}

// Nodes returns the documents as trees. lookup gives the values of variables; with a nil lookup nothing is
// interpolated.
func (f *File) Nodes(lookup func(string) (string, bool), diags *diag.List) []*Node {
	p := &parser{filename: f.name, lookup: lookup, diags: diags}
	var docs []*Node
	for _, doc := range f.docs {
		p.count, p.anchors = 0, map[*yaml.Node]anchor{}
		if n := p.node(doc, nil, 0); n != nil {
			docs = append(docs, n)
		}
	}
	return docs
}

// Texts returns the texts that the documents have at a key of theirs, before interpolation.
func (f *File) Texts(key string) []string {
	var texts []string
	for _, doc := range f.docs {
		if v := valueOf(doc, key, 0); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
			texts = append(texts, v.Value)
		}
	}
	return texts
}

// valueOf returns the value of a key of a mapping, also one that an alias or a merge key brings; nil if there is none.
func valueOf(y *yaml.Node, key string, depth int) *yaml.Node {
	var merged []*yaml.Node
	switch {
	case y.Kind == yaml.AliasNode && depth < MaxDepth:
		return valueOf(y.Alias, key, depth+1)
	case y.Kind == yaml.SequenceNode: // of a merge key
		merged = y.Content
	case y.Kind != yaml.MappingNode:
		return nil
	}
	for i := 0; i+1 < len(y.Content) && y.Kind == yaml.MappingNode; i += 2 {
		switch k, v := y.Content[i], y.Content[i+1]; {
		case k.ShortTag() == "!!merge":
			merged = append(merged, v)
		case k.Value == key && v.Kind == yaml.AliasNode:
			return v.Alias
		case k.Value == key:
			return v
		}
	}
	for _, m := range merged {
		if depth == MaxDepth {
			return nil
		}
		if v := valueOf(m, key, depth+1); v != nil {
			return v
		}
	}
	return nil
}

// Parse reads the YAML documents of a file. Problems are added to diags; documents before a syntax error are returned.
// lookup gives the values of variables; with a nil lookup nothing is interpolated.
func Parse(filename string, data []byte, lookup func(string) (string, bool), diags *diag.List) []*Node {
	return Open(filename, data, diags).Nodes(lookup, diags)
}
