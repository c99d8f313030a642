package compose

import (
	"go/token"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// A reference is a key of a service that names other parts of the project.
type reference struct {
	key     string
	section string                           // where what it names is declared
	kind    string                           // of what it names, for people
	named   func(text string) (string, bool) // the name in the text of a value or the key of a mapping; false if it is none
}

// references is sorted by key. Volumes are not in it: ecs-params declares volumes too.
var references = []reference{
	{"configs", "configs", "config", anyName},
	{"depends_on", "services", "service", anyName},
	{"ipc", "services", "service", ofService},
	{"links", "services", "service", ofLink},
	{"models", "models", "model", anyName},
	{"network_mode", "services", "service", ofService},
	{"networks", "networks", "network", ofNetwork},
	{"pid", "services", "service", ofService},
	{"secrets", "secrets", "secret", anyName},
	{"volumes_from", "services", "service", ofVolumesFrom},
}

func anyName(s string) (string, bool) { return s, true }

func ofService(s string) (string, bool) { return strings.CutPrefix(s, types.ServicePrefix) }

func ofLink(s string) (string, bool) {
	service, _, _ := strings.Cut(s, ":")
	return service, true
}

// ofNetwork excepts the network that every project has.
func ofNetwork(s string) (string, bool) { return s, s != "default" }

// ofVolumesFrom excepts containers of other projects, which container:name is.
func ofVolumesFrom(s string) (string, bool) {
	service, _, _ := strings.Cut(s, ":")
	return service, service != "container"
}

// checkReferences reports what active services name and nothing declares, or what a profile switches off.
func (l *loader) checkReferences(p *Project) {
	for _, f := range p.Root.Get("services").FieldsOrNone() {
		if _, active := p.Services[f.Key]; !active {
			continue
		}
		at := source.NewPath("services", f.Key)
		for i := range references {
			r := &references[i]
			r.each(f.Value.Get(r.key), at.Key(r.key), func(name, shown string, pos token.Position, at *source.Path) {
				section := p.Root.Get(r.section)
				_, off := p.DisabledServices[name]
				switch {
				case section.Field(name) == nil:
					l.diags.Addf(pos, diag.Error, ruleReference, at.String(), "there is no %s %q%s: declare it under %s, "+
						"or remove it here", r.kind, shown, diag.Suggest(name, section.Keys()), r.section)
				case r.section == "services" && off:
					l.diags.Addf(pos, diag.Error, ruleReference, at.String(), "the service %q is switched off by its profiles: "+
						"activate one of them with --profile", shown)
				}
			})
		}
	}
}

// each calls f for each name in the value of the key, with the name as it may be shown. A dependency that is not
// required is none.
func (r *reference) each(
	n *source.Node, at *source.Path, f func(name, shown string, pos token.Position, at *source.Path),
) {
	if n == nil {
		return
	}
	report := func(text, written string, pos token.Position, at *source.Path) {
		if name, ok := r.named(text); ok {
			shown := name
			if !strings.Contains(written, name) {
				shown = written
			}
			f(name, shown, pos, at)
		}
	}
	switch n.Kind {
	case source.Mapping:
		for _, field := range n.Fields {
			if field.Value.Get("required").TextOr("true") == "true" {
				report(field.Key, field.Written(), field.Pos, at.Key(field.Written()))
			}
		}
	case source.Sequence:
		for _, item := range n.Items {
			at := at.Item(item.Index)
			if src := item.Get("source"); src != nil {
				item = src
			}
			report(item.Text, item.Written(), item.Pos, at)
		}
	default:
		report(n.Text, n.Written(), n.Pos, at)
	}
}
