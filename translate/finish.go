package translate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/compose/diag"
)

// What is decided for the task as a whole, once all keys have been applied.

// defaultMemory is the hard limit of a container in MiB where nothing says how much memory it or its task has.
const defaultMemory = 512

func (t *translation) finish() {
	t.applyParams()
	t.applyTarget()
	t.shareNamespaces()
	t.identify()
	t.compatibility()
	for _, c := range t.containers {
		if c.owner != nil {
			c.finishHook()
		}
		c.finishNetwork()
		c.finishPorts()
		c.finishMounts()
		c.finishLogging()
	}
	t.finishConnect()
	t.finishEssential()
	for _, c := range t.containers {
		c.finishRestart()
	}
	t.declareVolumes()
	t.finishMemory()
	if t.fargate {
		t.fargateSize()
	}
	t.namePorts()
	t.order()
	t.besides()
}

// besides says what of the service is looked up or made when it is deployed.
func (t *translation) besides() {
	say := func(at place, format string, args ...any) {
		t.result.Besides.Addf(at.pos, diag.Warning, "K01", at.path, format, args...)
	}
	for i, lb := range t.result.Service.LoadBalancers {
		if lb.TargetGroupName != "" {
			say(t.paramsAt("run_params", "load_balancers", i, "target_group_name"), "the request has no target group: "+
				"its ARN is looked up when the service is deployed; give target_group_arn to have it here")
		}
		if lb.DeregistrationDelay != nil {
			say(t.paramsAt("run_params", "load_balancers", i, "deregistration_delay"), "is not in the request: "+
				"it is set on the target group when the service is deployed")
		}
	}
	if t.result.Service.Discovery != nil {
		say(t.where("service.serviceRegistries"), "is not in the request: the Cloud Map service is made when the service is deployed")
	}
}

// launchesOnFargate reports whether tasks run on Fargate, as far as target and files say.
func (t *translation) launchesOnFargate() bool {
	launchType := cmp.Or(t.target.LaunchType, t.params.RunParams.LaunchType)
	if launchType != "" {
		return launchType == types.LaunchTypeFargate
	}
	for _, p := range t.params.RunParams.CapacityProviderStrategy {
		if strings.HasPrefix(value(p.CapacityProvider), "FARGATE") {
			return true
		}
	}
	return slices.Contains(t.params.TaskDefinition.RequiresCompatibilities, types.CompatibilityFargate)
}

func (t *translation) awsvpc() bool { return t.result.Task.NetworkMode == types.NetworkModeAwsvpc }

// identify names the family and the service after the project. The name is never changed, so that what ecs-cli deployed
// is taken over.
func (t *translation) identify() {
	if t.result.Task.Family == nil {
		t.result.Task.Family = new(t.project.Name)
	}
	t.result.Service.ServiceName = new(t.target.ServicePrefix + t.project.Name)
}

// compatibility says on what the task can run: what ecs-params says, else where it is launched.
func (t *translation) compatibility() {
	task := &t.result.Task
	if len(task.RequiresCompatibilities) > 0 {
		return
	}
	launchType := t.result.Service.LaunchType
	if launchType == "" && t.fargate {
		launchType = types.LaunchTypeFargate
	}
	if launchType != "" {
		task.RequiresCompatibilities = []types.Compatibility{types.Compatibility(launchType)}
	}
}

// finishMounts adds the mount points.
func (c *container) finishMounts() {
	for _, m := range c.mounts {
		c.set[mountTarget(*m.ContainerPath)] = m.at
		c.def.MountPoints = append(c.def.MountPoints, m.MountPoint)
	}
}

// mountTarget is the key under which the place of a mount point is kept.
func mountTarget(path string) string { return container1 + "mountPoints " + path }

// finishLogging gives awslogs its region where the target knows it.
func (c *container) finishLogging() {
	if l := c.def.LogConfiguration; l != nil {
		l.Options = c.t.withRegion(c.where(container1+"logConfiguration"), l.LogDriver, l.Options)
	}
}

// finishConnect does the same for the proxies of Service Connect.
func (t *translation) finishConnect() {
	s := t.result.Service.ServiceConnectConfiguration
	if s == nil || s.LogConfiguration == nil {
		return
	}
	connect, l := *s, *s.LogConfiguration
	l.Options = t.withRegion(t.paramsAt("run_params", "service_connect_configuration", "log_configuration"), l.LogDriver, l.Options)
	connect.LogConfiguration = &l
	t.result.Service.ServiceConnectConfiguration = &connect
}

// withRegion returns the options of a log driver with the region that awslogs needs, if the target knows it.
func (t *translation) withRegion(at place, driver types.LogDriver, options map[string]string) map[string]string {
	if driver != types.LogDriverAwslogs || options["awslogs-region"] != "" || t.target.Region == "" {
		return options
	}
	t.notef(at, "T23", "awslogs-region is %s, the region of the cluster", t.target.Region)
	with := map[string]string{}
	maps.Copy(with, options)
	with["awslogs-region"] = t.target.Region
	return with
}

// finishEssential makes containers that others wait for until they end non-essential: the task goes on without them.
func (t *translation) finishEssential() {
	for _, c := range t.containers {
		if !c.waitedFor() || !*c.def.Essential {
			continue
		}
		if at, ok := c.set[container1+"essential"]; ok {
			t.errorf(at, "T10", "%s cannot be essential: another container starts when it has ended, "+
				"and the task would end with it", c.name)
			continue
		}
		c.def.Essential = new(false)
		t.notef(c.at(), "T10", "is not essential: another container starts when it has ended")
	}
}

// finishMemory gives a container a hard limit where nothing says how much memory it has.
func (t *translation) finishMemory() {
	if t.result.Task.Memory != nil || t.fargate {
		return
	}
	for _, c := range t.containers {
		if c.def.Memory != nil || c.def.MemoryReservation != nil {
			continue
		}
		c.def.Memory = new(int32(defaultMemory))
		why := "nothing says how much"
		if c.saysMemory() {
			why = "what the files say sets none"
		}
		t.notef(c.at(), "T02", "has %d MiB of memory: %s; set deploy.resources.limits.memory", defaultMemory, why)
	}
}

// saysMemory reports whether a file says how much memory the container has, be it in a way that sets none.
func (c *container) saysMemory() bool {
	for _, key := range []string{"mem_limit", "mem_reservation"} {
		if at, ok := c.t.find(ofService+key, c.key); !c.node.Get(key).IsEmpty() || ok && !at.node.IsEmpty() {
			return true
		}
	}
	for _, key := range []string{"limits", "reservations"} {
		if !c.node.Get("deploy").Get("resources").Get(key).Get("memory").IsEmpty() {
			return true
		}
	}
	return false
}

// namePorts names the ports that have no name where something refers to ports by name. A port that is published twice
// needs one name.
func (t *translation) namePorts() {
	s := &t.result.Service
	connect := s.ServiceConnectConfiguration != nil && s.ServiceConnectConfiguration.Enabled
	if !connect && len(s.VpcLatticeConfigurations) == 0 && len(s.GatewayConnectors) == 0 {
		return
	}
	taken := map[string]bool{}
	t.eachPort(func(_ *container, m *types.PortMapping) { taken[value(m.Name)] = true })
	t.eachPort(func(c *container, m *types.PortMapping) {
		if m.Name != nil || m.ContainerPort == nil {
			return
		}
		name := fmt.Sprintf("%s-%d-%s", strings.ToLower(c.name), *m.ContainerPort, cmp.Or(m.Protocol, types.TransportProtocolTcp))
		if !taken[name] {
			m.Name, taken[name] = new(name), true
		}
	})
}

// eachPort calls f for each port mapping of each container.
func (t *translation) eachPort(f func(c *container, m *types.PortMapping)) {
	for _, c := range t.containers {
		for i := range c.def.PortMappings {
			f(c, &c.def.PortMappings[i])
		}
	}
}

// order puts everything whose order means nothing into one order, and all of it into the result.
func (t *translation) order() {
	slices.SortStableFunc(t.containers, func(a, b *container) int { return strings.Compare(a.name, b.name) })
	task := &t.result.Task
	for _, c := range t.containers {
		c.def.Name = new(c.name)
		sortContainer(&c.def)
		task.ContainerDefinitions = append(task.ContainerDefinitions, c.def)
	}
	for _, name := range sortedKeys(t.volumes) {
		task.Volumes = append(task.Volumes, t.volumes[name].Volume)
	}
	slices.Sort(task.RequiresCompatibilities)
	sortTags(t.result.Tags)
	sortTags(t.result.Service.Tags)
}

// sortContainer sorts the lists of a container in which ECS sees no order.
func sortContainer(d *types.ContainerDefinition) {
	slices.SortStableFunc(d.Environment, func(a, b types.KeyValuePair) int { return strings.Compare(*a.Name, *b.Name) })
	slices.SortStableFunc(d.Secrets, func(a, b types.Secret) int { return strings.Compare(value(a.Name), value(b.Name)) })
	slices.SortStableFunc(d.Ulimits, func(a, b types.Ulimit) int { return cmp.Compare(a.Name, b.Name) })
	if p := d.LinuxParameters; p != nil && p.Capabilities != nil {
		slices.Sort(p.Capabilities.Add)
		slices.Sort(p.Capabilities.Drop)
	}
}

func sortTags(tags []types.Tag) {
	slices.SortStableFunc(tags, func(a, b types.Tag) int { return strings.Compare(value(a.Key), value(b.Key)) })
}

// value returns what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// words returns the words of an API enumeration.
func words[T ~string](values []T) []string {
	l := make([]string, len(values))
	for i, v := range values {
		l[i] = string(v)
	}
	return l
}

func (t *translation) suggest(word string, candidates []string) string {
	return diag.Suggest(word, candidates)
}

func (t *translation) suggestService(name string) string {
	return diag.Suggest(name, sortedKeys(t.project.Services))
}
