package compose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// An extender completes the services of one document with the services they extend.
type extender struct {
	l        *loader
	s        *scope
	path     string // of the document
	services *source.Node
	raw      bool // services are as written: of a file that is only extended, the rest need not be valid
	done     map[string]*source.Node
	chain    []string // of services being extended, for people
}

// extend completes the services of doc (Compose Specification, "extends").
func (l *loader) extend(doc *source.Node, path string, s *scope) *source.Node {
	services := doc.Field("services")
	if services == nil || services.Value.Kind != source.Mapping || !slices.ContainsFunc(services.Value.Fields, extends) {
		return doc
	}
	e := &extender{l: l, s: s, path: path, services: services.Value, done: map[string]*source.Node{}}
	c := *services.Value
	c.Fields = slices.Clone(c.Fields)
	for i, f := range c.Fields {
		c.Fields[i].Value = e.service(f.Key)
	}
	return doc.With(source.Field{Key: "services", Pos: services.Pos, Value: &c})
}

func extends(f source.Field) bool { return f.Value.Get("extends") != nil }

// service returns the named service with all it extends merged under it.
func (e *extender) service(name string) *source.Node {
	if s, ok := e.done[name]; ok {
		return s
	}
	at := source.NewPath("services", name)
	own := e.services.Get(name)
	if e.raw {
		own = (&validator{diags: e.l.diags}).check(own, serviceShape(), at)
		own = e.l.fileIn(e.s.dir).canonical(own, rules().key("services").key(name), at)
	}
	result := own
	if ext := own.Get("extends"); ext != nil {
		result = own.Without("extends")
		if base := e.base(name, ext, at.Key("extends")); base != nil && base.Kind == source.Mapping {
			result = e.l.merger().merge(plain(base), result, rules().key("services").key(name), at)
		}
	}
	e.done[name] = result
	return result
}

// base returns the service that the extends of the named service stands for, or nil with a diagnostic.
func (e *extender) base(name string, ext *source.Node, at *source.Path) *source.Node {
	ref := ext.Get("service").TextOr("")
	link := fmt.Sprintf("%s in %s", name, e.l.show(e.path))
	if i := slices.Index(e.chain, link); i >= 0 {
		e.l.diags.Addf(ext.Pos, diag.Error, ruleReference, at.String(), "a service extends itself: %s",
			strings.Join(append(e.chain[i:], link), " → "))
		return nil
	}
	from := e
	if file := ext.Get("file"); file != nil && file.Text != "" {
		if from = e.other(file, at); from == nil {
			return nil
		}
	}
	if from.services.Get(ref) == nil {
		e.l.diags.Addf(ext.Pos, diag.Error, ruleReference, at.String(), "%s has no service %q%s",
			e.l.show(from.path), ext.Show(ref), diag.Suggest(ref, from.services.Keys()))
		return nil
	}
	chain := from.chain
	from.chain = append(slices.Clone(e.chain), link)
	defer func() { from.chain = chain }()
	return from.service(ref)
}

// other returns an extender for the file named in an extends, or nil with a diagnostic. A file is read once.
func (e *extender) other(file *source.Node, at *source.Path) *extender {
	if isRemote(file.Text) {
		e.l.diags.Addf(file.Pos, diag.Error, ruleFile, at.String(), "%s is not a local file: download it first",
			file.Written())
		return nil
	}
	file = e.l.fileIn(e.s.dir).absolute(file, filepath.IsAbs)
	path := file.Text
	from, ok := e.s.bases[path]
	if !ok {
		from = e.l.extended(path, e.s, file, at)
		e.s.bases[path] = from
	}
	return from
}

func (l *loader) extended(path string, s *scope, file *source.Node, at *source.Path) *extender {
	data, err := source.ReadRegular(l.ctx, path)
	if err != nil {
		l.diags.Addf(file.Pos, diag.Error, ruleFile, at.String(), "%s: %s", l.shown(file, path), err)
		return nil
	}
	from := &extender{
		l: l, path: path, raw: true, done: map[string]*source.Node{},
		s: &scope{dir: filepath.Dir(path), env: s.env, bases: s.bases},
	}
	for _, doc := range source.Parse(l.show(path), data, s.lookup, l.diags) {
		doc, _ = modern(doc, false, l.diags)
		if services := doc.Get("services"); services != nil && services.Kind == source.Mapping {
			from.services = services
		}
	}
	if from.services == nil {
		l.diags.Addf(file.Pos, diag.Error, ruleReference, at.String(), "%s has no services", l.shown(file, path))
		return nil
	}
	return from
}

// serviceShape returns the index of the shape of a service.
func serviceShape() int {
	top := shapes[fileShape].props
	i := slices.IndexFunc(top, func(p property) bool { return p.name == "services" })
	return shapes[top[i].shape].values
}
