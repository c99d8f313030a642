package sandbox

import (
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// checkService holds a service to the rules of CreateService.
func (r *region) checkService(s *service, d *deployment, c *cluster, td *types.TaskDefinition) error {
	v := &s.Service.v
	daemon := v.SchedulingStrategy == types.SchedulingStrategyDaemon
	l := s.launchOf(d, c, td)
	if err := r.checkLaunch(l); err != nil {
		return err
	}
	if v.LaunchType, v.CapacityProviderStrategy = l.launchType, l.strategy; l.fargate() {
		orElse(&v.PlatformVersion, "LATEST")
		v.PlatformFamily = new("Linux")
	}
	d.copySettings(v)
	switch k := v.DeploymentConfiguration; {
	case v.DeploymentController != nil && v.DeploymentController.Type != types.DeploymentControllerTypeEcs:
		return invalidParameter("the sandbox knows only the deployment controller ECS")
	case daemon && k.Strategy != types.DeploymentStrategyRolling:
		return invalidParameter("The DAEMON scheduling strategy is not supported with %s deployments.", k.Strategy)
	case daemon && l.fargate():
		return invalidParameter("The DAEMON scheduling strategy is not supported with FARGATE.")
	case v.DesiredCount < 0:
		return invalidParameter("desiredCount must not be negative.")
	case *k.MaximumPercent < 100:
		return invalidParameter("maximumPercent must be at least 100.")
	case *k.MinimumHealthyPercent < 0 || *k.MinimumHealthyPercent > *k.MaximumPercent:
		return invalidParameter("minimumHealthyPercent must be between 0 and maximumPercent.")
	case *k.MaximumPercent == 100 && *k.MinimumHealthyPercent == 100:
		return invalidParameter("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	case len(v.LoadBalancers) > 0 && v.HealthCheckGracePeriodSeconds != nil && *v.HealthCheckGracePeriodSeconds < 0:
		return invalidParameter("healthCheckGracePeriodSeconds must not be negative.")
	}
	if err := checkStrategy(v); err != nil {
		return err
	}
	for _, lb := range v.LoadBalancers {
		if err := checkLoadBalancer(&lb, td); err != nil {
			return err
		}
	}
	return nil
}

// checkLoadBalancer: containerName and containerPort are those of a port mapping of the task definition.
func checkLoadBalancer(lb *types.LoadBalancer, td *types.TaskDefinition) error {
	name := value(lb.ContainerName)
	for _, c := range td.ContainerDefinitions {
		if *c.Name != name {
			continue
		}
		if slices.ContainsFunc(c.PortMappings, func(p types.PortMapping) bool {
			return value(p.ContainerPort) == value(lb.ContainerPort)
		}) {
			return nil
		}
		return invalidParameter("The container %s did not have a container port %d defined.", name, value(lb.ContainerPort))
	}
	return invalidParameter("The container %s does not exist in the task definition.", name)
}

// checkBakeTime: "You must provide this parameter when you use the BLUE_GREEN deployment strategy." A service that had
// the strategy before has one.
func checkBakeTime(k *types.DeploymentConfiguration, before types.DeploymentStrategy) error {
	if k != nil && k.Strategy == types.DeploymentStrategyBlueGreen && k.BakeTimeInMinutes == nil && before != k.Strategy {
		return invalidParameter("bakeTimeInMinutes is required for the BLUE_GREEN deployment strategy.")
	}
	return nil
}

// checkStrategy holds a service to the rules of DeploymentConfiguration that are about strategies.
func checkStrategy(v *types.Service) error {
	k := v.DeploymentConfiguration
	switch l, c := k.LinearConfiguration, k.CanaryConfiguration; {
	case !slices.Contains(k.Strategy.Values(), k.Strategy):
		return invalidParameter("Unknown deployment strategy %s.", k.Strategy)
	case *k.BakeTimeInMinutes < 0 || *k.BakeTimeInMinutes > 1440:
		return invalidParameter("bakeTimeInMinutes must be between 0 and 1440.")
	case k.EarlySuccessCriteria != nil:
		return invalidParameter("the sandbox knows no early success criteria")
	case l != nil && k.Strategy != types.DeploymentStrategyLinear:
		return invalidParameter("linearConfiguration is only valid with the LINEAR deployment strategy.")
	case c != nil && k.Strategy != types.DeploymentStrategyCanary:
		return invalidParameter("canaryConfiguration is only valid with the CANARY deployment strategy.")
	case l != nil && (!tenths(l.StepPercent, 3) || !minutesOfDay(l.StepBakeTimeInMinutes)):
		return invalidParameter("stepPercent must be a multiple of 0.1 from 3.0 to 100.0, its bake time 0 to 1440 minutes.")
	case c != nil && (!tenths(c.CanaryPercent, 0.1) || !minutesOfDay(c.CanaryBakeTimeInMinutes)):
		return invalidParameter("canaryPercent must be a multiple of 0.1 from 0.1 to 100.0, its bake time 0 to 1440 minutes.")
	case k.Strategy != types.DeploymentStrategyRolling && slices.ContainsFunc(v.LoadBalancers, unprepared):
		return invalidParameter("advancedConfiguration is required for load balancers with %s deployments.", k.Strategy)
	}
	for i := range k.LifecycleHooks {
		if err := checkHook(&k.LifecycleHooks[i]); err != nil {
			return err
		}
	}
	return nil
}

func tenths(p *float64, least float64) bool {
	return p == nil || *p >= least && *p <= 100 && math.Abs(*p*10-math.Round(*p*10)) < 1e-6
}

func minutesOfDay(p *int32) bool { return p == nil || *p >= 0 && *p <= 1440 }

// unprepared says whether traffic cannot be shifted at a load balancer: that takes a second target group, the rule of a
// listener and a role.
func unprepared(lb types.LoadBalancer) bool {
	a := lb.AdvancedConfiguration
	return a == nil || a.AlternateTargetGroupArn == nil || a.ProductionListenerRule == nil || a.RoleArn == nil
}

// checkHook: what DeploymentLifecycleHook says of its members.
func checkHook(h *types.DeploymentLifecycleHook) error {
	pause := h.TargetType == types.DeploymentLifecycleHookTargetTypePause
	t := h.TimeoutConfiguration
	switch {
	case len(h.LifecycleStages) == 0:
		return invalidParameter("A lifecycle hook must have lifecycleStages.")
	case !pause && (h.HookTargetArn == nil || h.RoleArn == nil):
		return invalidParameter("A lifecycle hook of type AWS_LAMBDA must have a hookTargetArn and a roleArn.")
	case pause && (slices.Contains(h.LifecycleStages, types.DeploymentLifecycleHookStageTestTrafficShift) ||
		slices.Contains(h.LifecycleStages, types.DeploymentLifecycleHookStageProductionTrafficShift)):
		return invalidParameter("PAUSE hooks cannot be configured at TEST_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT stages.")
	case t != nil && t.TimeoutInMinutes != nil && (*t.TimeoutInMinutes < 1 || *t.TimeoutInMinutes > 20160):
		return invalidParameter("timeoutInMinutes must be between 1 and 20160.")
	}
	return nil
}
