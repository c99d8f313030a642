package deploy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

const (
	firstPause = time.Second // before a second attempt to start a task; it doubles
	mostPause  = 2 * time.Minute
)

// A launch is one intended start: one request of ecs:RunTask, made until ECS has answered. Its token keeps ECS from
// starting its tasks twice when an answer is lost: "the identifier ensures idempotency" (clientToken of RunTask).
type launch struct {
	slots  []*slot // for which tasks are started
	token  string
	due    time.Time
	since  time.Time // of the first attempt
	pause  time.Duration
	unsure bool // ECS may have done it
}

// plan plans to start tasks for slots.
func (r *runner) plan(slots []*slot, due time.Time) {
	r.add(&launch{slots: slots, due: due, since: due, pause: firstPause})
}

func (r *runner) add(l *launch) {
	r.tokens++
	l.token = fmt.Sprintf("%s-%d", r.w.Token, r.tokens)
	r.launches = append(r.launches, l)
}

// unsure reports whether a task for the slot may have been started without our knowing.
func (r *runner) unsure(s *slot) bool {
	return slices.ContainsFunc(r.launches, func(l *launch) bool { return l.unsure && slices.Contains(l.slots, s) })
}

// settleLaunches drops what has not begun, now that all is to end, and makes due what ECS may have done.
func (r *runner) settleLaunches() {
	r.launches = slices.DeleteFunc(r.launches, func(l *launch) bool { return !l.unsure || l.slots[0].outcome != nil })
	for _, l := range r.launches {
		l.due = r.Clock.Now()
	}
}

// launch starts what is due.
func (r *runner) launch(ctx context.Context) {
	now := r.Clock.Now()
	var due []*launch
	r.launches = slices.DeleteFunc(r.launches, func(l *launch) bool {
		if l.due.After(now) {
			return false
		}
		due = append(due, l)
		return true
	})
	for _, l := range due {
		r.try(ctx, l)
	}
}

// try makes one attempt. What could not be started is planned again, or given up.
func (r *runner) try(ctx context.Context, l *launch) {
	in := r.w.request(l.slots[0].job, len(l.slots), r.Uses)
	in.ClientToken = &l.token
	out, err := r.ECS.RunTask(ctx, in)
	now := r.Clock.Now()
	switch {
	case err == nil:
		r.seen = now
		for i := range out.Tasks[:min(len(out.Tasks), len(l.slots))] {
			t := &out.Tasks[i]
			l.slots[i].task, l.slots[i].known = t, now
			r.Report(Event{Note: fmt.Sprintf("task %s of %s started", TaskID(*t.TaskArn),
				revisionName(deref(t.TaskDefinitionArn)))})
		}
		if l.slots = l.slots[min(len(out.Tasks), len(l.slots)):]; len(l.slots) > 0 {
			l.unsure = false
			r.again(l, failureReasons(out.Failures), func() { r.add(l) })
		}
	case call.IsUncertain(ctx, err) || call.IsThrottled(err):
		l.unsure = l.unsure || !call.IsThrottled(err)
		r.again(l, call.Wrap(tasks(len(l.slots)), err).Error(), func() { r.launches = append(r.launches, l) })
	default:
		l.fail(call.Wrap(tasks(len(l.slots)), err).Error())
	}
}

// again plans another attempt after a pause, unless it has been tried for too long.
func (r *runner) again(l *launch, why string, plan func()) {
	now := r.Clock.Now()
	what := fmt.Sprintf("%s not started: %s", tasks(len(l.slots)), why)
	if now.Add(l.pause).Sub(l.since) > r.w.LaunchTimeout || r.cause != stopNone {
		if l.unsure {
			what += "; it may run all the same: see compose ps"
		}
		l.fail(what)
		return
	}
	r.Report(Event{Note: fmt.Sprintf("%s; next attempt in %s", what, l.pause)})
	l.due = now.Add(l.pause)
	l.pause = min(2*l.pause, mostPause)
	plan()
}

// fail gives the slots the outcome that their tasks were not started.
func (l *launch) fail(why string) {
	for _, s := range l.slots {
		s.outcome = &RunOutcome{Status: RunNotStarted, Reason: why}
	}
	l.slots = nil
}
