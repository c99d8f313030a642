package compose

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// withHooks completes the pre_start hooks of all services with what they inherit: each attribute of a container that
// the service has, under those of the hook (Compose Specification, "pre_start"). Volumes are not among them: a hook has
// the mounts of its service when it runs.
func (l *loader) withHooks(root *source.Node) *source.Node {
	services := root.Field("services")
	if services == nil || services.Value.Kind != source.Mapping {
		return root
	}
	completed := *services.Value
	completed.Fields = slices.Clone(completed.Fields)
	for i, f := range completed.Fields {
		hooks := f.Value.Field("pre_start")
		if hooks == nil || hooks.Value.Kind != source.Sequence {
			continue
		}
		r, at := rules().key("services").key(f.Key), source.NewPath("services", f.Key, "pre_start")
		items := slices.Clone(hooks.Value.Items)
		for j, hook := range items {
			if hook.Kind == source.Mapping {
				base := inheritance(f.Value)
				base.Pos = hook.Pos
				items[j] = l.merger().mappings(base, hook, r, at.Item(hook.Index)).AsItem(hook.Index)
			}
		}
		completed.Fields[i].Value = f.Value.With(
			source.Field{Key: "pre_start", Pos: hooks.Pos, Value: hooks.Value.WithItems(items)})
	}
	return root.With(source.Field{Key: "services", Pos: services.Pos, Value: &completed})
}

// inheritance returns what of a service its hooks inherit.
func inheritance(service *source.Node) *source.Node {
	c := *service
	c.Fields = slices.DeleteFunc(slices.Clone(service.Fields), func(f source.Field) bool {
		return f.Key == "volumes" || !slices.Contains(types.ContainerSpecAttributes, f.Key)
	})
	return &c
}

// WithoutInherited returns the diagnostics without those of pre_start hooks that repeat what is said of the service:
// the value stands once in the file.
func WithoutInherited(diags diag.List) diag.List {
	if !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return strings.Contains(d.Path, ".pre_start[") }) {
		return diags
	}
	said := map[diag.Diagnostic]bool{}
	for _, d := range diags {
		said[d] = true
	}
	return slices.DeleteFunc(diags, func(d diag.Diagnostic) bool {
		before, rest, hook := strings.Cut(d.Path, ".pre_start[")
		_, after, closed := strings.Cut(rest, "]")
		d.Path = before + after
		return hook && closed && said[d]
	})
}
