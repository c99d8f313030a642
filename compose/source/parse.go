package source

import (
	"bytes"
	"errors"
	"go/token"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/ecsctl/ecsctl/compose/diag"
)

// Limits of a file. A task definition holds 64 KiB, so they are far from any file that can be deployed;
// they keep a broken or hostile file from costing more than a second.
const (
	MaxSize    = 2 << 20 // bytes of a file
	MaxDepth   = 64      // levels of nesting
	MaxEntries = 5_000   // of one list or mapping
	MaxNodes   = 500_000 // values of a document, each alias counted with all it stands for
)

// ruleSyntax is the id of problems with the YAML itself.
const ruleSyntax = "C09"

type parser struct {
	filename string
	lookup   func(string) (string, bool)
	diags    *diag.List
	count    int // values so far, aliases expanded
	anchors  map[*yaml.Node]anchor
	full     bool // MaxNodes was passed, and said so
}

// An anchor is what an anchored value became, or nil while it is being read.
type anchor struct {
	node  *Node
	count int
}

func (p *parser) errorf(pos token.Position, path *Path, format string, args ...any) {
	p.diags.Addf(pos, diag.Error, ruleSyntax, path.String(), format, args...)
}

func (p *parser) pos(y *yaml.Node) token.Position {
	return token.Position{Filename: p.filename, Line: y.Line, Column: y.Column}
}

// readable reports whether data is text of a size we read, and says at which place it is not.
func (p *parser) readable(data []byte) bool {
	start := token.Position{Filename: p.filename, Line: 1, Column: 1}
	switch {
	case len(data) > MaxSize:
		p.errorf(start, nil, "the file is larger than the limit of %d MiB: a task definition holds 64 KiB", MaxSize>>20)
		return false
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		p.errorf(start, nil, "the file is UTF-16: save it as UTF-8")
		return false
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			p.errorf(p.at(data, i), nil, "byte 0x%02x is not UTF-8: save the file as UTF-8", data[i])
			return false
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			p.errorf(p.at(data, i), nil, "control character 0x%02x: YAML allows it only as an escape in double quotes", r)
			return false
		}
		i += size
	}
	return true
}

// at returns the position of the byte at offset.
func (p *parser) at(data []byte, offset int) token.Position {
	before := data[:offset]
	line := bytes.Count(before, []byte{'\n'})
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return token.Position{Filename: p.filename, Line: line + 1, Column: column + 1}
}

var (
	yamlError     = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
)

// syntaxError reports an error of the YAML parser, whose text carries a line if it knows one.
func (p *parser) syntaxError(data []byte, err error) {
	line, message := splitError(err)
	if a := unknownAnchor.FindStringSubmatch(message); a != nil {
		pos := token.Position{Filename: p.filename, Line: 1, Column: 1}
		if i := bytes.Index(data, []byte("*"+a[1])); i >= 0 {
			pos = p.at(data, i)
		}
		p.errorf(pos, nil, "the alias *%s has no anchor: write &%s before the value it stands for", a[1], a[1])
		return
	}
	lines := bytes.SplitAfter(data, []byte{'\n'})
	if found := errorLine(data, lines, message); found > 0 {
		line = found
	}
	line = max(1, min(line, len(lines)))
	text := lines[line-1]
	column := len(text) - len(bytes.TrimLeft(text, " ")) + 1
	if hint, ok := yamlHints[message]; ok {
		message += ": " + hint
	}
	p.errorf(token.Position{Filename: p.filename, Line: line, Column: column}, nil, "not YAML: %s", message)
}

// yamlHints say what is most often behind a message of the YAML parser.
var yamlHints = map[string]string{
	"block sequence entries are not allowed in this context": "begin the list on a line of its own",
	"did not find expected '-' indicator":                    "indent the line like those above it",
	"did not find expected ',' or ']'":                       "close the list",
	"did not find expected ',' or '}'":                       "close the mapping",
	"did not find expected key":                              "indent the line like those above it",
	"found a tab character that violates indentation":        "indent with spaces",
	"found character that cannot start any token":            "write the value in quotes",
	"found unexpected end of stream":                         "close the quotes",
	"mapping values are not allowed in this context":         "write the value in quotes, or the key on a line of its own",
}

// splitError returns the line and the message of an error of the YAML parser; the line is 0 if it has none.
func splitError(err error) (line int, message string) {
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(m[1]) // 0 without one
	return line, m[2]
}

// maxSearch is the size of files in which the line of an error is searched for.
const maxSearch = 256 << 10

// errorLine returns the line that brings the message: the last one of the shortest beginning of the file that has it.
// The parser itself names the line where the value begins in which it stumbled. It returns 0 if there is none.
func errorLine(data []byte, lines [][]byte, message string) int {
	if len(data) > maxSearch {
		return 0
	}
	ends := make([]int, len(lines)) // of each line, in data
	for i, end := 0, 0; i < len(lines); i++ {
		end += len(lines[i])
		ends[i] = end
	}
	n := sort.Search(len(lines), func(n int) bool { return syntaxMessage(data[:ends[n]]) == message })
	if n == len(lines) {
		return 0
	}
	return n + 1
}

// syntaxMessage returns the message of the first syntax error in data, or "".
func syntaxMessage(data []byte) string {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			return ""
		} else if err != nil {
			_, message := splitError(err)
			return message
		}
	}
}

// node turns a value of the YAML parser into ours; nil where nothing can be made of it.
func (p *parser) node(y *yaml.Node, path *Path, depth int) *Node {
	if depth > MaxDepth {
		p.errorf(p.pos(y), nil, "nested deeper than %d levels", MaxDepth)
		return nil
	}
	if p.count++; p.count > MaxNodes {
		if !p.full {
			p.errorf(p.pos(y), nil, "more than %d values, aliases counted with all they stand for", MaxNodes)
		}
		p.full = true
		return nil
	}
	if y.Kind == yaml.AliasNode {
		return p.alias(y, path)
	}
	if y.Anchor == "" {
		return p.value(y, path, depth)
	}
	before := p.count
	p.anchors[y] = anchor{}
	n := p.value(y, path, depth)
	p.anchors[y] = anchor{n, p.count - before}
	return n
}

func (p *parser) alias(y *yaml.Node, path *Path) *Node {
	a := p.anchors[y.Alias]
	if a.node == nil {
		if !p.diags.HasErrors() { // else the anchored value was refused before
			p.errorf(p.pos(y), path, "the alias *%s stands inside the value it stands for", y.Value)
		}
		return nil
	}
	p.count += a.count
	return a.node
}

func (p *parser) value(y *yaml.Node, path *Path, depth int) *Node {
	n := &Node{Pos: p.pos(y)}
	tag := y.Tag
	switch tag {
	case "!reset":
		n.Directive, n.Tagged = Reset, true
		return n
	case "!override":
		n.Directive, n.Tagged, tag = Override, true, ""
	}
	if entries := len(y.Content); entries > 2*MaxEntries || entries > MaxEntries && y.Kind == yaml.SequenceNode {
		p.errorf(n.Pos, path, "more than %d entries", MaxEntries)
		return nil
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.Kind = Mapping
		p.fields(n, y, path, depth)
	case yaml.SequenceNode:
		n.Kind = Sequence
		n.Items = make([]*Node, 0, len(y.Content))
		for i, item := range y.Content {
			if v := p.node(item, path.Item(i), depth+1); v != nil && v.Directive != Reset {
				n.Items = append(n.Items, v.AsItem(i))
				n.Tagged = n.Tagged || v.Tagged
			}
		}
	default:
		p.scalar(n, y, tag, path)
	}
	return n
}

func (p *parser) fields(n *Node, y *yaml.Node, path *Path, depth int) {
	n.Fields = make([]Field, 0, len(y.Content)/2)
	var merged []*yaml.Node
	seen := make(map[string]int, len(y.Content)/2) // key → line
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" && key.ShortTag() != "!!merge" {
			p.errorf(p.pos(key), path, "a key must be a string: write it in quotes")
			continue
		}
		if line := seen[key.Value]; line > 0 {
			p.errorf(p.pos(key), path.Key(key.Value), "%q stands twice in one mapping, first in line %d: YAML allows it once",
				key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if v := p.node(value, path.Key(key.Value), depth+1); v != nil {
			n.Fields = append(n.Fields, Field{Key: key.Value, Pos: p.pos(key), Value: v})
			n.Tagged = n.Tagged || v.Tagged
		}
	}
	for _, m := range merged {
		p.mergeKey(n, m, seen, path, depth)
	}
}

// mergeKey adds the fields that the value of a merge key (<<) brings and n does not have.
func (p *parser) mergeKey(n *Node, y *yaml.Node, seen map[string]int, path *Path, depth int) {
	v := p.node(y, path, depth+1)
	if v == nil {
		return
	}
	from := []*Node{v}
	if v.Kind == Sequence {
		from = v.Items
	}
	for _, m := range from {
		if m.Kind != Mapping {
			p.errorf(p.pos(y), path, "the merge key << takes a mapping or a list of mappings, not %s", m.Kind)
			return
		}
		for _, f := range m.Fields {
			if seen[f.Key] == 0 {
				seen[f.Key] = f.Pos.Line
				n.Fields = append(n.Fields, f)
				n.Tagged = n.Tagged || f.Value.Tagged
			}
		}
	}
}

var kinds = map[string]Kind{
	"!!null": Null, "!!bool": Bool, "!!int": Int, "!!float": Float, "!!timestamp": Time,
}

func (p *parser) scalar(n *Node, y *yaml.Node, tag string, path *Path) {
	n.Text = y.Value
	n.Quoted = y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if tag == "" && !n.Quoted {
		tag = (&yaml.Node{Kind: yaml.ScalarNode, Value: y.Value}).ShortTag()
	}
	kind, plain := kinds[tag]
	if plain {
		n.Kind = kind
		return
	}
	n.Kind = String
	if p.lookup == nil || !strings.Contains(y.Value, "$") {
		return
	}
	text, unset, err := Interpolate(y.Value, p.lookup)
	if err != nil {
		p.diags.Addf(n.Pos, diag.Error, ruleInterpolation, path.String(), "%s", err)
		return
	}
	n.Text, n.Raw, n.Unset = text, y.Value, unset
}
