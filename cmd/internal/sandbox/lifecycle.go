package sandbox

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	provisioning     = time.Second     // what a network interface takes
	stopping         = 2 * time.Second // from the decision to stop a task that runs until it has stopped
	healthyAfter     = 2 * time.Second // of running
	sickAfter        = 4 * time.Second
	interruptedAfter = 2 * time.Second // of running
	listedFor        = time.Hour       // "Recently stopped tasks might appear in the returned results": about one hour
)

// never is later than anything, and the last time that JSON can have.
var never = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// A timeline is what happens to a task and when: it follows from the task's record alone.
type timeline struct {
	created, pulling, pulled time.Time
	running                  time.Time // all essential containers run; may be after stopping
	stopping, stopped        time.Time // never if nothing stops it
	code                     types.TaskStopCode
	reason                   string
	eni                      bool
	containers               []containerTime
}

// A containerTime is what happens to one container and when.
type containerTime struct {
	outcome
	def         *types.ContainerDefinition
	start, exit time.Time // never if it does not
	exitCode    *int32    // nil if it never ran
	reason      string
}

// timeline returns what happens to the task, which changes only when someone stops it.
func (t *task) timeline(r *region) *timeline {
	if t.line == nil || t.lineOf != t.Stop {
		t.line, t.lineOf = t.work(r), t.Stop
	}
	return t.line
}

// work works out what happens to the task.
func (t *task) work(r *region) *timeline {
	td := r.definition(t.Definition)
	l := &timeline{created: t.Created, stopping: never, running: t.Created, eni: t.ENI != nil}
	pull := time.Duration(0)
	for i := range td.ContainerDefinitions {
		c := &td.ContainerDefinitions[i]
		o := outcomeOf(c, t.override(*c.Name))
		if o.noStart == "" && t.NoLogs == *c.Name {
			o.noStart = noLogs
		}
		l.containers = append(l.containers, containerTime{outcome: o, def: c, start: never, exit: never})
		pull = max(pull, o.start)
	}
	l.pulling, l.pulled = t.Created.Add(min(provisioning, pull)), t.Created.Add(pull)
	if c := slices.IndexFunc(l.containers, func(c containerTime) bool { return c.noStart != "" }); c >= 0 {
		l.running = never
		l.containers[c].reason = l.containers[c].noStart
		l.stop(l.pulled, types.TaskStopCodeTaskFailedToStart, l.containers[c].noStart)
	} else {
		l.run()
	}
	if t.Interrupted {
		code, reason := types.TaskStopCodeSpotInterruption, "Your Spot Task was interrupted."
		if t.Instance != "" {
			code, reason = types.TaskStopCodeTerminationNotice, "Host EC2 (instance "+r.hostOf(t)+") terminated."
		}
		l.stop(add(l.running, interruptedAfter), code, reason)
	}
	if t.Stop != nil {
		l.stop(t.Stop.At, t.Stop.Code, t.Stop.Reason)
	}
	l.end()
	return l
}

// stop makes the task stop at a time, unless it does so before.
func (l *timeline) stop(at time.Time, code types.TaskStopCode, reason string) {
	if at.Before(l.stopping) {
		l.stopping, l.code, l.reason = at, code, reason
	}
}

// run starts the containers in the order of dependsOn and lets them end. See dependsOn in ContainerDefinition.
func (l *timeline) run() {
	for range l.containers { // as long as the longest chain can be
		for i := range l.containers {
			l.begin(&l.containers[i])
		}
	}
	for i := range l.containers {
		c := &l.containers[i]
		if *c.def.Essential {
			l.running = later(l.running, c.start)
			l.stop(c.exit, types.TaskStopCodeEssentialContainerExited, "Essential container in task exited")
		}
		for _, d := range c.def.DependsOn {
			on := l.container(value(d.ContainerName))
			if d.Condition == types.ContainerConditionSuccess && on.ends && on.outcome.exit != 0 && on.exit.Before(never) {
				c.reason = "container " + *on.def.Name + " did not exit with 0"
				l.stop(on.exit, types.TaskStopCodeTaskFailedToStart, "Task failed to start")
			}
		}
	}
}

// begin sets when a container starts and exits, as far as that is known of those it depends on.
func (l *timeline) begin(c *containerTime) {
	start := l.pulled
	for _, d := range c.def.DependsOn {
		on := l.container(value(d.ContainerName))
		switch d.Condition {
		case types.ContainerConditionComplete:
			start = later(start, on.exit)
		case types.ContainerConditionSuccess:
			if on.outcome.exit != 0 {
				return
			}
			start = later(start, on.exit)
		case types.ContainerConditionHealthy:
			if on.health != types.HealthStatusHealthy {
				return
			}
			start = later(start, add(on.start, healthyAfter))
		default:
			start = later(start, on.start)
		}
	}
	c.start = start
	if c.ends && !restarts(c.def, c.outcome.exit) {
		c.exit = add(start, c.runFor)
	}
}

// restarts says whether ECS restarts a container that exits with the code: then it goes on, for the sandbox. See
// ContainerRestartPolicy.
func restarts(c *types.ContainerDefinition, code int32) bool {
	p := c.RestartPolicy
	return p != nil && value(p.Enabled) && !slices.Contains(p.IgnoredExitCodes, code)
}

// end sets what becomes of each container when the task stops. A container that runs then is sent SIGTERM, and the
// sandbox's exit with 143.
func (l *timeline) end() {
	l.stopped = never
	if l.stopping.Equal(never) {
		for i := range l.containers {
			l.containers[i].finish()
		}
		return
	}
	l.stopped = l.stopping.Add(stopping)
	if l.running.After(l.stopping) {
		l.stopped = l.stopping.Add(stopping / 2)
	}
	for i := range l.containers {
		c := &l.containers[i]
		switch {
		case c.start.After(l.stopping):
			c.start, c.exit = never, never
		case c.exit.After(l.stopping):
			c.exit, c.exitCode = l.stopping.Add(stopping/2), new(int32(143))
		default:
			c.finish()
		}
	}
}

func (c *containerTime) finish() {
	if c.exit.Before(never) {
		c.exitCode, c.reason = new(c.outcome.exit), c.outcome.reason
	}
}

func (l *timeline) container(name string) *containerTime {
	for i := range l.containers {
		if *l.containers[i].def.Name == name {
			return &l.containers[i]
		}
	}
	return &containerTime{start: never, exit: never} // registration refuses it
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func add(t time.Time, d time.Duration) time.Time {
	if t.Equal(never) {
		return never
	}
	return t.Add(d)
}

// passed says whether at has come.
func passed(now, at time.Time) bool { return !now.Before(at) }

// status returns the task's last status; see "Amazon ECS task lifecycle" in the developer guide.
func (l *timeline) status(now time.Time) string {
	switch ran := l.running.Before(l.stopping); {
	case passed(now, l.stopped):
		return "STOPPED"
	case passed(now, l.stopping) && ran && !passed(now, l.stopping.Add(stopping/2)):
		return "STOPPING"
	case passed(now, l.stopping):
		return "DEPROVISIONING"
	case passed(now, l.running):
		return "RUNNING"
	case l.eni && !passed(now, l.created.Add(provisioning)):
		return "PROVISIONING"
	}
	return "PENDING"
}

// status returns the container's last status.
func (c *containerTime) status(l *timeline, now time.Time) string {
	switch {
	case passed(now, c.exit) || passed(now, l.stopped):
		return "STOPPED"
	case passed(now, c.start):
		return "RUNNING"
	}
	return "PENDING"
}

// healthStatus: a container without a health check is UNKNOWN, and so is one that was not checked yet.
func (c *containerTime) healthStatus(l *timeline, now time.Time) types.HealthStatus {
	switch {
	case c.def.HealthCheck == nil || c.status(l, now) != "RUNNING":
		return types.HealthStatusUnknown
	case c.health == types.HealthStatusUnhealthy && passed(now, add(c.start, sickAfter)):
		return types.HealthStatusUnhealthy
	case c.health == types.HealthStatusHealthy && passed(now, add(c.start, healthyAfter)):
		return types.HealthStatusHealthy
	}
	return types.HealthStatusUnknown
}

// healthStatus of a task: that of the worst essential container that has a health check.
func (l *timeline) healthStatus(now time.Time) types.HealthStatus {
	status := types.HealthStatusUnknown
	for i := range l.containers {
		c := &l.containers[i]
		if !*c.def.Essential || c.def.HealthCheck == nil {
			continue
		}
		switch h := c.healthStatus(l, now); h {
		case types.HealthStatusHealthy:
			status = h
		default:
			return h
		}
	}
	return status
}

// settle lets everything happen in the region that was to happen until now: services are looked after, at the time when
// that was due, and tasks that stopped long ago are forgotten.
func (r *region) settle() {
	r.schedule()
	r.Tasks = slices.DeleteFunc(r.Tasks, func(t *task) bool {
		gone := passed(r.now(), add(t.timeline(r).stopped, listedFor))
		if gone {
			r.keepLogs(t)
			delete(r.Tags, t.ARN)
		}
		return gone
	})
}

// definition returns a task definition that is known to be there.
func (r *region) definition(arn string) *types.TaskDefinition {
	_, v := r.revision(arn)
	return &v.Definition.v
}
