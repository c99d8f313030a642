package translate

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rules about the order in which containers start, and their health.

func (t *translation) checkDependencies() {
	for _, c := range t.containers {
		for _, d := range c.def.DependsOn {
			name := value(d.ContainerName)
			at := c.where(dependsTarget(name))
			switch {
			case name == c.name:
				t.errorf(at, "T08", "the container depends on itself")
			case t.named(name) == nil:
				t.errorf(at, "T08", "there is no container %q%s", name, t.suggest(name, t.containerNames()))
			}
			if d.Condition == "" {
				t.errorf(at, "T08", "the key condition is missing: START, HEALTHY, COMPLETE or SUCCESS")
			}
		}
	}
	t.checkCycles()
}

// checkCycles reports each circle of dependencies once, at the container that comes first by name.
func (t *translation) checkCycles() {
	const visiting, done = 1, 2
	state := map[string]int{}
	var chain []string
	var visit func(c *container)
	visit = func(c *container) {
		state[c.name] = visiting
		chain = append(chain, c.name)
		for _, d := range c.def.DependsOn {
			next := t.named(value(d.ContainerName))
			switch {
			case next == nil || next == c:
			case state[next.name] == visiting:
				circle := chain[slices.Index(chain, next.name):]
				t.errorf(c.where(dependsTarget(next.name)), "T08", "containers wait for each other: %s",
					strings.Join(append(slices.Clone(circle), next.name), " → "))
			case state[next.name] != done:
				visit(next)
			}
		}
		chain = chain[:len(chain)-1]
		state[c.name] = done
	}
	for _, c := range t.containers {
		if state[c.name] == 0 {
			visit(c)
		}
	}
}

// dependents calls f for each dependency of a container on another one of the task.
func (t *translation) dependents(f func(c, on *container, condition types.ContainerCondition, at place)) {
	for _, c := range t.containers {
		for _, d := range c.def.DependsOn {
			if on := t.named(value(d.ContainerName)); on != nil && on != c {
				f(c, on, d.Condition, c.where(dependsTarget(on.name)))
			}
		}
	}
}

func (t *translation) checkHealthy() {
	t.dependents(func(c, on *container, condition types.ContainerCondition, at place) {
		if condition == types.ContainerConditionHealthy && on.def.HealthCheck == nil {
			t.errorf(at, "T09", "%s has no health check to wait for: add a healthcheck to it; "+
				"ECS does not read the HEALTHCHECK of its image", on.key)
		}
	})
}

func (t *translation) checkCompletion() {
	t.dependents(func(c, on *container, condition types.ContainerCondition, at place) {
		if condition != types.ContainerConditionComplete && condition != types.ContainerConditionSuccess {
			return
		}
		if p := on.def.RestartPolicy; p != nil && value(p.Enabled) {
			t.errorf(at, "T10", "%s is restarted when it ends, so that nothing can wait for its end: "+
				"remove its restart policy", on.key)
		}
	})
}

func (t *translation) checkTimeouts() {
	for _, c := range t.containers {
		for _, m := range []struct {
			target  string
			seconds *int32
			least   int32
		}{{"startTimeout", c.def.StartTimeout, 2}, {"stopTimeout", c.def.StopTimeout, 0}} {
			at := c.where(container1 + m.target)
			switch {
			case m.seconds == nil:
			case *m.seconds < 0:
				t.errorf(at, "T11", "must be 0 s or more, not %d s", *m.seconds)
			case t.fargate && (*m.seconds < m.least || *m.seconds > 120):
				t.errorf(at, "T11", "must be %d to 120 s on Fargate, not %d s", m.least, *m.seconds)
			}
		}
	}
}

func (t *translation) checkHealthchecks() {
	for _, c := range t.containers {
		h := c.def.HealthCheck
		if h == nil {
			continue
		}
		at := c.where(health + "command")
		if len(h.Command) == 0 {
			t.errorf(c.healthPlace(), "T12", "has no test, and ECS does not read the HEALTHCHECK of the image: add test")
		} else if h.Command[0] != "CMD" && h.Command[0] != "CMD-SHELL" {
			t.errorf(at, "T12", "the list must begin with CMD or CMD-SHELL, not %q: write a string for a shell command", h.Command[0])
		} else if len(h.Command) == 1 || h.Command[1] == "" {
			t.errorf(at, "T12", "has no command after %s", h.Command[0])
		}
		for _, m := range []struct {
			target      string
			n           *int32
			least, most int32
			unit        string
		}{
			{"interval", h.Interval, 5, 300, " s"}, {"timeout", h.Timeout, 2, 60, " s"},
			{"retries", h.Retries, 1, 10, ""}, {"startPeriod", h.StartPeriod, 0, 300, " s"},
		} {
			if m.n != nil && (*m.n < m.least || *m.n > m.most) {
				t.errorf(c.where(health+m.target), "T12", "must be %d to %d%s in ECS, not %d%s", m.least, m.most, m.unit, *m.n, m.unit)
			}
		}
		if value(h.Timeout) > 0 && value(h.Interval) > 0 && *h.Timeout > *h.Interval {
			t.warnf(c.where(health+"timeout"), "T12", "is longer than the interval: checks would overlap")
		}
	}
}

// healthPlace returns the place of the health check: of what ecs-params says of it, the first by name, or compose.
func (c *container) healthPlace() place {
	for _, target := range sortedKeys(c.set) {
		if strings.HasPrefix(target, health) && strings.HasPrefix(c.set[target].path, ofTask) {
			return c.set[target]
		}
	}
	return c.where(container1 + "healthCheck")
}

func (t *translation) checkRestartPolicies() {
	for _, c := range t.containers {
		p := c.def.RestartPolicy
		if p == nil {
			continue
		}
		at := c.where(container1 + "restartPolicy")
		if n := p.RestartAttemptPeriod; n != nil && (*n < 60 || *n > 1800) {
			t.errorf(at, "T13", "the restart attempt period (window) must be 60 to 1800 s, not %d s", *n)
		}
		if len(p.IgnoredExitCodes) > 50 {
			t.errorf(at, "T13", "%d ignored exit codes are more than the 50 ECS takes", len(p.IgnoredExitCodes))
		}
		for _, code := range p.IgnoredExitCodes {
			if code < 0 || code > 255 {
				t.errorf(at, "T13", "the exit code %d is not between 0 and 255", code)
			}
		}
		if value(p.Enabled) && *c.def.Essential && len(t.containers) == 1 {
			t.warnf(at, "T13", "the service replaces a task whose container ends: a restart in place hides crashes from its deployments")
		}
	}
}

func (t *translation) checkBeforeDeploy() {
	for i, b := range t.result.Service.BeforeDeploy {
		at := t.paramsAt("run_params", "before_deploy", i)
		switch {
		case b.Service == "":
			t.errorf(at, "D16", "must have service: the container that runs the command")
		case t.named(b.Service) == nil:
			t.errorf(t.paramsAt("run_params", "before_deploy", i, "service"), "D16", "there is no container %q%s", b.Service,
				t.suggest(b.Service, t.containerNames()))
		case len(b.Command) == 0:
			t.errorf(at, "D16", "must have command: what is run before the service gets a new revision")
		case b.Timeout != nil && *b.Timeout <= 0:
			t.errorf(at, "D16", "timeout must be more than 0 s")
		}
	}
}
