// Package translate turns a compose project and its ecs-params into what ECS is told: a task definition, and what
// tasks and services need besides.
//
// It is tables. One row for each key of a compose service (keys.go) and one for each key of ecs-params (params.go) says
// what becomes of it; the rules (rules.go) then look at the whole. Nothing here knows what exists in AWS.
package translate

import (
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"

	"github.com/ecsctl/ecsctl/compose"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
	"github.com/ecsctl/ecsctl/ecsparams"
)

// A Target says where and how the project is meant to run, as far as no file says it. Its members win over the files.
type Target struct {
	Purpose          Purpose                        // what the result is for
	LaunchType       types.LaunchType               // "" if it is not known
	Region           string                         // "" if it is not known
	TaskRoleARN      string                         // name or ARN
	ServicePrefix    string                         // what the name of the service begins with
	RestartPolicy    RestartPolicy                  // which containers ECS restarts by itself
	Tags             map[string]string              // of the task definition, the service and the tasks
	Registry         *ecsparams.RegistryCredentials // what registry-creds made, or nil
	AllowUnsupported []string                       // keys and rules whose errors become warnings
}

// A Purpose says what the result of a translation is for, and so which of its parts must be complete.
type Purpose int

// The purposes.
const (
	ToRegister Purpose = iota // a task definition
	ToRun                     // tasks
	ToServe                   // a service
)

// A RestartPolicy says for which containers the restart of compose becomes a restart policy of ECS.
type RestartPolicy string

// The restart policies. A restarted essential container is no reason for ECS to replace the task, so that a crash does
// not show in a deployment.
const (
	RestartSidecars RestartPolicy = "sidecars" // those that are not essential: the default
	RestartAll      RestartPolicy = "all"
	RestartNone     RestartPolicy = "none"
)

// A Result is what ECS is told.
type Result struct {
	Task    types.TaskDefinition // the members of ecs:RegisterTaskDefinition but for the tags
	Tags    []types.Tag          // of the task definition
	Service Service              // what ecs:CreateService and ecs:RunTask are told besides
	Besides diag.List            // what no request to create the service can say, as it is looked up or made with it
}

// Translate translates a project. params may be nil. With errors among the diagnostics, the result is good for
// reading only.
func Translate(p *compose.Project, params *ecsparams.Params, target Target) (*Result, diag.List) {
	t := newTranslation(p, params, target)
	if len(p.Services) > maxServices {
		t.checkContainerCount(len(p.Services))
		return &t.result, t.diags
	}
	t.translate()
	t.check()
	t.diags = compose.WithoutInherited(t.diags)
	t.diags.Sort()
	return &t.result, t.diags
}

func newTranslation(p *compose.Project, params *ecsparams.Params, target Target) *translation {
	if params == nil {
		params = &ecsparams.Params{}
	}
	return &translation{
		project: p, params: params, target: target, set: map[string]place{}, shared: map[string]sharedValue{},
		volumes: map[string]*volume{}, wholes: map[string]*volume{}, subpaths: map[string]bool{}, keys: keyTree(),
	}
}

// translate applies the tables to the files.
func (t *translation) translate() {
	t.checkServiceNames()
	t.reportTopKeys(t.project.Root, topTree(), nil)
	t.fargate = t.launchesOnFargate()
	t.nameVolumes()
	for _, name := range slices.Sorted(maps.Keys(t.project.Services)) {
		t.service(name)
	}
	t.finish()
}

// check applies the rules to the whole.
func (t *translation) check() {
	for _, r := range ruleTable {
		if r.check != nil {
			r.check(t)
		}
	}
}

// maxServices is how many services are translated at most, whatever ECS makes of them: beyond it only their number is
// reported.
const maxServices = 1000

// A place is where a value was written.
type place struct {
	pos  token.Position
	path string
	node *source.Node // the value, nil if messages quote none of it
}

// find returns the place of the value at the path below n, or of what is nearest to it. n stands at path.
func find(n *source.Node, path *source.Path, steps ...any) place {
	spot := n.Find(path, steps...)
	return place{spot.Pos, spot.Path.String(), spot.Node}
}

// A translation is the state of one call of Translate.
type translation struct {
	project    *compose.Project
	params     *ecsparams.Params
	target     Target
	keys       *keyNode // the table of compose keys
	fargate    bool
	containers []*container           // in order of their names, once finished
	volumes    map[string]*volume     // by their names in ECS
	names      map[string]bool        // of volumes that the files declare, in ECS
	wholes     map[string]*volume     // volumes that the files declare, by their names there, once looked at
	subpaths   map[string]bool        // volumes of which directories are mounted
	set        map[string]place       // where each member of the task and of the service was set
	shared     map[string]sharedValue // values that all services must agree on
	result     Result
	diags      diag.List
}

// A container is the translation of one compose service, or of one hook of it.
type container struct {
	t      *translation
	name   string // of the container
	key    string // of the compose service
	svc    *composetypes.ServiceConfig
	params *ecsparams.Container // nil if ecs-params has nothing for it
	node   *source.Node         // the service in the compose files
	path   *source.Path         // of node
	pos    token.Position       // of its key
	owner  *container           // of an init container that a pre_start hook became: that of its service
	set    map[string]place     // where each member was set
	cpuAt  place                // where the CPU units of def were set
	ports  []port
	mounts []mount
	def    types.ContainerDefinition
}

// at returns the place of a key of the compose service, or of the service; steps are keys and indexes.
func (c *container) at(steps ...any) place {
	if len(steps) == 0 {
		return place{pos: c.pos, path: c.path.String()}
	}
	return find(c.node, c.path, steps...)
}

// where returns the place where a member of the container was set, or that of the service.
func (c *container) where(target string) place {
	if at, ok := c.set[target]; ok {
		return at
	}
	return c.at()
}

// paramsAt returns the place of a key of ecs-params.
func (t *translation) paramsAt(steps ...any) place {
	return find(t.params.Root, nil, steps...)
}

// projectAt returns the place of a key of the compose files.
func (t *translation) projectAt(steps ...any) place { return find(t.project.Root, nil, steps...) }

// where returns the place where a member of the task or the service was set, or that of the project.
func (t *translation) where(target string) place {
	if at, ok := t.set[target]; ok {
		return at
	}
	return place{pos: t.project.Where("services")}
}

// report adds a diagnostic. Values of variables may be secrets: of the value at the place, args are shown as they
// stand in the file. Names of services are no secrets.
func (t *translation) report(at place, s diag.Severity, rule, format string, args ...any) {
	shown := slices.Clone(args)
	for i, arg := range args {
		text := reflect.ValueOf(arg)
		if text.Kind() != reflect.String || t.project.Root.Get("services").Field(text.String()) != nil {
			continue
		}
		shown[i] = at.node.Show(text.String())
	}
	t.diags.Addf(at.pos, s, rule, at.path, format, shown...)
}

func (t *translation) errorf(at place, rule, format string, args ...any) {
	t.report(at, diag.Error, rule, format, args...)
}

func (t *translation) warnf(at place, rule, format string, args ...any) {
	t.report(at, diag.Warning, rule, format, args...)
}

func (t *translation) notef(at place, rule, format string, args ...any) {
	t.report(at, diag.Note, rule, format, args...)
}

// refuse reports an error that the user may waive, for the key or for the rule, and reports whether it was waived: then
// it is a warning, and the value is left out.
func (t *translation) refuse(at place, rule, key, format string, args ...any) (waived bool) {
	if t.allows(rule, key) {
		t.warnf(at, rule, format+" (left out, as allowed)", args...)
		t.diags[len(t.diags)-1].Allowed = true
		return true
	}
	t.errorf(at, rule, format, args...)
	return false
}

// allows reports whether the errors of a rule or a key are waived.
func (t *translation) allows(rule, key string) bool {
	return slices.ContainsFunc(t.target.AllowUnsupported, func(a string) bool {
		return a == rule || a == key || strings.HasPrefix(key, a+".")
	})
}

// service translates a compose service into containers.
func (t *translation) service(name string) {
	svc := t.project.Services[name]
	params := t.params.TaskDefinition.Services[name]
	if params != nil && params.Skip {
		t.notef(t.paramsAt("task_definition", "services", name, "skip"), "M02", "the service is left out")
		return
	}
	c := &container{
		t: t, key: name, name: containerName(name), svc: &svc, params: params, set: map[string]place{},
		node: t.project.Root.Get("services").Get(name), path: source.NewPath("services", name),
		pos: t.project.Where("services", name),
	}
	if params != nil && params.Name != "" {
		c.name = params.Name
		c.set[container1+"name"] = t.paramsAt("task_definition", "services", name, "name")
	}
	t.containers = append(t.containers, c)
	c.def.Essential = new(true)
	c.applyKeys(c.node, t.keys, c.path)
	c.applyParams()
}

// containerName returns the name of the container of a service. ECS knows no dots.
func containerName(service string) string { return strings.ReplaceAll(service, ".", "-") }

// container returns the container of a compose service, or nil.
func (t *translation) container(service string) *container {
	for _, c := range t.containers {
		if c.key == service && c.owner == nil {
			return c
		}
	}
	return nil
}

// named returns the container with the given name, or nil.
func (t *translation) named(name string) *container {
	for _, c := range t.containers {
		if c.name == name {
			return c
		}
	}
	return nil
}
