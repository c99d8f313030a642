package translate

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// What compose says about replicas, updates and placement. They are the service's, and the service is one for the whole
// file: what two compose services say differently cannot hold.

// agreeOn reports whether a value may be set that all compose services share. Where another service says otherwise,
// neither holds.
func (t *translation) agreeOn(c *container, at place, what, value string) bool {
	s, ok := t.shared[what]
	if ok && s.value != value {
		t.warnf(at, "T07", "one ECS service runs the whole file: %s says %q, %s says %q at %s; the first holds",
			c.key, value, s.service, s.at.node.Show(s.value), s.at.pos)
		return false
	}
	t.shared[what] = sharedValue{at, c.key, value, value}
	return true
}

func applyReplicas(c *container, at place) {
	if c.svc.Scale != nil && c.svc.Deploy.Replicas != nil && *c.svc.Scale != *c.svc.Deploy.Replicas {
		c.t.errorf(at, "C12", "scale at %s says otherwise: keep one of them", c.at("scale").pos)
		return
	}
	c.desiredCount(at, c.svc.Deploy.Replicas)
}

func applyScale(c *container, at place) { c.desiredCount(at, c.svc.Scale) }

func (c *container) desiredCount(at place, n *int) {
	switch {
	case n == nil:
	case *n < 0:
		c.t.errorf(at, "C10", "must be 0 or more")
	case *n > math.MaxInt32:
		c.t.errorf(at, "C10", "must be %d or less", math.MaxInt32)
	case c.t.agreeOn(c, at, "replicas", strconv.Itoa(*n)):
		c.t.result.Service.DesiredCount = new(int32(*n))
		c.t.set["service.desiredCount"] = at
	}
}

func applyDeployLabels(c *container, _ place) {
	for _, key := range slices.Sorted(maps.Keys(c.svc.Deploy.Labels)) {
		at := c.at("deploy", "labels", key)
		if c.t.agreeOn(c, at, "deploy.labels."+key, c.svc.Deploy.Labels[key]) {
			c.t.addTag(&c.t.result.Service.Tags, key, c.svc.Deploy.Labels[key])
			c.t.set["service.tags "+key] = at
		}
	}
}

var deployModes = map[string]types.SchedulingStrategy{
	"": "", "replicated": types.SchedulingStrategyReplica, "global": types.SchedulingStrategyDaemon,
	"replicated-job": "", "global-job": "",
}

func applyDeployMode(c *container, at place) {
	mode := c.svc.Deploy.Mode
	strategy, ok := deployModes[mode]
	switch {
	case !ok:
		c.t.errorf(at, "C01", "%q is no mode%s: write replicated, global, replicated-job or global-job",
			mode, c.t.suggest(mode, sortedKeys(deployModes)))
	case strings.HasSuffix(mode, "-job"):
		c.t.notef(at, "K01", "a job is no service: start it with compose run, or as a task with compose up")
	case strategy == types.SchedulingStrategyDaemon && c.t.fargate:
		c.t.refuse(at, "F12", "deploy.mode", "not possible on Fargate: it has no instances to run one task on each")
	case c.t.agreeOn(c, at, "mode", mode):
		c.t.result.Service.SchedulingStrategy = strategy
		c.t.set["service.schedulingStrategy"] = at
	}
}

// nodeConstraint matches the constraints of swarm: node.labels.x==y, node.hostname != y.
var nodeConstraint = newRegexp(`^\s*(node|engine)\.(?:labels\.)?([\w.-]+)\s*(==|!=)\s*(.+?)\s*$`)

func applyPlacementConstraints(c *container, _ place) {
	for i, expression := range c.svc.Deploy.Placement.Constraints {
		at := c.at("deploy", "placement", "constraints", i)
		m := nodeConstraint().FindStringSubmatch(expression)
		switch {
		case m != nil && m[2] == "role":
			c.t.refuse(at, "K01", "deploy.placement.constraints", "container instances have no role: use a label")
			continue
		case m != nil && m[1] == "node" && (m[2] == "id" || m[2] == "ip" || m[2] == "platform.os" || m[2] == "platform.arch"):
			c.t.refuse(at, "K01", "deploy.placement.constraints", "container instances have no node.%s: use a label", m[2])
			continue
		case m != nil:
			expression = "attribute:" + m[2] + " " + m[3] + " " + m[4]
		}
		constraint := types.PlacementConstraint{Type: types.PlacementConstraintTypeMemberOf, Expression: new(expression)}
		c.t.addConstraint(at, constraint)
	}
}

func applyMaxReplicas(c *container, at place) {
	switch c.svc.Deploy.Placement.MaxReplicas {
	case 0:
	case 1:
		c.t.addConstraint(at, types.PlacementConstraint{Type: types.PlacementConstraintTypeDistinctInstance})
	default:
		c.t.refuse(at, "K01", "deploy.placement.max_replicas_per_node", "ECS can keep tasks apart, one for each instance: "+
			"it has no other limit")
	}
}

// addConstraint adds a constraint that no other service has given.
func (t *translation) addConstraint(at place, constraint types.PlacementConstraint) {
	s := &t.result.Service
	if slices.ContainsFunc(s.PlacementConstraints, func(o types.PlacementConstraint) bool {
		return o.Type == constraint.Type && value(o.Expression) == value(constraint.Expression)
	}) {
		return
	}
	t.set["service.placementConstraints "+strconv.Itoa(len(s.PlacementConstraints))] = at
	t.set["service.placementConstraints"] = at
	s.PlacementConstraints = append(s.PlacementConstraints, constraint)
}

func applyPlacementPreferences(c *container, at place) {
	for _, p := range c.svc.Deploy.Placement.Preferences {
		field := "attribute:" + strings.TrimPrefix(strings.TrimPrefix(p.Spread, "node.labels."), "engine.labels.")
		if strings.HasSuffix(field, ":az") || strings.HasSuffix(field, ":zone") {
			field = "attribute:ecs.availability-zone"
		}
		s := &c.t.result.Service
		if !slices.ContainsFunc(s.PlacementStrategy, func(o types.PlacementStrategy) bool { return value(o.Field) == field }) {
			c.t.set["service.placementStrategy"] = at
			s.PlacementStrategy = append(s.PlacementStrategy,
				types.PlacementStrategy{Type: types.PlacementStrategyTypeSpread, Field: new(field)})
		}
	}
}

// deployment returns the deployment configuration of the service, to be set.
func (t *translation) deployment() *types.DeploymentConfiguration {
	if t.result.Service.DeploymentConfiguration == nil {
		t.result.Service.DeploymentConfiguration = &types.DeploymentConfiguration{}
	}
	return t.result.Service.DeploymentConfiguration
}

// applyUpdateConfig turns parallelism and order into the percentages that allow just that many tasks to be replaced at
// a time: ECS rounds the maximum down and the minimum up.
func applyUpdateConfig(c *container, at place) {
	u := c.svc.Deploy.UpdateConfig
	switch u.FailureAction {
	case "rollback":
		c.breaker(at, true, true)
	case "pause":
		c.breaker(at, true, false)
	case "", "continue":
	default:
		c.t.errorf(c.at("deploy", "update_config", "failure_action"), "C10",
			"%q is no action: write continue, pause or rollback", u.FailureAction)
	}
	total := replicas(c.svc)
	switch {
	case u.Parallelism == nil && u.Order == "":
		return
	case u.Parallelism == nil || *u.Parallelism == 0 || total == nil || *total == 0:
		c.percentages(at, u.Order, 100)
		return
	case *u.Parallelism > uint64(*total):
		c.t.errorf(c.at("deploy", "update_config", "parallelism"), "D05", "more than the %d replicas", *total)
		return
	}
	c.percentages(at, u.Order, 100*float64(*u.Parallelism)/float64(*total))
}

func (c *container) breaker(at place, enable, rollback bool) {
	if c.t.agreeOn(c, at, "failure action", c.svc.Deploy.UpdateConfig.FailureAction) {
		c.t.deployment().DeploymentCircuitBreaker = &types.DeploymentCircuitBreaker{Enable: enable, Rollback: rollback}
		c.t.set["service.deploymentConfiguration"] = at
		c.t.set[deployTarget("deployment_circuit_breaker")] = at
	}
}

// percentages sets how many tasks are replaced at a time, in percent of all.
func (c *container) percentages(at place, order string, part float64) {
	if !c.t.agreeOn(c, at, "update order", strings.TrimSpace(order+" "+strconv.FormatFloat(part, 'f', 0, 64)+" %")) {
		return
	}
	d := c.t.deployment()
	c.t.set["service.deploymentConfiguration"] = at
	c.t.set[deployTarget("maximum_percent")], c.t.set[deployTarget("minimum_healthy_percent")] = at, at
	if order == "stop-first" {
		d.MaximumPercent = new(int32(100))
		d.MinimumHealthyPercent = new(int32(math.Floor(100 - part)))
		return
	}
	d.MinimumHealthyPercent = new(int32(100))
	d.MaximumPercent = new(int32(math.Ceil(100 + part)))
}
