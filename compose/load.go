package compose

import (
	"context"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// ruleFile is the id of files that are named in a file and cannot be read.
const ruleFile = "C13"

// ruleReference is the id of names that nothing is declared under.
const ruleReference = "C11"

// A loader reads the files of one project.
type loader struct {
	ctx   context.Context
	cwd   string // absolute
	home  string
	stdin io.Reader
	diags *diag.List
	named bool                    // the project has a name that the files do not give
	names []string                // of files read, for people
	read  map[string]*source.File // files that were read, by path: a pipe can be read once
}

// A scope is what the files of one project, or of one included project, have in common.
type scope struct {
	dir       string               // where relative paths start, absolute
	env       map[string]string    // for interpolation
	including []string             // the files that led here, outermost first, absolute
	bases     map[string]*extender // files that services extend services of, by path
}

func (s *scope) lookup(name string) (string, bool) {
	v, ok := s.env[name]
	return v, ok
}

// show returns a path as people write it: relative to the working directory if it is below it.
func (l *loader) show(path string) string {
	if rel, err := filepath.Rel(l.cwd, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

// shown returns the path of a file that n names, as people may see it.
func (l *loader) shown(n *source.Node, path string) string {
	if written := n.Show(path); strings.Contains(written, "$") {
		return written
	}
	return l.show(path)
}

// files reads the given files of one scope and merges them in order.
func (l *loader) files(names []string, s *scope) *source.Node {
	var project *source.Node
	first := false
	for _, name := range names {
		path, file := l.open(name, s.dir)
		if file == nil {
			continue
		}
		shown := l.show(path)
		l.names = append(l.names, shown)
		docs := file.Nodes(s.lookup, l.diags)
		for _, doc := range docs {
			doc, first = l.document(doc, path, s, project != nil, first)
			if project == nil {
				project = plain(doc)
				continue
			}
			project = l.merger().merge(project, doc, rules(), nil)
		}
		if len(docs) == 0 && !l.diags.HasErrors() {
			l.diags.Addf(token.Position{Filename: shown, Line: 1, Column: 1}, diag.Error, ruleForm, "",
				"the file is empty: a compose file needs services")
		}
	}
	return withContexts(project, s.dir)
}

// withContexts gives builds without a context the one they have then: the directory of the project.
func withContexts(project *source.Node, dir string) *source.Node {
	services := project.Get("services")
	for _, f := range services.FieldsOrNone() {
		found := f.Value.Field("build")
		if found != nil && found.Value.Kind == source.Mapping && found.Value.Get("context") == nil {
			build := *found
			build.Value = build.Value.With(source.F("context", source.NewString(build.Value.Pos, dir)))
			f.Value = f.Value.With(build)
			services = services.With(f)
		}
	}
	if services == project.Get("services") {
		return project
	}
	return project.With(source.Field{Key: "services", Pos: project.Field("services").Pos, Value: services})
}

func (l *loader) merger() *merger { return &merger{l.diags} }

// document brings one document into the canonical form, with what it includes and extends. later is whether it is
// merged with an earlier one; first whether earlier ones are of the first format.
func (l *loader) document(doc *source.Node, path string, s *scope, later, first bool) (*source.Node, bool) {
	if doc.Kind != source.Mapping {
		l.diags.Addf(doc.Pos, diag.Error, ruleForm, "", "must be a mapping that has services, not %s", doc.Kind)
		return source.NewMapping(doc.Pos), first
	}
	doc, first = modern(doc, first, l.diags)
	v := &validator{diags: l.diags, nulls: later}
	doc = v.check(doc, fileShape, nil)
	doc = l.fileIn(s.dir).canonical(doc, rules(), nil)
	doc = l.includes(doc, path, s)
	return l.extend(doc, path, s), first
}

func (l *loader) fileIn(dir string) *file { return &file{dir: dir, home: l.home, diags: l.diags} }

// open returns a file that a user named, relative to dir; - is the standard input. It returns nil with a diagnostic if
// the file cannot be read.
func (l *loader) open(name, dir string) (path string, file *source.File) {
	path = name
	if name != "-" && !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if file, ok := l.read[path]; ok {
		return path, file
	}
	var data []byte
	var err error
	if name == "-" {
		data, err = source.ReadAll(l.ctx, l.stdin)
	} else {
		data, err = source.ReadFile(l.ctx, path)
	}
	if err != nil {
		l.diags.Addf(token.Position{}, diag.Error, ruleFile, "", "%s: %s", l.show(path), err)
	} else {
		file = source.Open(l.show(path), data, l.diags)
	}
	l.read[path] = file
	return path, file
}

// includes merges the projects that doc includes under it (Compose Specification, "Include").
func (l *loader) includes(doc *source.Node, path string, s *scope) *source.Node {
	include := doc.Field("include")
	if include == nil {
		return doc
	}
	doc = doc.Without("include")
	for _, item := range include.Value.Items {
		included := l.included(item, path, s, source.NewPath("include").Item(item.Index))
		if included == nil {
			continue
		}
		for _, section := range topLevel {
			f := included.Field(section)
			if f == nil || section == "name" || section == "include" {
				continue
			}
			if own := doc.Field(section); own != nil {
				f.Value = l.merger().resources(f.Value, own.Value, rules().key(section), source.NewPath(section))
			}
			doc = doc.With(*f)
		}
	}
	return doc
}

// resources merges a section of an included project with the same section of the one that includes it. A resource that
// came in twice, along two ways, is the same resource.
func (m *merger) resources(included, own *source.Node, r *rule, path *source.Path) *source.Node {
	rest := *own
	rest.Fields = slices.Clone(own.Fields)
	rest.Fields = slices.DeleteFunc(rest.Fields, func(f source.Field) bool {
		o := included.Get(f.Key)
		return o != nil && equal(o, f.Value)
	})
	return m.merge(included, &rest, r, path)
}

func (l *loader) included(item *source.Node, path string, s *scope, at *source.Path) *source.Node {
	paths := texts(item.Get("path"))
	if len(paths) == 0 {
		l.diags.Addf(item.Pos, diag.Error, ruleForm, at.String(), "the key %q is missing", "path")
		return nil
	}
	for i, p := range paths {
		if isRemote(p) {
			l.diags.Addf(item.Pos, diag.Error, ruleFile, at.String(), "%s is not a local file: download it first", item.Show(p))
			return nil
		}
		n := &source.Node{Kind: source.String, Text: p, Raw: item.Show(p), Pos: item.Pos}
		n = l.fileIn(s.dir).absolute(n, filepath.IsAbs)
		paths[i] = n.Text
		if err := source.Regular(n.Text); err != nil {
			l.diags.Addf(item.Pos, diag.Error, ruleFile, at.String(), "%s: %s", l.shown(n, n.Text), err)
			return nil
		}
	}
	including := append(slices.Clone(s.including), path)
	if i := slices.Index(including, paths[0]); i >= 0 {
		var chain []string
		for _, p := range append(including[i:], paths[0]) {
			chain = append(chain, l.show(p))
		}
		l.diags.Addf(item.Pos, diag.Error, ruleReference, at.String(), "a file includes itself: %s",
			strings.Join(chain, " → "))
		return nil
	}
	inner := &scope{dir: filepath.Dir(paths[0]), including: including, bases: map[string]*extender{}}
	if dir := item.Get("project_directory"); dir != nil {
		inner.dir = l.fileIn(s.dir).absolute(dir, filepath.IsAbs).Text
	}
	inner.env = l.includedEnvironment(item, s, inner.dir, at)
	return l.files(paths, inner)
}

// includedEnvironment returns the variables of an included project: those of the project that includes it, and behind
// them the ones of its own env files.
func (l *loader) includedEnvironment(item *source.Node, s *scope, dir string, at *source.Path) map[string]string {
	files := texts(item.Get("env_file"))
	for i, f := range files {
		files[i] = l.fileIn(s.dir).absolute(source.NewString(item.Pos, f), filepath.IsAbs).Text
	}
	if item.Get("env_file") == nil {
		if dotEnv := filepath.Join(dir, ".env"); isFile(dotEnv) {
			files = []string{dotEnv}
		}
	}
	env, problems := l.environment(s.env, files)
	for _, p := range problems {
		*l.diags = append(*l.diags, namedAt(p, item.Pos, at))
	}
	return env
}

// texts returns the strings of a value that is one string or a list of them.
func texts(n *source.Node) []string {
	switch {
	case n == nil || n.Kind == source.Null:
		return nil
	case n.Kind != source.Sequence:
		return []string{n.Text}
	}
	var l []string
	for _, item := range n.Items {
		l = append(l, item.Text)
	}
	return l
}

func isRemote(path string) bool {
	return strings.Contains(path, "://") || strings.HasPrefix(path, "git@") || strings.HasPrefix(path, "oci:")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
