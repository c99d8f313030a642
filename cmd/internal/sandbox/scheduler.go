package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	steadyAfter = 5 * time.Second  // of running, a task counts as one that does not fail
	backOff     = 10 * time.Second // after three tasks failed one after another; then twice as long each time
	maxBackOff  = 15 * time.Minute // see "Service throttle logic" in the developer guide
	patience    = 15 * time.Second // until a task is tried again that found no room
	scaling     = "Scaling activity initiated by (deployment %s)"
)

// schedule looks after the services at the times when that was due, in the order of these times. What it does depends
// on these alone, not on when it is called: whoever reads at different times sees the same.
func (r *region) schedule() {
	now := r.st.Now
	defer func() { r.st.Now = now }()
	for {
		var due *service
		for _, s := range r.Services {
			if passed(now, s.Wake) && (due == nil || s.before(due)) {
				due = s
			}
		}
		if due == nil {
			return
		}
		r.st.Now = due.Wake
		due.look(r)
	}
}

func (s *service) before(o *service) bool {
	if !s.Wake.Equal(o.Wake) {
		return s.Wake.Before(o.Wake)
	}
	return *s.Service.v.ServiceArn < *o.Service.v.ServiceArn
}

// A view is what the scheduler sees of a service.
type view struct {
	all     []seen // that have not stopped
	ours    []seen // of the primary deployment and not to be stopped
	others  []seen // of earlier deployments and not to be stopped
	running int    // of ours and others: they run, and are not unhealthy
	steady  int    // of ours: they have run for some time, and are healthy if they have health checks
}

// A seen task is a task with what happens to it.
type seen struct {
	*task
	*timeline
}

func (s *service) view(r *region) view {
	var v view
	now, primary := r.now(), s.primary().id()
	for _, t := range s.tasks(r) {
		l := t.timeline(r)
		if passed(now, l.stopped) {
			continue
		}
		v.all = append(v.all, seen{t, l})
		if passed(now, l.stopping) {
			continue
		}
		healthy := l.healthy(now)
		if l.status(now) == "RUNNING" && healthy {
			v.running++
		}
		if t.StartedBy != primary {
			v.others = append(v.others, seen{t, l})
			continue
		}
		v.ours = append(v.ours, seen{t, l})
		if healthy && passed(now, add(l.running, steadyAfter)) {
			v.steady++
		}
	}
	return v
}

// healthy says whether all essential containers that have a health check passed it.
func (l *timeline) healthy(now time.Time) bool {
	for i := range l.containers {
		c := &l.containers[i]
		if *c.def.Essential && c.def.HealthCheck != nil && c.healthStatus(l, now) != types.HealthStatusHealthy {
			return false
		}
	}
	return true
}

// look brings the service one step nearer to what it is to be, and decides when to look again.
func (s *service) look(r *region) {
	s.Wake = never
	if !s.active() {
		s.drain(r)
		return
	}
	d := s.primary()
	if d.Record.v.Status == types.ServiceDeploymentStatusPending {
		d.Record.v.Status, d.Record.v.StartedAt = types.ServiceDeploymentStatusInProgress, new(r.now())
	}
	s.notice(r)
	s.proceed(r, d)
	s.monitored(r, d)
	d = s.primary() // which is another one if it was rolled back
	v := s.view(r)
	s.start(r, d, &v)
	s.stopSome(r, d, &v)
	s.finish(r, d)
	s.Wake = earlier(s.Wake, s.nextChange(r))
}

// nextChange returns when something happens next to one of the service's tasks that the scheduler cares for.
func (s *service) nextChange(r *region) time.Time {
	next, now := never, r.now()
	for _, t := range s.view(r).all {
		times := []time.Time{t.running, add(t.running, steadyAfter), t.stopping, t.stopped}
		for i := range t.containers {
			times = append(times, add(t.containers[i].start, healthyAfter), add(t.containers[i].start, sickAfter))
		}
		for _, at := range times {
			if at.After(now) {
				next = earlier(next, at)
			}
		}
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// notice counts the tasks that failed, and stops those that are unhealthy. failedTasks: "A task is considered a failure
// if the service scheduler can't launch the task, the task doesn't transition to a RUNNING state, or if it fails any of
// its defined health checks and is stopped"; the sandbox adds those that stop by themselves within five seconds.
func (s *service) notice(r *region) {
	now := r.now()
	for _, t := range s.tasks(r) {
		l := t.timeline(r)
		d := s.deployment(t.StartedBy)
		switch {
		case t.Noticed:
		case t.Stop == nil && l.healthStatus(now) == types.HealthStatusUnhealthy:
			t.Noticed = true
			t.Stop = &stop{now, types.TaskStopCodeServiceSchedulerInitiated, "Task failed container health checks"}
			s.event(r, "(task "+t.id()+") failed container health checks.")
			s.failed(r, d)
		case t.Stop == nil && passed(now, l.stopping):
			t.Noticed = true
			if l.stopping.Before(add(l.running, steadyAfter)) {
				s.failed(r, d)
			}
		case passed(now, add(l.running, steadyAfter)) && l.healthy(now) && t.StartedBy == s.primary().id():
			t.Noticed = true
			s.Streak = 0
			if resets(s) {
				d.Deployment.v.FailedTasks = 0
			}
		}
	}
}

// resets: "resetOnHealthyTask"; a task that runs makes the count begin anew.
func resets(s *service) bool {
	b := s.Service.v.DeploymentConfiguration.DeploymentCircuitBreaker
	return b.ResetOnHealthyTask == nil || *b.ResetOnHealthyTask
}

// failed counts a failed task, and makes the next one wait after three of them.
func (s *service) failed(r *region, d *deployment) {
	if d.Deployment.v.RolloutState == types.DeploymentRolloutStateInProgress {
		d.Deployment.v.FailedTasks++
		d.Deployment.v.UpdatedAt = new(r.now())
	}
	if s.Streak++; s.Streak >= 3 {
		s.NotBefore = r.now().Add(min(maxBackOff, backOff<<min(s.Streak-3, 10)))
		s.event(r, "is unable to consistently start tasks successfully. For more information, see the Troubleshooting "+
			"section of the Amazon ECS Developer Guide.")
	}
}

// start starts the tasks that are missing, as far as maximumPercent lets it: "the upper limit (as a percentage of the
// service's desiredCount) of the number of tasks that are allowed in the RUNNING or PENDING state during a deployment".
func (s *service) start(r *region, d *deployment, v *view) {
	k, desired := s.Service.v.DeploymentConfiguration, int(s.Service.v.DesiredCount)
	missing := desired - len(v.ours)
	room := desired*int(*k.MaximumPercent)/100 - len(v.ours) - len(v.others)
	if d.shifts() { // percentages are of rolling deployments
		room = missing
	}
	n := min(missing, room)
	switch {
	case n <= 0 || !d.scalesUp() || d.Deployment.v.RolloutState == types.DeploymentRolloutStateFailed:
		return
	case !passed(r.now(), s.NotBefore):
		s.Wake = earlier(s.Wake, s.NotBefore)
		return
	}
	c, td := r.Clusters[s.clusterName()], r.definition(*d.Deployment.v.TaskDefinition)
	l := s.launchOf(d, c, td)
	l.tags = s.taskTagsOf(r, d)
	if s.Service.v.SchedulingStrategy == types.SchedulingStrategyDaemon {
		l.constraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}
	}
	var started []string
	for range n {
		t, failures := r.launch(l)
		if t == nil {
			s.event(r, noPlace(failures))
			s.failed(r, d)
			s.Wake = earlier(s.Wake, later(r.now().Add(patience), s.NotBefore))
			break
		}
		started = append(started, "(task "+t.id()+")")
		v.ours = append(v.ours, seen{t, t.timeline(r)})
	}
	if len(started) > 0 {
		s.event(r, fmt.Sprintf("has started %d tasks: %s.", len(started), strings.Join(started, " ")))
	}
}

// shortages are what the service events say of the reasons of failures.
var shortages = map[string]string{
	"RESOURCE:CPU":    "has insufficient CPU units available",
	"RESOURCE:MEMORY": "has insufficient memory available",
	"RESOURCE:PORTS":  "is already using a port required by your task",
}

// noPlace returns the event of a task that was not placed; see "Amazon ECS service event messages".
func noPlace(failures []types.Failure) string {
	const none = "was unable to place a task because no container instance met all of its requirements. Reason: "
	if len(failures) == 0 || failures[0].Arn == nil {
		return "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a " +
			"different availability zone."
	}
	reason, ok := shortages[*failures[0].Reason]
	if !ok {
		reason = "encountered error " + *failures[0].Reason
	}
	return none + "The closest matching (container-instance " + shortName(*failures[0].Arn) + ") " + reason + "."
}

// stopSome stops what is too much, as far as minimumHealthyPercent lets it: "the lower limit … of the number of tasks
// that must remain in the RUNNING state during a deployment". Tasks of earlier deployments that do not run go first.
func (s *service) stopSome(r *region, d *deployment, v *view) {
	desired := int(s.Service.v.DesiredCount)
	var victims []seen
	if n := len(v.ours) - desired; n > 0 {
		victims = append(victims, v.ours[len(v.ours)-n:]...) // the newest
	}
	now := r.now()
	if d.shifts() {
		victims = append(victims, s.replaced(d, v)...)
	} else {
		victims = append(victims, s.rolledOut(d, v, now)...)
	}
	var stopped []string
	for _, t := range victims {
		t.Stop = &stop{now, types.TaskStopCodeServiceSchedulerInitiated, fmt.Sprintf(scaling, d.id())}
		stopped = append(stopped, "(task "+t.id()+")")
	}
	if len(stopped) > 0 {
		s.event(r, fmt.Sprintf("has stopped %d running tasks: %s.", len(stopped), strings.Join(stopped, " ")))
	}
}

// rolledOut returns the tasks of earlier deployments that a rolling deployment does without.
func (s *service) rolledOut(d *deployment, v *view, now time.Time) (victims []seen) {
	desired := int(s.Service.v.DesiredCount)
	keep, k := desired, s.Service.v.DeploymentConfiguration
	if len(v.ours) < desired && len(v.ours)+len(v.others) >= desired*int(*k.MaximumPercent)/100 {
		keep = (desired*int(*k.MinimumHealthyPercent) + 99) / 100 // to make room
	}
	spare := max(0, v.runningSteadily(now)-keep)
	if d.Deployment.v.RolloutState == types.DeploymentRolloutStateFailed {
		spare = 0
	}
	slices.SortStableFunc(v.others, func(a, b seen) int { return rank(a, now) - rank(b, now) })
	for _, t := range v.others {
		if rank(t, now) == 0 {
			victims = append(victims, t)
		} else if spare > 0 {
			victims, spare = append(victims, t), spare-1
		}
	}
	return victims
}

// runningSteadily counts the tasks that would remain in service: of earlier deployments those that run, of the primary
// one those that are steady.
func (v *view) runningSteadily(now time.Time) int {
	n := v.steady
	for _, t := range v.others {
		n += rank(t, now)
	}
	return n
}

// rank is 1 of a task that runs and is healthy, else 0.
func rank(t seen, now time.Time) int {
	if t.status(now) == "RUNNING" && t.healthy(now) {
		return 1
	}
	return 0
}

// finish ends the deployment when all its tasks are steady and no others are left, and forgets deployments that have no
// tasks.
func (s *service) finish(r *region, d *deployment) {
	v := s.view(r)
	for _, o := range s.Deployments {
		if o != d && !slices.ContainsFunc(v.all, func(t seen) bool { return t.StartedBy == o.id() }) {
			o.Deployment.v.Status = new("INACTIVE")
		}
	}
	p, desired := &d.Deployment.v, int(s.Service.v.DesiredCount)
	if len(v.ours) != desired || v.steady != desired || len(v.all) != desired || !d.cleansUp() {
		s.Unsteady = true
		return
	}
	if s.Unsteady || p.RolloutState == types.DeploymentRolloutStateInProgress {
		s.event(r, "has reached a steady state.")
		s.Unsteady = false
	}
	if p.RolloutState != types.DeploymentRolloutStateInProgress {
		return
	}
	d.Good = true
	p.RolloutState, p.RolloutStateReason = types.DeploymentRolloutStateCompleted,
		new("ECS deployment "+d.id()+" completed.")
	p.UpdatedAt = new(r.now())
	s.event(r, "(deployment "+d.id()+") deployment completed.")
	s.succeed(r, d)
}

// drain stops the tasks of a service that was deleted, and ends it when they have stopped. An INACTIVE service is
// forgotten after an hour.
func (s *service) drain(r *region) {
	if *s.Service.v.Status == "INACTIVE" {
		for key, o := range r.Services {
			if o == s {
				delete(r.Services, key)
				delete(r.Tags, *s.Service.v.ServiceArn)
			}
		}
		return
	}
	v := s.view(r)
	for _, t := range append(v.ours, v.others...) {
		t.Stop = &stop{r.now(), types.TaskStopCodeServiceSchedulerInitiated, fmt.Sprintf(scaling, s.primary().id())}
	}
	s.Wake = s.nextChange(r)
	if len(v.all) == 0 {
		s.Service.v.Status, s.Wake = new("INACTIVE"), r.now().Add(listedFor)
	}
}
