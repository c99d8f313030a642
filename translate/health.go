package translate

import (
	"fmt"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"
)

// Health checks, and the order in which containers start.

// applyHealthcheck takes the health check over. ECS does not know the one of the image, so that a disabled one needs
// no words.
func applyHealthcheck(c *container, at place) {
	h := c.svc.HealthCheck
	if h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE" {
		return
	}
	check := &types.HealthCheck{Command: h.Test}
	members := []struct {
		key    string
		target string
		from   *composetypes.Duration
		to     **int32
	}{
		{"interval", "interval", h.Interval, &check.Interval},
		{"timeout", "timeout", h.Timeout, &check.Timeout},
		{"start_period", "startPeriod", h.StartPeriod, &check.StartPeriod},
	}
	for _, m := range members {
		if m.from != nil {
			*m.to = c.seconds(c.at("healthcheck", m.key), *m.from)
			c.set[health+m.target] = c.at("healthcheck", m.key)
		}
	}
	if h.Retries != nil {
		check.Retries = new(int32(min(*h.Retries, math.MaxInt32)))
		c.set[health+"retries"] = c.at("healthcheck", "retries")
	}
	if len(h.Test) > 0 {
		c.set[health+"command"] = c.at("healthcheck", "test")
	}
	c.def.HealthCheck = check
}

var conditions = map[string]types.ContainerCondition{
	composetypes.ServiceConditionStarted:               types.ContainerConditionStart,
	composetypes.ServiceConditionHealthy:               types.ContainerConditionHealthy,
	composetypes.ServiceConditionCompletedSuccessfully: types.ContainerConditionSuccess,
}

// applyDependsOn turns the conditions of compose into those of ECS. A dependency that a profile switches off or
// ecs-params leaves out is dropped.
func applyDependsOn(c *container, _ place) {
	for _, name := range sortedKeys(c.svc.DependsOn) {
		d := c.svc.DependsOn[name]
		at := c.at("depends_on", name)
		_, active := c.t.project.Services[name]
		if active && c.t.skips(name) {
			c.t.notef(at, "M02", "%s is left out, and so is the dependency", name)
			continue
		}
		if !active {
			continue
		}
		condition, ok := conditions[d.Condition]
		if !ok {
			c.t.errorf(at, "C10", "the condition %q is none of compose", d.Condition)
			continue
		}
		c.dependOn(at, c.t.nameOf(name), condition)
	}
}

// dependOn adds a dependency, or gives the one on the same container another condition.
func (c *container) dependOn(at place, name string, condition types.ContainerCondition) {
	c.set[dependsTarget(name)] = at
	for i, d := range c.def.DependsOn {
		if *d.ContainerName == name {
			c.def.DependsOn[i].Condition = condition
			return
		}
	}
	c.def.DependsOn = append(c.def.DependsOn,
		types.ContainerDependency{ContainerName: new(name), Condition: condition})
}

// dependsTarget is the key under which the place of a dependency is kept.
func dependsTarget(name string) string { return container1 + "dependsOn " + name }

// nameOf returns the name of the container of a compose service.
func (t *translation) nameOf(service string) string {
	if p := t.params.TaskDefinition.Services[service]; p != nil && p.Name != "" {
		return p.Name
	}
	return containerName(service)
}

// skips reports whether ecs-params leaves a service out.
func (t *translation) skips(service string) bool {
	p := t.params.TaskDefinition.Services[service]
	return p != nil && p.Skip
}

// applyPreStart makes an init container of each hook that runs in every replica. Hooks run one after the other, the
// service after the last.
func applyPreStart(c *container, _ place) {
	previous := ""
	for i := range c.svc.PreStart {
		at := c.at("pre_start", i)
		hook := &c.svc.PreStart[i]
		if !hook.PerReplica {
			c.t.refuse(at, "K01", "pre_start", "a hook that runs once for all replicas is no container of the task: "+
				"set per_replica: true, or run it before the deployment with compose run")
			continue
		}
		h := c.hookContainer(i, hook)
		if previous != "" {
			h.dependOn(at, previous, types.ContainerConditionSuccess)
		}
		previous = h.name
	}
	if previous != "" {
		c.dependOn(c.at("pre_start"), previous, types.ContainerConditionSuccess)
	}
}

// hookContainer adds the container of hook i. What the hook inherits of the service, its node has.
func (c *container) hookContainer(i int, hook *composetypes.PreStartHook) *container {
	node := c.node.Get("pre_start").Items[i]
	h := &container{
		t: c.t, key: c.key, name: fmt.Sprintf("%s-pre-start-%d", c.name, i+1), owner: c,
		svc: &composetypes.ServiceConfig{Name: c.key, ContainerSpec: hook.ContainerSpec}, params: c.params,
		set: map[string]place{}, node: node, path: c.path.Key("pre_start").Item(node.Index),
		pos: c.at("pre_start", i).pos,
	}
	h.def.Essential = new(false)
	c.t.containers = append(c.t.containers, h)
	h.applyKeys(h.node, c.t.keys, h.path)
	h.inheritParams()
	return h
}

// finishHook gives a hook what it shares with its service: the mounts and, if it is the first one, the dependencies,
// since the hook is what starts first now.
func (c *container) finishHook() {
	own := c.mounts
	c.mounts = slices.DeleteFunc(slices.Clone(c.owner.mounts), func(m mount) bool {
		return slices.ContainsFunc(own, func(o mount) bool { return *o.ContainerPath == *m.ContainerPath })
	})
	c.mounts = append(c.mounts, own...)
	if len(c.def.DependsOn) > 0 { // on the hook before it
		return
	}
	for _, d := range c.owner.def.DependsOn {
		if on := c.t.named(*d.ContainerName); on == nil || on.owner != c.owner {
			c.dependOn(c.owner.where(dependsTarget(*d.ContainerName)), *d.ContainerName, d.Condition)
		}
	}
}
