package translate

import (
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/ecsparams"
)

// Rules about services, deployments and capacity.

func (t *translation) checkLaunch() {
	s := &t.result.Service
	switch {
	case s.LaunchType != "" && len(s.CapacityProviderStrategy) > 0:
		t.errorf(t.where("service.capacityProviderStrategy"), "D01", "excludes the launch type %s: keep one of them", s.LaunchType)
	case s.LaunchType == types.LaunchTypeManagedInstances:
		t.errorf(t.where("service.launchType"), "D01", "Managed Instances are reached by a capacity provider: "+
			"set run_params.capacity_provider_strategy")
	}
}

func (t *translation) checkStrategy() {
	strategy := t.result.Service.CapacityProviderStrategy
	if len(strategy) == 0 {
		return
	}
	at := t.where("service.capacityProviderStrategy")
	if len(strategy) > 20 {
		t.errorf(at, "D02", "%d capacity providers are more than the 20 ECS takes", len(strategy))
	}
	bases, weight, fargate := 0, int32(0), 0
	seen := map[string]bool{}
	for i, p := range strategy {
		at := t.paramsAt("run_params", "capacity_provider_strategy", i)
		name := value(p.CapacityProvider)
		if name == "" {
			t.errorf(at, "D02", "the key capacity_provider is missing")
		} else if seen[name] {
			t.errorf(at, "D02", "%s stands twice", name)
		}
		if p.Weight < 0 || p.Weight > 1000 {
			t.errorf(at, "D02", "the weight must be 0 to 1000, not %d", p.Weight)
		}
		if p.Base < 0 || p.Base > 100000 {
			t.errorf(at, "D02", "the base must be 0 to 100000, not %d", p.Base)
		}
		seen[name] = true
		weight += p.Weight
		if p.Base > 0 {
			bases++
		}
		if strings.HasPrefix(name, "FARGATE") {
			fargate++
		}
	}
	switch {
	case bases > 1:
		t.errorf(at, "D02", "one capacity provider has a base, not %d", bases)
	case len(strategy) > 1 && weight == 0:
		t.errorf(at, "D02", "one of several capacity providers must have a weight above 0")
	case fargate > 0 && fargate < len(strategy):
		t.errorf(at, "D02", "FARGATE and FARGATE_SPOT do not go with other capacity providers")
	}
}

func (t *translation) checkPlatformVersion() {
	if v := t.result.Service.PlatformVersion; v != nil && !t.fargate {
		t.errorf(t.where("service.platformVersion"), "D03", "is of Fargate: set the launch type FARGATE, or remove it")
	}
}

func (t *translation) checkPlacement() {
	s := &t.result.Service
	if n := len(s.PlacementStrategy); n > 5 {
		t.errorf(t.where("service.placementStrategy"), "D04", "%d strategies are more than the 5 ECS takes", n)
	}
	for _, p := range s.PlacementStrategy {
		at := t.where("service.placementStrategy")
		field := value(p.Field)
		switch {
		case p.Type == types.PlacementStrategyTypeSpread && field == "":
			t.errorf(at, "D04", "spread needs a field, such as attribute:ecs.availability-zone or instanceId")
		case p.Type == types.PlacementStrategyTypeBinpack && !strings.EqualFold(field, "cpu") && !strings.EqualFold(field, "memory"):
			t.errorf(at, "D04", "binpack needs the field cpu or memory, not %q", field)
		case p.Type == types.PlacementStrategyTypeRandom && field != "":
			t.errorf(at, "D04", "random takes no field")
		case p.Type == "":
			t.errorf(at, "D04", "the key type is missing: spread, binpack or random")
		}
	}
	if n := len(s.PlacementConstraints) + len(t.result.Task.PlacementConstraints); n > 10 {
		t.errorf(t.where("service.placementConstraints"), "D04", "%d constraints, those of the task definition counted, "+
			"are more than the 10 ECS takes", n)
	}
}

func (t *translation) checkPercentages() {
	s := &t.result.Service
	d := s.DeploymentConfiguration
	if d == nil || d.MaximumPercent == nil && d.MinimumHealthyPercent == nil {
		return
	}
	at := t.where("service.deploymentConfiguration")
	daemon := s.SchedulingStrategy == types.SchedulingStrategyDaemon
	most, least := int32(200), int32(100)
	if d.MaximumPercent != nil {
		most = *d.MaximumPercent
	}
	if d.MinimumHealthyPercent != nil {
		least = *d.MinimumHealthyPercent
	}
	switch {
	case least < 0 || least > 100:
		t.errorf(at, "D05", "minimum_healthy_percent must be 0 to 100, not %d", least)
	case most < 100:
		t.errorf(at, "D05", "maximum_percent must be 100 or more, not %d", most)
	case daemon && d.MaximumPercent != nil && most != 100:
		t.errorf(at, "D05", "maximum_percent of a daemon is 100, not %d", most)
	case least == 100 && most == 100 && !daemon:
		t.errorf(at, "D05", "with 100 %% at least and 100 %% at most nothing can be replaced: lower one or raise the other")
	case value(s.DesiredCount) == 1 && most < 200 && !daemon:
		t.notef(at, "D05", "with one task and at most %d %%, a deployment stops the task before it starts the new one", most)
	}
}

func (t *translation) checkBreaker() {
	d := t.result.Service.DeploymentConfiguration
	if d == nil || d.DeploymentCircuitBreaker == nil || !d.DeploymentCircuitBreaker.Enable {
		return
	}
	at := t.where("service.deploymentConfiguration")
	if d.Strategy != "" && d.Strategy != types.DeploymentStrategyRolling {
		t.errorf(at, "D06", "the circuit breaker is of rolling updates, not of %s", d.Strategy)
	}
}

func (t *translation) checkDeploymentStrategy() {
	s := &t.result.Service
	if c := s.DeploymentController; c != nil && c.Type != "" && c.Type != types.DeploymentControllerTypeEcs {
		t.errorf(t.where("service.deploymentController"), "D07", "%s is not supported: ECS itself deploys blue/green, linear "+
			"and canary; set deployment_configuration.strategy", c.Type)
	}
	d := s.DeploymentConfiguration
	if d == nil {
		return
	}
	at := t.where("service.deploymentConfiguration")
	if d.LinearConfiguration != nil && d.Strategy != types.DeploymentStrategyLinear {
		t.errorf(at, "D07", "linear_configuration goes with strategy: LINEAR")
	}
	if d.CanaryConfiguration != nil && d.Strategy != types.DeploymentStrategyCanary {
		t.errorf(at, "D07", "canary_configuration goes with strategy: CANARY")
	}
	if b := d.BakeTimeInMinutes; b != nil && (*b < 0 || *b > 1440) {
		t.errorf(at, "D07", "bake_time_in_minutes must be 0 to 1440, not %d", *b)
	}
	if l := d.LinearConfiguration; l != nil && l.StepPercent != nil {
		t.checkPercent(at, "step_percent", *l.StepPercent, 3)
	}
	if c := d.CanaryConfiguration; c != nil && c.CanaryPercent != nil {
		t.checkPercent(at, "canary_percent", *c.CanaryPercent, 0.1)
	}
	if d.Strategy == "" || d.Strategy == types.DeploymentStrategyRolling {
		return
	}
	if d.Strategy == types.DeploymentStrategyBlueGreen && d.BakeTimeInMinutes == nil {
		t.errorf(at, "D07", "BLUE_GREEN needs bake_time_in_minutes")
	}
	if s.SchedulingStrategy == types.SchedulingStrategyDaemon {
		t.errorf(at, "D07", "a daemon is deployed by rolling updates, not by %s", d.Strategy)
	}
	t.checkTraffic(at)
}

// checkTraffic: "Services that don't use Service Discovery, Service Connect, VPC Lattice or Elastic Load Balancing can
// also use blue/green deployments, but don't get any of the managed traffic shifting benefits."
func (t *translation) checkTraffic(at place) {
	s := &t.result.Service
	strategy := s.DeploymentConfiguration.Strategy
	connect := s.ServiceConnectConfiguration != nil && s.ServiceConnectConfiguration.Enabled
	headless := !connect && len(s.LoadBalancers)+len(s.VpcLatticeConfigurations) == 0 && s.Discovery == nil
	switch {
	case headless && strategy == types.DeploymentStrategyBlueGreen:
		t.notef(at, "D07", "there is no load balancer and no Service Connect: ECS runs old and new tasks side by side, and "+
			"shifts no traffic")
	case !connect && !slices.ContainsFunc(s.LoadBalancers, func(lb balancer) bool { return lb.AdvancedConfiguration != nil }):
		t.errorf(at, "D07", "%s shifts traffic: it needs Service Connect, or a load balancer with advanced_configuration", strategy)
	}
}

func (t *translation) checkPercent(at place, key string, percent, least float64) {
	if percent < least || percent > 100 || math.Abs(percent*10-math.Round(percent*10)) > 1e-6 {
		t.errorf(at, "D07", "%s must be %.1f to 100.0 in steps of 0.1, not %v", key, least, percent)
	}
}

var lambdaARN = newRegexp(`^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:.+$`)

// unpausable are the stages for functions only; see DeploymentLifecycleHook.lifecycleStages.
var unpausable = []types.DeploymentLifecycleHookStage{
	types.DeploymentLifecycleHookStageProductionTrafficShift, types.DeploymentLifecycleHookStageTestTrafficShift,
}

func (t *translation) checkHooks() {
	d := t.result.Service.DeploymentConfiguration
	if d == nil {
		return
	}
	for i, h := range d.LifecycleHooks {
		at := t.paramsAt("run_params", "deployment_configuration", "lifecycle_hooks", i)
		lambda := h.TargetType == "" || h.TargetType == types.DeploymentLifecycleHookTargetTypeAwsLambda
		switch {
		case lambda && !lambdaARN.MatchString(value(h.HookTargetArn)):
			t.errorf(at, "D08", "a hook that calls Lambda needs hook_target_arn, the ARN of the function")
		case lambda && !roleARN.MatchString(value(h.RoleArn)):
			t.errorf(at, "D08", "a hook that calls Lambda needs role_arn")
		case !lambda && (h.HookTargetArn != nil || h.RoleArn != nil):
			t.errorf(at, "D08", "a hook of type %s takes no hook_target_arn and no role_arn", h.TargetType)
		}
		if len(h.LifecycleStages) == 0 {
			t.errorf(at, "D08", "the key lifecycle_stages is missing")
		}
		for _, stage := range h.LifecycleStages {
			if !lambda && slices.Contains(unpausable, stage) {
				t.errorf(at, "D08", "a hook of type %s cannot be at %s", h.TargetType, stage)
			}
		}
		if c := h.TimeoutConfiguration; c != nil && c.TimeoutInMinutes != nil &&
			(*c.TimeoutInMinutes < 1 || *c.TimeoutInMinutes > 20160) {
			t.errorf(at, "D08", "timeout_in_minutes must be 1 to 20160, not %d", *c.TimeoutInMinutes)
		}
	}
}

func (t *translation) checkGracePeriod() {
	s := &t.result.Service
	if s.HealthCheckGracePeriodSeconds == nil || len(s.LoadBalancers) > 0 || len(s.VpcLatticeConfigurations) > 0 ||
		slices.ContainsFunc(t.containers, func(c *container) bool { return c.def.HealthCheck != nil }) {
		return
	}
	t.warnf(t.where("service.healthCheckGracePeriodSeconds"), "D09",
		"nothing checks the health of the tasks: there is no load balancer, and no container has a healthcheck")
}

func (t *translation) checkPropagation() {
	s := &t.result.Service
	at := t.where("service.propagateTags")
	if s.PropagateTags == types.PropagateTagsService && t.target.Purpose == ToRun {
		t.errorf(at, "D10", "a task that no service starts has no service to take tags from: use TASK_DEFINITION")
	}
	if s.PropagateTags == types.PropagateTagsNone && value(s.EnableECSManagedTags) {
		t.warnf(at, "D10", "enable_ecs_managed_tags does nothing for tasks without propagated tags")
	}
}

var scheduleExpression = newRegexp(`^(cron|rate|at)\(.+\)$`)

func (t *translation) checkAutoScaling() {
	a := t.result.Service.AutoScaling
	if a == nil {
		return
	}
	at := t.where("autoscaling")
	least, most := value(a.MinCapacity), value(a.MaxCapacity)
	switch {
	case a.MinCapacity == nil || a.MaxCapacity == nil:
		t.errorf(at, "D13", "needs min_capacity and max_capacity")
	case least < 0 || least > most:
		t.errorf(at, "D13", "min_capacity must be 0 or more and max_capacity not less: %d and %d", least, most)
	default:
		if n := t.result.Service.DesiredCount; n != nil && (*n < least || *n > most) {
			t.warnf(t.where("service.desiredCount"), "D13", "%d is not between min_capacity %d and max_capacity %d", *n, least, most)
		}
	}
	for i, action := range a.ScheduledActions {
		at := t.paramsAt("run_params", "auto_scaling", "scheduled_actions", i)
		if !scheduleExpression.MatchString(action.Schedule) {
			t.errorf(at, "D13", "%q is no schedule: write cron(…), rate(…) or at(…)", action.Schedule)
		}
		if action.ScheduledActionName == "" || action.ScalableTargetAction == nil {
			t.errorf(at, "D13", "needs scheduled_action_name and scalable_target_action")
		}
	}
	for i, p := range a.Policies {
		at := t.paramsAt("run_params", "auto_scaling", "policies", i)
		if p.PolicyName == "" {
			t.errorf(at, "D13", "the key policy_name is missing")
		}
		if countsRequests(p) && len(t.result.Service.LoadBalancers) == 0 {
			t.errorf(at, "D13", "ALBRequestCountPerTarget needs a load balancer")
		}
	}
}

// countsRequests reports whether a policy tracks the requests that a load balancer counts.
func countsRequests(p ecsparams.ScalingPolicy) bool {
	spec, _ := p.TargetTrackingScalingPolicyConfiguration["predefined_metric_specification"].(map[string]any)
	return spec["predefined_metric_type"] == "ALBRequestCountPerTarget"
}

func (t *translation) checkSchedule() {
	s := t.result.Service.Schedule
	if s == nil {
		return
	}
	at := t.where("schedule")
	switch {
	case !scheduleExpression.MatchString(s.ScheduleExpression):
		t.errorf(at, "D14", "%q is no schedule: write cron(…), rate(…) or at(…) as schedule_expression", s.ScheduleExpression)
	case len(s.Name) > 64:
		t.errorf(at, "D14", "the name has more than 64 characters")
	case s.TaskCount != nil && (*s.TaskCount < 1 || *s.TaskCount > 10):
		t.errorf(at, "D14", "task_count must be 1 to 10, not %d", *s.TaskCount)
	}
	r := &t.result.Service
	if len(r.VolumeConfigurations) > 0 {
		t.errorf(at, "D14", "EventBridge Scheduler starts no tasks with volume_configurations")
	}
	if len(r.CapacityProviderStrategy) > 6 {
		t.errorf(at, "D14", "EventBridge Scheduler takes 6 capacity providers, not %d", len(r.CapacityProviderStrategy))
	}
	if r.PropagateTags == types.PropagateTagsService {
		t.errorf(at, "D14", "EventBridge Scheduler propagates tags of the task definition only")
	}
}
