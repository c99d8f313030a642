package compose

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// A file is what the canonical form of a compose file depends on besides its text.
type file struct {
	dir   string // where relative paths start
	home  string // what ~ stands for
	diags *diag.List
}

func (f *file) errorf(n *source.Node, p *source.Path, format string, args ...any) {
	f.diags.Addf(n.Pos, diag.Error, ruleForm, p.String(), format, args...)
}

// canonical returns n in the long form: short forms expanded, lists of KEY=VALUE as mappings, paths absolute.
// n has the form the schema allows.
func (f *file) canonical(n *source.Node, r *rule, p *source.Path) *source.Node {
	if r == nil || n.Kind == source.Null {
		return n
	}
	if r.attribute.canonical != nil {
		if n = r.attribute.canonical(f, n, p); n.Kind == source.Null {
			return n
		}
	}
	switch n.Kind {
	case source.Mapping:
		n = f.canonicalFields(n, r, p)
	case source.Sequence:
		n = unique(f.canonicalItems(n, r, p), r)
	}
	return n
}

// canonicalItems returns the list n with canonical items. Null is what the schema does not allow: it is left out.
func (f *file) canonicalItems(n *source.Node, r *rule, p *source.Path) *source.Node {
	items := make([]*source.Node, 0, len(n.Items))
	for _, item := range n.Items {
		if r.items != nil {
			item = f.canonical(item, r.items, p.Item(item.Index)).AsItem(item.Index)
		}
		if item.Kind != source.Null {
			items = append(items, item)
		}
	}
	return n.WithItems(items)
}

func (f *file) canonicalFields(n *source.Node, r *rule, p *source.Path) *source.Node {
	var changed []source.Field
	for i, field := range n.Fields {
		child := r.key(field.Key)
		if child == nil {
			continue
		}
		v := f.canonical(field.Value, child, p.Key(field.Key))
		if v == field.Value {
			continue
		}
		if changed == nil {
			changed = slices.Clone(n.Fields)
		}
		changed[i].Value = v
	}
	if changed == nil {
		return n
	}
	c := *n
	c.Fields = changed
	return &c
}

// keyValues turns a list of KEY=VALUE into a mapping; a KEY alone becomes null. The last of equal keys holds.
func (f *file) keyValues(n *source.Node, p *source.Path) *source.Node {
	if n.Kind != source.Sequence {
		return n
	}
	m := source.NewMapping(n.Pos)
	at := make(map[string]int, len(n.Items))
	for _, item := range n.Items {
		key, value, found := strings.Cut(item.Text, "=")
		if item.Kind == source.Null {
			continue
		}
		if strings.TrimRight(key, " \t") != key {
			f.errorf(item, p.Item(item.Index), "the name %q ends with a space", item.Show(key))
			continue
		}
		v := &source.Node{Pos: item.Pos, Unset: item.Unset}
		if found {
			v = source.NewString(item.Pos, value)
			v.Raw, v.Unset = item.Raw, item.Unset
		}
		field := fieldOf(item, key, v)
		if j, ok := at[key]; ok {
			m.Fields[j] = field
			continue
		}
		at[key] = len(m.Fields)
		m.Fields = append(m.Fields, field)
	}
	return m.From(n)
}

// fieldOf returns a field whose key is in the item of a short form.
func fieldOf(item *source.Node, key string, value *source.Node) source.Field {
	f := source.F(key, value)
	if shown := item.Show(key); shown != key {
		f.Raw = shown
	}
	return f
}

// list turns a single value into a list of one.
func (f *file) list(n *source.Node, _ *source.Path) *source.Node {
	if n.Kind == source.Sequence {
		return n
	}
	return (&source.Node{Kind: source.Sequence, Items: []*source.Node{n.AsItem(0)}, Pos: n.Pos}).From(n)
}

// names turns a list of names into a mapping with a null for each.
func (f *file) names(n *source.Node, _ *source.Path) *source.Node {
	if n.Kind != source.Sequence {
		return n
	}
	m := source.NewMapping(n.Pos)
	for _, item := range n.Items {
		if item.Kind != source.Null && m.Field(item.Text) == nil {
			m.Fields = append(m.Fields, fieldOf(item, item.Text, &source.Node{Pos: item.Pos, Unset: item.Unset}))
		}
	}
	return m.From(n)
}

// hosts turns the mapping form of extra_hosts into the list form, host=address.
func (f *file) hosts(n *source.Node, _ *source.Path) *source.Node {
	if n.Kind != source.Mapping {
		return n
	}
	l := (&source.Node{Kind: source.Sequence, Pos: n.Pos}).From(n)
	for _, host := range n.Fields {
		addresses := []*source.Node{host.Value}
		if host.Value.Kind == source.Sequence {
			addresses = host.Value.Items
		}
		for _, a := range addresses {
			item := source.NewString(host.Pos, host.Key+"="+a.Text).From(a)
			item.Unset = a.Unset
			l.Items = append(l.Items, item)
		}
	}
	return l
}

// keyed turns a string into a mapping with that one key.
func keyed(key string, n *source.Node) *source.Node {
	if n.Kind != source.String {
		return n
	}
	return source.NewMapping(n.Pos, source.F(key, n)).From(n)
}

func (f *file) build(n *source.Node, _ *source.Path) *source.Node     { return keyed("context", n) }
func (f *file) fileMount(n *source.Node, _ *source.Path) *source.Node { return keyed("source", n) }
func (f *file) include(n *source.Node, _ *source.Path) *source.Node   { return keyed("path", n) }
func (f *file) extends(n *source.Node, _ *source.Path) *source.Node   { return keyed("service", n) }

func (f *file) envFiles(n *source.Node, p *source.Path) *source.Node {
	n = f.list(n, p)
	items := make([]*source.Node, len(n.Items))
	for i, item := range n.Items {
		item = keyed("path", item)
		if item.Get("required") == nil {
			item = item.With(source.F("required", source.NewBool(item.Pos, true)))
		}
		items[i] = item
	}
	return n.WithItems(items)
}

// gpus turns the word all into a request for all of them.
func (f *file) gpus(n *source.Node, p *source.Path) *source.Node {
	if n.Kind != source.String {
		return n
	}
	return f.list(source.NewMapping(n.Pos, source.F("count", n)), p)
}

// dependsOn turns a list of names into a mapping, and writes out what is left unsaid.
func (f *file) dependsOn(n *source.Node, p *source.Path) *source.Node {
	n = f.names(n, p)
	m := *n
	m.Fields = slices.Clone(n.Fields)
	for i, d := range m.Fields {
		if d.Value.Directive == source.Reset {
			continue
		}
		if d.Value.Kind != source.Mapping {
			unset := d.Value.Unset
			d.Value = source.NewMapping(d.Value.Pos)
			d.Value.Unset = unset
		}
		if d.Value.Get("condition") == nil {
			d.Value = d.Value.With(source.F("condition", source.NewString(d.Pos, types.ServiceConditionStarted)))
		}
		if d.Value.Get("required") == nil {
			d.Value = d.Value.With(source.F("required", source.NewBool(d.Pos, true)))
		}
		m.Fields[i] = d
	}
	return &m
}

// path makes a path absolute.
func (f *file) path(n *source.Node, _ *source.Path) *source.Node {
	return f.absolute(n, filepath.IsAbs)
}

// bindPath makes a path on the machine that runs the container absolute. It may be of another system than ours.
func (f *file) bindPath(n *source.Node, _ *source.Path) *source.Node {
	return f.absolute(n, func(s string) bool { return path.IsAbs(s) || isWindowsPath(s) || filepath.IsAbs(s) })
}

func isWindowsPath(s string) bool {
	return strings.HasPrefix(s, `\\`) ||
		len(s) > 2 && s[1] == ':' && (s[2] == '\\' || s[2] == '/') && isLowerCase(strings.ToLower(s[:1]))
}

func (f *file) absolute(n *source.Node, isAbsolute func(string) bool) *source.Node {
	p := n.Text
	if rest, ok := strings.CutPrefix(p, "~"); ok && f.home != "" {
		p = filepath.Join(f.home, rest)
	}
	if p == "" || isAbsolute(p) && p == n.Text {
		return n
	}
	if !isAbsolute(p) {
		p = filepath.Join(f.dir, p)
	}
	c := *n
	c.Text, c.Raw = p, n.Written()
	return &c
}

// contextPath makes the path of a build context absolute, unless it is an URL or another service.
func (f *file) contextPath(n *source.Node, p *source.Path) *source.Node {
	for _, prefix := range []string{types.ServicePrefix, "github.com/", "git@"} {
		if strings.HasPrefix(n.Text, prefix) {
			return n
		}
	}
	if strings.Contains(n.Text, "://") {
		return n
	}
	return f.path(n, p)
}
