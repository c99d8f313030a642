package translate

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// Rules about names, sizes and counts, and about the form of the files.

var resourceName = newRegexp(`^[A-Za-z0-9_-]{1,255}$`)

const resourceNameWords = "may have letters, digits, hyphens and underscores, 255 at most"

// nameAt returns the place of the project's name, if a file gives it.
func (t *translation) nameAt() place {
	at := t.projectAt("name")
	if t.project.Root.Field("name") != nil {
		return at
	}
	at.pos.Line, at.pos.Column = 1, 1
	return at
}

// servicesAt returns the place of all services.
func (t *translation) servicesAt() place {
	return place{pos: t.project.Where("services"), path: "services"}
}

func (t *translation) checkFamily() {
	family := *t.result.Task.Family
	if resourceName.MatchString(family) {
		return
	}
	if at, ok := t.set["family"]; ok {
		t.errorf(at, "N01", "the family %q %s", family, resourceNameWords)
		return
	}
	t.errorf(t.nameAt(), "N01", "the name of the project, %q, is that of the task definition, which %s: "+
		"give another with --project-name", family, resourceNameWords)
}

func (t *translation) checkContainerNames() {
	seen := map[string]*container{}
	for _, c := range t.containers {
		if !resourceName.MatchString(c.name) {
			t.errorf(c.where(container1+"name"), "N02", "the container name %q %s: "+
				"set task_definition.services.%s.name in ecs-params", c.name, resourceNameWords, c.key)
		}
		if o := seen[c.name]; o != nil {
			t.errorf(c.at(), "N02", "the services %s and %s are both the container %s: "+
				"set task_definition.services.<service>.name in ecs-params for one of them", o.key, c.key, c.name)
		}
		seen[c.name] = c
	}
}

func (t *translation) checkServiceName() {
	name := *t.result.Service.ServiceName
	if !resourceName.MatchString(name) && resourceName.MatchString(t.project.Name) {
		t.errorf(t.nameAt(), "N03", "the name of the service, %q, %s", name, resourceNameWords)
	}
}

func (t *translation) checkVolumeNames() {
	byName := map[string]string{}
	for _, name := range sortedKeys(t.project.Volumes) {
		if o, ok := byName[volumeName(name)]; ok {
			t.errorf(t.projectAt("volumes", name), "N04",
				"the volumes %s and %s are both %s in ECS, which knows no dots", o, name, volumeName(name))
		}
		byName[volumeName(name)] = name
	}
	for _, name := range sortedKeys(t.volumes) {
		if !resourceName.MatchString(name) {
			t.errorf(t.volumes[name].at, "N04", "the volume name %q %s", name, resourceNameWords)
		}
	}
	for _, list := range []string{"docker_volumes", "efs_volumes", "fsx_windows_file_server_volumes", "s3files_volumes"} {
		t.wantNames(list)
	}
}

// wantNames reports volumes of a list of ecs-params without a name, and names that stand twice.
func (t *translation) wantNames(list string) {
	seen := map[string]bool{}
	for i, v := range t.params.Root.Get("task_definition").Get(list).ItemsOrNone() {
		name, at := v.Get("name").TextOr(""), t.paramsAt("task_definition", list, i)
		if name == "" {
			t.errorf(at, "N04", "the volume has no name: add the key name")
		} else if seen[name] {
			t.errorf(at, "N04", "the volume %q stands twice: keep one of them", name)
		}
		seen[name] = true
	}
}

// maxContainers is how many containers a task has at most.
const maxContainers = 10

func (t *translation) checkContainers() { t.checkContainerCount(len(t.containers)) }

func (t *translation) checkContainerCount(n int) {
	switch {
	case n == 0:
		t.errorf(t.servicesAt(), "N05", "no service is left to run: the files have none, "+
			"or a profile switches them off")
	case n > maxContainers:
		t.errorf(t.servicesAt(), "N05", "%d containers are more than the %d a task may have: "+
			"split the file, or switch services off with profiles", n, maxContainers)
	}
}

const (
	maxTaskDefinition = 64 << 10
	nearTask          = 56 << 10
)

func (t *translation) checkSize() {
	size := len(awsjson.Marshal(&t.result.Task))
	at := t.servicesAt()
	switch {
	case size > maxTaskDefinition:
		t.errorf(at, "N06", "the task definition has %d bytes, more than the %d that ECS takes; %s", size, maxTaskDefinition,
			t.largest())
	case size > nearTask:
		t.warnf(at, "N06", "the task definition has %d of the %d bytes that ECS takes; %s", size, maxTaskDefinition, t.largest())
	}
}

// parts are what makes containers large, with what helps.
var parts = []struct {
	what, advice string
	of           func(d *types.ContainerDefinition) types.ContainerDefinition
}{
	{"command", "put it into a script in the image", func(d *types.ContainerDefinition) types.ContainerDefinition {
		return types.ContainerDefinition{Command: d.Command, EntryPoint: d.EntryPoint}
	}},
	{"environment", "keep it in S3 and name it under environment_files in ecs-params",
		func(d *types.ContainerDefinition) types.ContainerDefinition {
			return types.ContainerDefinition{Environment: d.Environment}
		}},
	{"labels", "remove those that nothing reads", func(d *types.ContainerDefinition) types.ContainerDefinition {
		return types.ContainerDefinition{DockerLabels: d.DockerLabels}
	}},
	{"rest", "make it smaller", func(d *types.ContainerDefinition) types.ContainerDefinition {
		rest := *d
		rest.Command, rest.EntryPoint, rest.Environment, rest.DockerLabels = nil, nil, nil, nil
		return rest
	}},
}

// largest names the largest part of a container.
func (t *translation) largest() string {
	most, words := 0, ""
	for _, c := range t.containers {
		for _, p := range parts {
			part := p.of(&c.def)
			if size := len(awsjson.Marshal(&part)); size > most {
				most, words = size, fmt.Sprintf("the %s of %s has %d: %s", p.what, c.key, size, p.advice)
			}
		}
	}
	return words
}

var (
	imageName   = newRegexp(`^(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?$`)
	imageDigest = newRegexp(`^sha256:[0-9a-f]{64}$`)
)

func (t *translation) checkImageNames() {
	for _, c := range t.containers {
		image := value(c.def.Image)
		if image == "" {
			continue
		}
		name, digest, hasDigest := strings.Cut(image, "@")
		at := c.at("image")
		switch {
		case len(c.node.Get("image").UnsetOrNone()) > 0: // said before
		case len(name) > 255:
			t.errorf(at, "N07", "the name has %d characters, more than the 255 ECS takes", len(name))
		case hasDigest && !imageDigest.MatchString(digest):
			t.errorf(at, "N07", "the digest is not sha256: and 64 hexadecimal digits")
		case imageName.MatchString(name):
		case strings.ToLower(name) != name && imageName.MatchString(strings.ToLower(name)):
			t.errorf(at, "N07", "%q has capital letters: the name of a repository has none", c.node.Get("image").Written())
		default:
			t.errorf(at, "N07", "%q is no name of an image: write [registry/]repository[:tag]", c.node.Get("image").Written())
		}
	}
}

var (
	tagText = newRegexp(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	awsTag  = newRegexp(`(?i)^aws:`)
)

func (t *translation) checkTags() {
	t.checkTagList(t.result.Tags, "tags", "task_definition")
	t.checkTagList(t.result.Service.Tags, "service.tags", "run_params")
}

func (t *translation) checkTagList(tags []types.Tag, target, section string) {
	at := t.where(target)
	if len(tags) > 50 {
		t.errorf(at, "N08", "%d tags are more than the 50 that ECS takes", len(tags))
	}
	for _, tag := range tags {
		key, val := value(tag.Key), value(tag.Value)
		at := at
		if p, ok := t.set[target+" "+key]; ok {
			at = p
		} else if t.params.Root.Get(section).Get("tags").Get(key) != nil {
			at = t.paramsAt(section, "tags", key)
		}
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			t.errorf(at, "N08", "the key %q must have 1 to 128 characters", key)
		case utf8.RuneCountInString(val) > 256:
			t.errorf(at, "N08", "the value of %q has more than 256 characters", key)
		case awsTag.MatchString(key):
			t.errorf(at, "N08", "the key %q begins with aws:, which is AWS's own", key)
		case !tagText.MatchString(key) || !tagText.MatchString(val):
			t.errorf(at, "N08", "the tag %q has characters that are no letters, digits, spaces or _ . : / = + - @", key)
		}
	}
}

func (t *translation) checkOverrides() {
	o := t.result.Service.Overrides
	if o == nil {
		return
	}
	at := t.where("task.overrides")
	if n := len(awsjson.Marshal(o)); n > 8192 {
		t.errorf(at, "N10", "the overrides have %d characters, more than the 8192 ECS takes", n)
	}
	for i, c := range o.ContainerOverrides {
		t.wantContainer(t.paramsAt("run_params", "overrides", "container_overrides", i), value(c.Name))
	}
}

// checkReferences reports what ecs-params names and the files lack.
func (t *translation) checkReferences() {
	if p := t.result.Task.ProxyConfiguration; p != nil {
		t.wantContainer(t.paramsAt("task_definition", "proxy_configuration", "container_name"), value(p.ContainerName))
	}
	t.checkUnmounted()
}

// wantContainer reports a name that no container of the task has.
func (t *translation) wantContainer(at place, name string) {
	if t.named(name) == nil {
		t.errorf(at, "C11", "there is no container %q%s", name, t.suggest(name, t.containerNames()))
	}
}

func (t *translation) containerNames() []string {
	var names []string
	for _, c := range t.containers {
		names = append(names, c.name)
	}
	return names
}

var portName = newRegexp(`^[a-z0-9_][a-z0-9_-]{0,63}$`)

func (t *translation) checkPortNames() {
	seen := map[string]string{}
	for _, c := range t.containers {
		for i, m := range c.def.PortMappings {
			if m.Name == nil {
				continue
			}
			at := c.where(portTarget(i))
			if !portName.MatchString(*m.Name) {
				t.errorf(at, "N13", "the port name %q may have lower-case letters, digits, hyphens and underscores, 64 at most",
					*m.Name)
			}
			if o, ok := seen[*m.Name]; ok {
				t.errorf(at, "N13", "%s has a port named %q too: names of ports are unique in a task", o, *m.Name)
			}
			seen[*m.Name] = c.key
		}
	}
}

var aliasName = newRegexp(`^[a-z0-9_.][a-z0-9_.-]{0,126}$`)

func (t *translation) checkDiscoveryNames() {
	s := t.result.Service.ServiceConnectConfiguration
	if s == nil {
		return
	}
	names, aliases := map[string]bool{}, map[string]bool{}
	for i, service := range s.Services {
		at := t.paramsAt("run_params", "service_connect_configuration", "services", i)
		name := value(service.DiscoveryName)
		if name != "" && !portName.MatchString(name) {
			t.errorf(at, "N14", "the discovery name %q may have lower-case letters, digits, hyphens and underscores, 64 at most",
				name)
		}
		if name != "" && names[name] {
			t.errorf(at, "N14", "the discovery name %q stands twice: it is unique in a namespace", name)
		}
		names[name] = true
		for _, a := range service.ClientAliases {
			dns := value(a.DnsName)
			if dns != "" && !aliasName.MatchString(dns) {
				t.errorf(at, "N14", "the alias %q may have lower-case letters, digits, dots, hyphens and underscores, 127 at most",
					dns)
			}
			key := fmt.Sprintf("%s:%d", dns, value(a.Port))
			if aliases[key] {
				t.errorf(at, "N14", "the alias %s stands twice", key)
			}
			aliases[key] = true
		}
	}
}

func (t *translation) checkExpressions() {
	for i, c := range t.result.Task.PlacementConstraints {
		t.checkConstraint(string(c.Type), value(c.Expression), "memberOf", "task_definition", "placement_constraints", i)
	}
	for i, c := range t.result.Service.PlacementConstraints {
		if strings.HasPrefix(t.where("service.placementConstraints").path, ofRun) {
			t.checkConstraint(string(c.Type), value(c.Expression), "memberOf or distinctInstance",
				"run_params", "task_placement", "constraints", i)
			continue
		}
		t.checkExpression(t.where(fmt.Sprintf("service.placementConstraints %d", i)), string(c.Type), value(c.Expression))
	}
}

// checkConstraint looks at a constraint of ecs-params, of one of kinds.
func (t *translation) checkConstraint(kind, expression, kinds string, steps ...any) {
	at := t.paramsAt(steps...)
	if written := t.params.Root.At(steps...).Get("type"); kind == "" && written.TextOr("") == "" {
		t.errorf(at, "N15", "the key type is missing: %s", kinds)
		return
	}
	t.checkExpression(at, kind, expression)
}

func (t *translation) checkExpression(at place, kind, expression string) {
	switch {
	case len(expression) > 2000:
		t.errorf(at, "N15", "the expression has %d characters, more than the 2000 ECS takes", len(expression))
	case kind == "distinctInstance" && expression != "":
		t.errorf(at, "N15", "distinctInstance takes no expression")
	case kind == "memberOf" && expression == "":
		t.errorf(at, "N15", "memberOf needs an expression, such as attribute:ecs.instance-type == t3.small")
	}
}
