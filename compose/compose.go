// Package compose loads compose files into a project that remembers where each value was written.
//
// It reads every dialect people have: the Compose Specification, the formats 2.x and 3.x whatever their version says,
// and the first format, which had no services key. Files are merged, included, extended and interpolated by the rules
// of the specification; the result is compose-go's model. compose-go's own loader is what the tests hold this one
// against: it stops at the first problem, keeps no positions, and takes ten times as long.
package compose

import (
	"context"
	"go/token"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// A Project is what the compose files of a project come to: every service, volume, network … after merging,
// including, extending and interpolation, with the environment of each service complete. Only services of active
// profiles are in Services; the others are in DisabledServices.
type Project struct {
	*types.Project
	// Root is the merged model as a tree, in the long form; each value knows where it was written. The pre_start hooks
	// have what they inherit.
	Root *source.Node
	// Files are the files read, as people wrote their names, in the order they were read.
	Files []string
	// Dir is the directory of the project, absolute: that of the first file.
	Dir string
}

// Options say what to load. The zero value loads the default files of the current directory, with no environment.
type Options struct {
	// Files are the compose files in order of precedence, later ones winning; - is Stdin. Empty: COMPOSE_FILE of Env or
	// of .env, else the default files of Dir.
	Files []string
	// Name of the project. Empty: COMPOSE_PROJECT_NAME, else the name in the files, else that of their
	// directory, as it is.
	Name string
	// Dir is where relative paths of this struct start. Empty: the current directory.
	Dir string
	// Env holds the environment variables.
	Env map[string]string
	// EnvFiles replace .env of the project's directory. Their variables stand behind Env.
	EnvFiles []string
	// Profiles are the active profiles besides those of COMPOSE_PROFILES; * is all of them.
	Profiles []string
	// Stdin is read for the file -; nil is empty.
	Stdin io.Reader
}

// Load reads a project. The project is nil if there is nothing that could be read; with errors among the diagnostics
// it is what could be made of the files, good for finding more problems in one run and for nothing else.
// The error is for what no file is to blame for: a missing directory, an interrupted context.
func Load(ctx context.Context, o Options) (*Project, diag.List, error) {
	cwd, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, nil, err
	}
	var diags diag.List
	l := &loader{
		ctx: ctx, cwd: cwd, home: o.Env["HOME"], stdin: o.Stdin, diags: &diags, read: map[string]*source.File{},
	}
	if l.stdin == nil {
		l.stdin = strings.NewReader("")
	}
	files, dir := l.chooseFiles(o)
	if len(files) == 0 {
		return nil, diags, nil
	}
	env, problems := l.environment(o.Env, dotEnvFiles(o.EnvFiles, cwd, dir))
	diags = append(diags, problems...)
	name := projectName(o, env, dir)
	l.named = name != ""
	s := &scope{dir: dir, env: env, bases: map[string]*extender{}}
	if name == "" {
		name = l.nameIn(files, s, filepath.Base(dir))
	}
	s.env[consts.ComposeProjectName] = name
	root := l.files(files, s)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if root == nil {
		diags.Sort()
		return nil, diags, nil
	}
	p := &Project{Root: l.withHooks(root), Files: l.names, Dir: dir}
	p.Project = l.model(p.Root, s, name, o)
	l.reportUnset(p)
	l.checkReferences(p)
	diags = WithoutInherited(diags)
	diags.Sort()
	return p, diags, nil
}

// projectName returns the name that the command line or the environment gives, or "".
func projectName(o Options, env map[string]string, dir string) string {
	if o.Name != "" {
		return o.Name
	}
	return env[consts.ComposeProjectName]
}

// model turns the tree into compose-go's model.
func (l *loader) model(root *source.Node, s *scope, name string, o Options) *types.Project {
	p := &types.Project{Name: name, WorkingDir: s.dir, Environment: s.env, ComposeFiles: l.names}
	decoder(l.diags).Decode(root.Without("name"), nil, p)
	p.Profiles = profiles(o.Profiles, s.env)
	all := p.Services
	p.Services, p.DisabledServices = types.Services{}, types.Services{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		service := all[name]
		service.Name = name
		if !service.HasProfile(p.Profiles) {
			p.DisabledServices[name] = service
			continue
		}
		n, at := root.Get("services").Get(name), source.NewPath("services", name)
		l.resolveContainer(&service.ContainerSpec, n, at, s.env)
		for i := range service.PreStart {
			hook := n.Get("pre_start").Items[i]
			l.resolveContainer(&service.PreStart[i].ContainerSpec, hook, at.Key("pre_start").Item(hook.Index), s.env)
		}
		p.Services[name] = service
	}
	return p
}

// profiles returns the active profiles: the given ones and those of COMPOSE_PROFILES.
func profiles(given []string, env map[string]string) []string {
	active := slices.Clone(given)
	for p := range strings.SplitSeq(env[consts.ComposeProfiles], ",") {
		if p = strings.TrimSpace(p); p != "" {
			active = append(active, p)
		}
	}
	slices.Sort(active)
	return slices.Compact(active)
}

// reportUnset reports the variables that values of active services needed and did not find. In the name of an image it
// is an error: the image would be another one.
func (l *loader) reportUnset(p *Project) {
	for _, section := range p.Root.Fields {
		at := source.NewPath(section.Key)
		if strings.HasPrefix(section.Key, "x-") {
			continue
		}
		if section.Key == "name" && l.named {
			continue // the name is another one
		}
		if section.Key != "services" {
			l.reportUnsetIn(section.Value, at)
			continue
		}
		for _, f := range section.Value.Fields {
			if _, active := p.Services[f.Key]; active {
				l.reportUnsetIn(f.Value, at.Key(f.Key))
			}
		}
	}
}

func (l *loader) reportUnsetIn(n *source.Node, at *source.Path) {
	for _, name := range n.Unset {
		l.unset(n, name, at)
	}
	for _, f := range n.Fields {
		if !strings.HasPrefix(f.Key, "x-") {
			l.reportUnsetIn(f.Value, at.Key(f.Written()))
		}
	}
	for _, item := range n.Items {
		l.reportUnsetIn(item, at.Item(item.Index))
	}
}

// awsNames are the keys whose values name something in AWS: an empty name, or a part of one, would be something else.
// It is sorted; * stands for any key.
var awsNames = []string{
	"name", "networks.*.name", "secrets.*.name", "services.*.credential_spec.config", "services.*.image", "volumes.*.name",
}

func (l *loader) unset(n *source.Node, name string, at *source.Path) {
	severity, effect := diag.Warning, " and stands for nothing"
	if slices.ContainsFunc(awsNames, at.Matches) {
		severity, effect = diag.Error, ""
	}
	l.diags.Addf(n.Pos, severity, ruleVariable, at.String(),
		"the variable %s is not set%s: set it, or give it a default with ${%s:-value}", name, effect, name)
}

// Where returns the position of the value at the path below the services, volumes … of the project, or of what is
// nearest to it. Steps are keys (string) and indexes (int).
func (p *Project) Where(path ...any) token.Position { return p.Root.Where(path...) }
