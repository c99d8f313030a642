package translate

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"
)

// Restarts.

// applyRestart reads always, unless-stopped, on-failure[:N] and no.
func applyRestart(c *container, at place) {
	if c.svc.Deploy != nil && c.svc.Deploy.RestartPolicy != nil {
		return // which holds over restart
	}
	policy, attempts, limited := strings.Cut(c.svc.Restart, ":")
	switch policy {
	case "always", "unless-stopped":
		c.def.RestartPolicy = &types.ContainerRestartPolicy{Enabled: new(true)}
	case "on-failure":
		c.def.RestartPolicy = &types.ContainerRestartPolicy{Enabled: new(true), IgnoredExitCodes: []int32{0}}
	case "no", "":
	default:
		c.t.errorf(at, "C10", "%q is no restart policy: write always, unless-stopped, on-failure or no", c.svc.Restart)
	}
	if limited {
		c.t.warnf(at, "K01", "ECS restarts without limit, not %s times", attempts)
	}
}

func applyRestartPolicy(c *container, at place) {
	p := c.svc.Deploy.RestartPolicy
	policy := &types.ContainerRestartPolicy{Enabled: new(true)}
	switch p.Condition {
	case "", "any":
	case "on-failure":
		policy.IgnoredExitCodes = []int32{0}
	case "none":
		policy = nil
	default:
		c.t.errorf(c.at("deploy", "restart_policy", "condition"), "C10",
			"%q is no condition: write any, on-failure or none", p.Condition)
		return
	}
	if policy != nil && p.Window != nil {
		policy.RestartAttemptPeriod = c.seconds(c.at("deploy", "restart_policy", "window"), *p.Window)
	}
	c.def.RestartPolicy = policy
}

// finishRestart keeps a restart policy of compose where the target wants it and ECS allows it.
func (c *container) finishRestart() {
	at, ok := c.set[container1+"restartPolicy"]
	if c.def.RestartPolicy == nil || !ok || strings.HasPrefix(at.path, ofTask) {
		return
	}
	why := ""
	switch {
	case c.t.target.RestartPolicy == RestartNone:
		why = "--restart-policy none"
	case c.waitedFor():
		why = "a container that others wait for until it ends is never restarted"
	case c.t.target.RestartPolicy != RestartAll && *c.def.Essential:
		why = "the task ends with this container, and the service starts another one; --restart-policy all has it " +
			"restarted in place"
	default:
		return
	}
	c.def.RestartPolicy = nil
	c.t.notef(at, "T13", "sets no restart policy: %s", why)
}

// waitedFor reports whether another container waits until this one has ended.
func (c *container) waitedFor() bool {
	for _, other := range c.t.containers {
		for _, d := range other.def.DependsOn {
			ends := d.Condition == types.ContainerConditionSuccess || d.Condition == types.ContainerConditionComplete
			if ends && *d.ContainerName == c.name {
				return true
			}
		}
	}
	return false
}

// replicas returns the number of replicas that a service asks for, or nil.
func replicas(svc *composetypes.ServiceConfig) *int {
	if svc.Scale != nil {
		return svc.Scale
	}
	if svc.Deploy != nil {
		return svc.Deploy.Replicas
	}
	return nil
}
