package translate

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/compose/source"
)

// find returns the keys of the path that the ecs-params files have, with * standing for service; false if they lack it
// or give it no value.
func (t *translation) find(path, service string) (place, bool) {
	n := t.params.Root
	var keys []any
	for step := range strings.SplitSeq(path, ".") {
		if step == "*" {
			step = service
		}
		keys = append(keys, step)
		f := n.Field(step)
		if f == nil || f.Value.Kind == source.Null {
			return place{}, false
		}
		n = f.Value
	}
	return t.paramsAt(keys...), true
}

// applyParams applies the rows of ecs-params for the container, and then what registry-creds made.
func (c *container) applyParams() {
	if c.params != nil {
		for i := range paramKeys {
			row := &paramKeys[i]
			if at, ok := c.t.find(row.path, c.key); ok && strings.HasPrefix(row.path, ofService) {
				c.t.applyParam(row, c, c.set, at)
			}
		}
	}
	c.applyRegistry()
}

// inherited are the keys of ecs-params for a service that hold for its pre_start hooks too: they only add.
var inherited = map[string]bool{
	ofService + "environment_files": true, ofService + "logging.secret_options": true,
	ofService + "repository_credentials": true, ofService + "secrets": true,
}

// inheritParams applies the rows of ecs-params that hold for a hook too. Credentials are those of one registry.
func (c *container) inheritParams() {
	if c.params != nil {
		for i := range paramKeys {
			row := &paramKeys[i]
			if at, ok := c.t.find(row.path, c.key); ok && inherited[row.path] {
				c.t.applyParam(row, c, c.set, at)
			}
		}
	}
	c.applyRegistry()
	if registryOf(value(c.def.Image)) != registryOf(c.owner.svc.Image) {
		c.def.RepositoryCredentials = nil
	}
}

// applyParams applies the rows of ecs-params for the task and the service.
func (t *translation) applyParams() {
	if t.params.Root == nil {
		return
	}
	for i := range paramKeys {
		row := &paramKeys[i]
		if strings.HasPrefix(row.path, ofService) {
			continue
		}
		if at, ok := t.find(row.path, ""); ok {
			t.applyParam(row, nil, t.set, at)
		}
	}
}

// applyParam applies a row, and says what it overrides. A value that sets nothing after all takes its place out of set.
func (t *translation) applyParam(row *paramKey, c *container, set map[string]place, at place) {
	if row.apply == nil {
		return
	}
	old, before := set[row.target]
	set[row.target] = at
	row.apply(t, c, at)
	_, sets := set[row.target]
	switch {
	case !before:
	case !sets:
		set[row.target] = old
	case old.path != at.path && !additive[row.target]:
		t.notef(at, "C08", "overrides %s at %s", old.path, old.pos)
	}
}

// additive are the targets to which ecs-params adds.
var additive = map[string]bool{
	container1 + "dependsOn": true, container1 + "portMappings": true, container1 + "secrets": true,
	"service.deploymentConfiguration": true, "service.tags": true, "service.networkConfiguration": true,
}

// applyRegistry lets a container pull with the credentials that registry-creds stored.
func (c *container) applyRegistry() {
	r := c.t.target.Registry
	if r == nil {
		return
	}
	name := c.name
	if c.owner != nil {
		name = c.owner.name
	}
	outputs := r.RegistryCredentialOutputs
	for _, registry := range sortedKeys(outputs.ContainerCredentials) {
		entry := outputs.ContainerCredentials[registry]
		if !slices.Contains(entry.ContainerNames, name) {
			continue
		}
		at := c.t.registryAt("registry_credential_outputs", "container_credentials", registry)
		if old, ok := c.set[container1+"repositoryCredentials"]; ok {
			if strings.HasPrefix(old.path, "registry") {
				c.t.errorf(at, "C12", "the container %s has credentials of two registries: %s gives others", name, old.pos)
				continue
			}
			c.t.notef(at, "C08", "overrides %s at %s", old.path, old.pos)
		}
		c.set[container1+"repositoryCredentials"] = at
		c.def.RepositoryCredentials = &types.RepositoryCredentials{CredentialsParameter: new(entry.CredentialsParameter)}
	}
}

func (t *translation) registryAt(keys ...string) place {
	steps := make([]any, len(keys))
	for i, k := range keys {
		steps[i] = k
	}
	return find(t.target.Registry.Root, nil, steps...)
}

// applyTarget applies what wins over all files.
func (t *translation) applyTarget() {
	if r := t.target.Registry; r != nil && r.RegistryCredentialOutputs.TaskExecutionRole != "" {
		at := t.registryAt("registry_credential_outputs", "task_execution_role")
		if old, ok := t.set["executionRoleArn"]; ok {
			t.notef(at, "C08", "overrides %s at %s", old.path, old.pos)
		}
		t.set["executionRoleArn"] = at
		t.result.Task.ExecutionRoleArn = new(r.RegistryCredentialOutputs.TaskExecutionRole)
	}
	t.unusedCredentials()
	if t.target.TaskRoleARN != "" {
		t.overriddenBy("--task-role-arn", "taskRoleArn")
		t.result.Task.TaskRoleArn = new(t.target.TaskRoleARN)
	}
	if t.target.LaunchType != "" {
		if t.result.Service.LaunchType != t.target.LaunchType {
			t.overriddenBy("--launch-type", "service.launchType")
		}
		t.result.Service.LaunchType = t.target.LaunchType
	}
	for _, key := range sortedKeys(t.target.Tags) {
		t.addTag(&t.result.Tags, key, t.target.Tags[key])
		t.addTag(&t.result.Service.Tags, key, t.target.Tags[key])
	}
}

// unusedCredentials reports credentials that no container uses.
func (t *translation) unusedCredentials() {
	if t.target.Registry == nil {
		return
	}
	outputs := t.target.Registry.RegistryCredentialOutputs
	for _, registry := range sortedKeys(outputs.ContainerCredentials) {
		entry := outputs.ContainerCredentials[registry]
		at := t.registryAt("registry_credential_outputs", "container_credentials", registry)
		if entry.CredentialsParameter == "" || len(entry.ContainerNames) == 0 {
			t.warnf(at, "C11", "has no credentials_parameter or no container_names: nothing pulls with it")
		}
		for _, name := range entry.ContainerNames {
			if t.named(name) == nil {
				t.warnf(at, "C11", "there is no container %q: nothing pulls with these credentials", name)
			}
		}
	}
}

func (t *translation) overriddenBy(flag, target string) {
	if at, ok := t.set[target]; ok {
		t.notef(at, "C08", "overridden by %s", flag)
	}
}

// addTag adds a tag, or gives the one of that key another value; it reports whether it did the latter.
func (t *translation) addTag(tags *[]types.Tag, key, val string) (replaced bool) {
	for i := range *tags {
		if value((*tags)[i].Key) == key {
			replaced = value((*tags)[i].Value) != val
			(*tags)[i].Value = new(val)
			return replaced
		}
	}
	*tags = append(*tags, types.Tag{Key: new(key), Value: new(val)})
	return false
}

// healthcheck returns the health check of the container, to be set.
func (c *container) healthcheck() *types.HealthCheck {
	if c.def.HealthCheck == nil {
		c.def.HealthCheck = &types.HealthCheck{}
	}
	return c.def.HealthCheck
}

// paramTest sets the command of the health check; test and command are two words for it.
func paramTest(t *translation, c *container, at place) {
	h := c.params.Healthcheck
	if len(h.Test) > 0 && len(h.Command) > 0 {
		t.errorf(at, "C12", "test and command say the same thing: keep one of them")
		return
	}
	command := slices.Concat(h.Test, h.Command)
	if len(command) > 0 && command[0] == "NONE" {
		c.def.HealthCheck = nil
		delete(c.set, health+"command")
		return
	}
	c.healthcheck().Command = command
}

// paramSecret adds a secret, or replaces the one of compose for the same variable.
func (c *container) paramSecret(at place, s types.Secret) {
	target := secretTarget(value(s.Name))
	old, twice := c.set[target]
	switch {
	case twice && strings.HasPrefix(old.path, ofTask):
		c.t.errorf(at, "N11", "%s is a secret at %s already: keep one of them", value(s.Name), old.pos)
	case twice:
		c.t.notef(at, "C08", "overrides %s at %s", old.path, old.pos)
	}
	c.set[target] = at
	c.addSecret(s)
}

// paramDependency adds a dependency, or gives the one of compose on the same container another condition.
func (c *container) paramDependency(at place, d types.ContainerDependency) {
	name := value(d.ContainerName)
	for _, o := range c.def.DependsOn {
		if old := c.where(dependsTarget(name)); *o.ContainerName == name && o.Condition != d.Condition {
			c.t.notef(at, "C08", "overrides %s at %s", old.path, old.pos)
		}
	}
	c.dependOn(at, name, d.Condition)
}

// paramTag adds a tag of the service, or gives the one of compose another value.
func (t *translation) paramTag(at place, key, val string) {
	target := "service.tags " + key
	if old, ok := t.set[target]; ok && t.addTag(&t.result.Service.Tags, key, val) {
		t.notef(at, "C08", "overrides %s at %s", old.path, old.pos)
	}
	t.addTag(&t.result.Service.Tags, key, val)
	t.set[target] = at
}

// notNegative reports a number below zero.
func (t *translation) notNegative(at place, n *int32) {
	if value(n) < 0 {
		t.errorf(at, "C10", "must be 0 or more, not %d", *n)
	}
}

func paramSecretOptions(t *translation, c *container, at place) {
	if c.params.Logging == nil || len(c.params.Logging.SecretOptions) == 0 {
		return
	}
	if c.def.LogConfiguration == nil {
		t.errorf(at, "T23", "the service %s has no logging in the compose files: name a driver there", c.key)
		return
	}
	c.def.LogConfiguration.SecretOptions = c.params.Logging.SecretOptions
}

// paramPorts adds port mappings, or completes those of compose for the same port.
func paramPorts(t *translation, c *container, _ place) {
	for i, m := range c.params.PortMappings {
		p := port{PortMapping: m, at: t.paramsAt("task_definition", "services", c.key, "port_mappings", i)}
		at := slices.IndexFunc(c.ports, func(o port) bool { return o.key() == p.key() })
		if at < 0 {
			c.ports = append(c.ports, p)
			continue
		}
		old := &c.ports[at]
		if old.differs(m) {
			t.notef(p.at, "C08", "overrides %s at %s", old.at.path, old.at.pos)
		}
		old.at, old.exposed = p.at, false
		if m.HostPort != nil {
			old.HostPort, old.published = m.HostPort, ""
		}
		if m.Name != nil {
			old.Name = m.Name
		}
		if m.AppProtocol != "" {
			old.AppProtocol = m.AppProtocol
		}
	}
}

// differs reports whether m says something else than p.
func (p *port) differs(m types.PortMapping) bool {
	return p.published != "" && m.HostPort != nil && p.published != strconv.Itoa(int(*m.HostPort)) ||
		p.Name != nil && m.Name != nil && *p.Name != *m.Name ||
		p.AppProtocol != "" && m.AppProtocol != "" && p.AppProtocol != m.AppProtocol
}

// paramDeployment sets the members that ecs-params gives, and leaves the others as compose has them.
func paramDeployment(t *translation, _ *container, _ place) {
	from, to := t.params.RunParams.DeploymentConfiguration, t.result.Service.DeploymentConfiguration
	if from == nil || to == nil {
		t.result.Service.DeploymentConfiguration = from
		return
	}
	merged := *from
	override(t, "maximum_percent", &merged.MaximumPercent, to.MaximumPercent)
	override(t, "minimum_healthy_percent", &merged.MinimumHealthyPercent, to.MinimumHealthyPercent)
	override(t, "deployment_circuit_breaker", &merged.DeploymentCircuitBreaker, to.DeploymentCircuitBreaker)
	t.result.Service.DeploymentConfiguration = &merged
}

// override lets a member of the deployment configuration that ecs-params does not give be that of compose, and says
// where the two differ.
func override[T any](t *translation, key string, p **T, compose *T) {
	switch old := t.set[deployTarget(key)]; {
	case *p == nil:
		*p = compose
	case compose != nil && !reflect.DeepEqual(*p, compose):
		t.notef(t.paramsAt("run_params", "deployment_configuration", key), "C08", "overrides %s at %s", old.path, old.pos)
	}
}

// deployTarget is the key under which the place of a member of the deployment configuration is kept, by its name in
// ecs-params.
func deployTarget(key string) string { return "service.deploymentConfiguration " + key }

// paramNetwork sets the network, with the security groups that compose networks stand for.
func paramNetwork(t *translation, _ *container, _ place) {
	from := t.params.RunParams.NetworkConfiguration
	if from == nil || from.AwsvpcConfiguration == nil {
		return
	}
	merged := *from.AwsvpcConfiguration
	if n := t.result.Service.NetworkConfiguration; n != nil {
		merged.SecurityGroups = slices.Concat(merged.SecurityGroups, n.AwsvpcConfiguration.SecurityGroups)
	}
	t.result.Service.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &merged}
}

// addSecurityGroup adds the security group that an external compose network names.
func (t *translation) addSecurityGroup(at place, id string) {
	if t.result.Service.NetworkConfiguration == nil {
		t.result.Service.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{}}
	}
	v := t.result.Service.NetworkConfiguration.AwsvpcConfiguration
	if !slices.Contains(v.SecurityGroups, id) {
		v.SecurityGroups = append(v.SecurityGroups, id)
		t.set["service.networkConfiguration"] = at
		t.set[groupTarget(id)] = at
	}
}

// groupTarget is the key under which the place of a security group is kept.
func groupTarget(id string) string { return "service.networkConfiguration " + id }

// later says that a block is read and checked, and that no command acts on it so far.
func (t *translation) later(at place) {
	t.notef(at, "M02", "is read and checked; no command of this version acts on it")
}
