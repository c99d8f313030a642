package deploy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

const (
	runPause    = 2 * time.Second // between two looks
	longPause   = 5 * time.Second // of what has run for a while
	longAfter   = 10 * time.Minute
	stopWithin  = 2 * time.Minute  // after which a task that was stopped is no longer awaited
	blindFor    = 10 * time.Minute // in which ECS may fail to say how tasks are
	forgotten   = 2 * time.Minute  // in which ECS may not know a task
	lingerAfter = 10 * time.Second // after the end of its container, a task that goes on for others is stopped
)

// A runner runs jobs to their end. It is one loop: start what is to be started, look, pass on what was written, sleep.
type runner struct {
	*Execution
	w        *RunWant
	slots    []*slot
	launches []*launch
	tokens   int // that were used
	began    time.Time
	cause    stopCause
	stopAt   time.Time // when all was stopped
	seen     time.Time // when ECS last said how tasks are
	looked   error     // why it did not
	silent   bool      // reading the output has failed
}

// A stopCause says why tasks are stopped before they end.
type stopCause int

const (
	stopNone stopCause = iota
	stopTimeout
	stopInterrupt
)

// A slot is a task that is wanted. If one loses its capacity, another one takes its place.
type slot struct {
	job     *Job
	task    *types.Task // nil if none is started
	known   time.Time   // when ECS last knew it
	ended   time.Time   // when its containers were first seen to have stopped
	alone   time.Time   // when its container was first seen to have stopped before the task
	stopped bool        // ecs:StopTask was carried out
	retries int
	outcome *RunOutcome // nil until it is known
}

func newRunner(x *Execution, w *RunWant) *runner {
	now := x.Clock.Now()
	r := &runner{Execution: x, w: w, began: now, seen: now}
	for i := range w.Jobs {
		job := &w.Jobs[i]
		first := len(r.slots)
		for range job.Count {
			r.slots = append(r.slots, &slot{job: job})
		}
		for batch := range slices.Chunk(r.slots[first:], runBatch) {
			r.plan(batch, now)
		}
	}
	return r
}

// run runs until each task has an outcome. What is begun with ECS is brought to its end also after ctx has ended.
func (r *runner) run(ctx context.Context) {
	work, quit := ctx, context.WithoutCancel(ctx)
	for {
		if ctx.Err() != nil && r.cause != stopInterrupt {
			work = quit
			if r.interrupted() {
				return
			}
		}
		r.launch(quit)
		if r.w.Detach && len(r.launches) == 0 {
			r.detach()
			return
		}
		r.look(work)
		r.stopLate()
		r.stopTasks(work)
		if r.finished() {
			break
		}
		_ = r.Clock.Sleep(work, r.pause()) // its error is that of ctx
	}
	r.drain(work)
}

// interrupted begins to stop all tasks because the context has ended. It reports whether there is nothing to wait for.
func (r *runner) interrupted() bool {
	r.cause, r.stopAt = stopInterrupt, r.Clock.Now()
	for _, s := range r.slots {
		switch {
		case s.outcome != nil:
		case s.task == nil && !r.unsure(s):
			s.outcome = &RunOutcome{Status: RunInterrupted, Reason: "interrupted: no task was started"}
		case r.w.KeepOnSignal:
			s.outcome = &RunOutcome{s.task, RunInterrupted, "interrupted: it goes on"}
		}
	}
	r.settleLaunches()
	if !r.finished() {
		r.Report(Event{Note: "interrupted: stopping what runs"})
	}
	return r.finished()
}

// detach gives each task that runs its outcome.
func (r *runner) detach() {
	for _, s := range r.slots {
		if s.outcome == nil {
			s.outcome = &RunOutcome{s.task, 0, "started"}
		}
	}
}

func (r *runner) finished() bool {
	return !slices.ContainsFunc(r.slots, func(s *slot) bool { return s.outcome == nil })
}

// running returns the slots whose tasks have no outcome yet.
func (r *runner) running() []*slot {
	return slices.DeleteFunc(slices.Clone(r.slots), func(s *slot) bool { return s.task == nil || s.outcome != nil })
}

// tasks returns all tasks as they were last seen.
func (r *runner) tasks() []types.Task {
	var all []types.Task
	for _, s := range r.slots {
		if s.task != nil {
			all = append(all, *s.task)
		}
	}
	return all
}

// look asks ECS how tasks are, passes on what they wrote and judges those that have stopped.
func (r *runner) look(ctx context.Context) {
	running := r.running()
	if len(running) == 0 {
		return
	}
	arns := make([]string, len(running))
	for i, s := range running {
		arns[i] = *s.task.TaskArn
	}
	found, err := describeTasks(ctx, r.Clients, r.w.Cluster, arns)
	now := r.Clock.Now()
	if ctx.Err() != nil {
		return
	}
	if r.looked = err; err != nil {
		if !call.IsUncertain(ctx, err) && !call.IsThrottled(err) || now.Sub(r.seen) >= blindFor {
			for _, s := range running {
				s.lose("how it ends is not known: " + err.Error())
			}
		}
		return
	}
	r.seen = now
	for _, s := range running {
		s.update(found, now, r.w.Container)
	}
	r.Report(Event{Tasks: &TaskProgress{Awaited: "STOPPED", Tasks: r.tasks(), Elapsed: now.Sub(r.began)}})
	r.output(ctx, func() error { return r.w.Output.Look(ctx, r.tasks()) })
	for _, s := range running {
		if s.outcome == nil && deref(s.task.LastStatus) == "STOPPED" {
			r.settle(s)
		}
	}
}

// update takes over how the task of the slot is.
func (s *slot) update(found []types.Task, now time.Time, container string) {
	i := slices.IndexFunc(found, func(t types.Task) bool { return *t.TaskArn == *s.task.TaskArn })
	if i < 0 {
		if now.Sub(s.known) >= forgotten {
			s.lose("how it ended is not known: ECS does not know it any more")
		}
		return
	}
	s.task, s.known = &found[i], now
	if s.ended.IsZero() && !slices.ContainsFunc(s.task.Containers, func(c types.Container) bool {
		return deref(c.LastStatus) != "STOPPED"
	}) {
		s.ended = now
	}
	switch c := containerOf(s.task, container); {
	case c != nil && deref(c.LastStatus) != "STOPPED": // ECS may have restarted it
		s.alone = time.Time{}
	case c != nil && c.ExitCode != nil && s.alone.IsZero() && deref(s.task.DesiredStatus) != "STOPPED":
		s.alone = now
	}
}

// lose gives the slot the outcome that nobody knows how its task ends.
func (s *slot) lose(why string) {
	s.outcome = &RunOutcome{s.task, RunNotStarted, why}
}

// settle judges a task that has stopped, or starts another one in its place.
func (r *runner) settle(s *slot) {
	lost := lostCapacity(s.task, r.w.Container) && s.alone.IsZero()
	if lost && r.cause == stopNone && s.retries < r.w.Retries {
		s.retries++
		r.Report(Event{Note: fmt.Sprintf("task %s lost its capacity: %s; start %d of %d in its place",
			TaskID(*s.task.TaskArn), Verdict(s.task), s.retries, r.w.Retries)})
		*s = slot{job: s.job, retries: s.retries}
		r.plan([]*slot{s}, r.Clock.Now())
		return
	}
	s.outcome = r.judge(s)
	if s.outcome.Status == 0 || len(r.slots) > 1 {
		r.Report(Event{Note: s.outcome.String()})
	}
}

// stopLate decides to stop what takes too long.
func (r *runner) stopLate() {
	now := r.Clock.Now()
	if r.cause == stopNone && r.w.Timeout > 0 && now.Sub(r.began) >= r.w.Timeout && !r.finished() {
		r.cause, r.stopAt = stopTimeout, now
		r.Report(Event{Note: fmt.Sprintf("time ran out after %s: stopping what runs", r.w.Timeout)})
		for _, s := range r.slots {
			if s.task == nil && s.outcome == nil && !r.unsure(s) {
				s.outcome = &RunOutcome{nil, RunTimedOut, fmt.Sprintf("time ran out after %s: no task was started", r.w.Timeout)}
			}
		}
		r.settleLaunches()
	}
	if r.cause == stopNone || now.Sub(r.stopAt) < stopWithin {
		return
	}
	for _, s := range r.running() {
		s.outcome = r.judge(s)
		s.outcome.Reason += fmt.Sprintf("; it has not stopped within %s", stopWithin)
	}
}

// stopTasks stops the tasks that are to be stopped and are not yet.
func (r *runner) stopTasks(ctx context.Context) {
	now := r.Clock.Now()
	for _, s := range r.running() {
		reason := ""
		switch {
		case r.cause == stopTimeout:
			reason = fmt.Sprintf("ecsctl compose run: time ran out after %s", r.w.Timeout)
		case r.cause == stopInterrupt:
			reason = "ecsctl compose run: interrupted"
		case !s.alone.IsZero() && now.Sub(s.alone) >= lingerAfter:
			reason = "ecsctl compose run: container " + r.w.Container + " has ended"
		}
		if reason == "" || s.stopped || deref(s.task.DesiredStatus) == "STOPPED" {
			continue
		}
		in := &ecs.StopTaskInput{Cluster: &r.w.Cluster, Task: s.task.TaskArn, Reason: &reason}
		if err := r.stop(ctx, in); err == nil {
			s.stopped = true
		} else if ctx.Err() == nil {
			r.Report(Event{Note: "task " + TaskID(*s.task.TaskArn) + " is not stopped yet: " + err.Error()})
		}
	}
}

// pause is how long to wait before the next look, or the next attempt to start a task.
func (r *runner) pause() time.Duration {
	now := r.Clock.Now()
	pause := runPause
	if now.Sub(r.began) >= longAfter {
		pause = longPause
	}
	if len(r.running()) == 0 && len(r.launches) > 0 {
		pause = time.Hour
	}
	for _, l := range r.launches {
		pause = min(pause, l.due.Sub(now))
	}
	if r.cause == stopNone && r.w.Timeout > 0 {
		pause = min(pause, r.began.Add(r.w.Timeout).Sub(now))
	}
	return max(pause, 10*time.Millisecond)
}

// output does something about what tasks wrote. Its first error is reported, and is the end of it; that ctx has ended is
// none.
func (r *runner) output(ctx context.Context, do func() error) {
	if r.w.Output == nil || r.silent {
		return
	}
	if err := do(); err != nil && ctx.Err() == nil {
		r.silent = true
		r.Report(Event{Note: "warning: the output is not shown any more: " + err.Error()})
	}
}

// drain passes on the rest of what the tasks wrote.
func (r *runner) drain(ctx context.Context) {
	var ended time.Time
	for _, s := range r.slots {
		if s.ended.After(ended) {
			ended = s.ended
		}
	}
	if all := r.tasks(); len(all) > 0 {
		r.output(ctx, func() error { return r.w.Output.Drain(ctx, all, ended) })
	}
	if ctx.Err() != nil {
		r.Report(Event{Note: "interrupted: the end of the output may be missing"})
	}
}
