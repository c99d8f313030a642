package compose

import (
	"strings"
	"sync"

	"github.com/ecsctl/ecsctl/compose/source"
)

// An attribute says how one attribute of the Compose Specification is read where the common rule does not hold.
// The common rule: mappings are merged key by key, lists are joined without doubles, other values are replaced.
type attribute struct {
	// path of the attribute; * stands for any key, [] for any item, and "container" for each place that describes
	// a container: a service, a job, a pre_start hook.
	path string
	// canonical turns short forms into the long one.
	canonical func(f *file, n *source.Node, path *source.Path) *source.Node
	// merge joins the value of an earlier file with the value of a later one, both canonical.
	merge func(m *merger, earlier, later *source.Node, r *rule, path *source.Path) *source.Node
	// clears is whether null in a later file clears the value of an earlier one. Elsewhere null says nothing.
	clears bool
	// about returns what an item of the list is about: of two about the same thing, the later one holds.
	about func(item *source.Node) string
}

// attributes is sorted by path.
var attributes = []attribute{
	{path: "configs.*", canonical: (*file).external},
	{path: "configs.*.file", canonical: (*file).path},
	{path: "configs.*.labels", canonical: (*file).keyValues},
	{path: "container.annotations", canonical: (*file).keyValues},
	{path: "container.build", canonical: (*file).build},
	{path: "container.build.additional_contexts", canonical: (*file).keyValues},
	{path: "container.build.additional_contexts.*", canonical: (*file).contextPath},
	{path: "container.build.args", canonical: (*file).keyValues},
	{path: "container.build.context", canonical: (*file).contextPath},
	{path: "container.build.labels", canonical: (*file).keyValues},
	{path: "container.build.secrets.[]", canonical: (*file).fileMount},
	{path: "container.build.ssh", canonical: (*file).keyValues},
	{path: "container.command", merge: replace, clears: true},
	{path: "container.configs", about: mountTarget},
	{path: "container.configs.[]", canonical: (*file).fileMount},
	{path: "container.depends_on", canonical: (*file).dependsOn},
	{path: "container.devices", about: target},
	{path: "container.devices.[]", canonical: (*file).device},
	{path: "container.dns", canonical: (*file).list},
	{path: "container.dns_opt", canonical: (*file).list},
	{path: "container.dns_search", canonical: (*file).list},
	{path: "container.entrypoint", merge: replace, clears: true},
	{path: "container.env_file", canonical: (*file).envFiles, about: pathOf},
	{path: "container.env_file.[].path", canonical: (*file).path},
	{path: "container.environment", canonical: (*file).keyValues},
	{path: "container.extra_hosts", canonical: (*file).hosts},
	{path: "container.gpus", canonical: (*file).gpus},
	{path: "container.healthcheck.test", merge: replace, clears: true},
	{path: "container.label_file", canonical: (*file).list},
	{path: "container.label_file.[]", canonical: (*file).path},
	{path: "container.labels", canonical: (*file).keyValues},
	{path: "container.logging", merge: mergeLogging},
	{path: "container.models", canonical: (*file).names},
	{path: "container.networks", canonical: (*file).names},
	{path: "container.ports", canonical: (*file).ports, about: portBinding},
	{path: "container.secrets", about: mountTarget},
	{path: "container.secrets.[]", canonical: (*file).fileMount},
	{path: "container.storage_opt", canonical: (*file).keyValues},
	{path: "container.sysctls", canonical: (*file).keyValues},
	{path: "container.tmpfs", canonical: (*file).list, about: beforeColon},
	{path: "container.ulimits.*", merge: mergeUlimit},
	{path: "container.volumes", about: target},
	{path: "container.volumes.[]", canonical: (*file).volume},
	{path: "container.volumes.[].volume.labels", canonical: (*file).keyValues},
	{path: "include.[]", canonical: (*file).include},
	{path: "networks.*", canonical: (*file).external},
	{path: "networks.*.ipam.config", about: subnet},
	{path: "networks.*.labels", canonical: (*file).keyValues},
	{path: "secrets.*", canonical: (*file).external},
	{path: "secrets.*.file", canonical: (*file).path},
	{path: "secrets.*.labels", canonical: (*file).keyValues},
	{path: "services.*.deploy.labels", canonical: (*file).keyValues},
	{path: "services.*.develop.watch.[].path", canonical: (*file).path},
	{path: "services.*.extends", canonical: (*file).extends},
	{path: "volumes.*", canonical: (*file).volumeDefinition},
	{path: "volumes.*.labels", canonical: (*file).keyValues},
}

// A rule is the attribute at one place of a tree, with the rules of the places below it. A nil rule is the common one.
type rule struct {
	attribute
	keys  map[string]*rule
	any   *rule // for keys that are not in keys
	items *rule
}

// rules is the table as a tree, so that walking a file down costs one look-up a key.
var rules = sync.OnceValue(func() *rule {
	root := &rule{}
	for _, a := range attributes {
		rest, container := strings.CutPrefix(a.path, "container.")
		if !container {
			root.add(a.path, a)
			continue
		}
		for _, place := range []string{"services.*.", "jobs.*.", "services.*.pre_start.[]."} {
			root.add(place+rest, a)
		}
	}
	return root
})

func (r *rule) add(path string, a attribute) {
	for step := range strings.SplitSeq(path, ".") {
		next := &r.items
		switch step {
		case "*":
			next = &r.any
		case "[]":
		default:
			if r.keys == nil {
				r.keys = map[string]*rule{}
			}
			if r.keys[step] == nil {
				r.keys[step] = &rule{}
			}
			r = r.keys[step]
			continue
		}
		if *next == nil {
			*next = &rule{}
		}
		r = *next
	}
	r.attribute = a
}

// key returns the rule for the value of a key. It may be called on nil.
func (r *rule) key(key string) *rule {
	if r == nil {
		return nil
	}
	if k := r.keys[key]; k != nil {
		return k
	}
	return r.any
}

func target(n *source.Node) string { return n.Get("target").TextOr("") }

func pathOf(n *source.Node) string { return n.Get("path").TextOr("") }

func subnet(n *source.Node) string { return n.Get("subnet").TextOr("") }

// mountTarget returns where a secret or config is mounted: under its own name if nothing else is said.
func mountTarget(n *source.Node) string {
	return n.Get("target").TextOr("/" + n.Get("source").TextOr(""))
}

func beforeColon(n *source.Node) string {
	path, _, _ := strings.Cut(n.Text, ":")
	return path
}

func portBinding(n *source.Node) string {
	return n.Get("host_ip").TextOr("0.0.0.0") + ":" + n.Get("published").TextOr("") + ":" +
		n.Get("target").TextOr("") + "/" + n.Get("protocol").TextOr("tcp")
}
