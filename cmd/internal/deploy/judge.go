package deploy

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// judge says what became of the task of a slot: its exit status is that of its container, unless it did not come to its
// end by itself.
func (r *runner) judge(s *slot) *RunOutcome {
	t := s.task
	byItself := !s.alone.IsZero() || t.StopCode == types.TaskStopCodeEssentialContainerExited ||
		t.StopCode == types.TaskStopCodeTaskFailedToStart
	o := &RunOutcome{Task: t, Status: containerStatus(t, r.w.Container, byItself)}
	switch {
	case r.cause == stopInterrupt:
		o.Status, o.Reason = RunInterrupted, "interrupted, and stopped"
	case r.cause == stopTimeout && !byItself:
		o.Status, o.Reason = RunTimedOut, fmt.Sprintf("time ran out after %s, and it was stopped", r.w.Timeout)
	case o.Status != 0:
		o.Reason = Verdict(t)
	default:
		o.Reason = "container " + r.w.Container + " exited with 0"
		if t.StoppedAt != nil && t.CreatedAt != nil {
			o.Reason += " after " + t.StoppedAt.Sub(*t.CreatedAt).Round(time.Second).String()
		}
	}
	return o
}

// containerStatus is the exit status of a task that has stopped: that of its container, from 0 to 255. A container that
// ended with 0 because its task was stopped has not done what it was there for.
func containerStatus(t *types.Task, container string, byItself bool) int {
	c := containerOf(t, container)
	if c == nil || c.ExitCode == nil {
		return RunNotStarted
	}
	switch code := *c.ExitCode; {
	case code < 0 || code > runMaxStatus: // of Windows
		return runMaxStatus
	case code != 0:
		return int(code)
	case t.StopCode == types.TaskStopCodeTaskFailedToStart:
		return RunNotStarted
	case !byItself && t.StopCode != "":
		return runStoppedEarly
	}
	return 0
}

// lostCapacity reports whether a task was stopped because what it ran on was taken away: a Spot interruption, or a host
// that went away. Of the latter ECS does not always give a stop code: such a task ran, nobody stopped it, and its
// container has no exit code.
func lostCapacity(t *types.Task, container string) bool {
	switch t.StopCode {
	case types.TaskStopCodeSpotInterruption, types.TaskStopCodeTerminationNotice:
		return true
	case "":
		c := containerOf(t, container)
		return t.StartedAt != nil && (c == nil || c.ExitCode == nil)
	}
	return false
}

// containerOf returns the container of a task, nil if there is none of that name.
func containerOf(t *types.Task, name string) *types.Container {
	for i := range t.Containers {
		if deref(t.Containers[i].Name) == name {
			return &t.Containers[i]
		}
	}
	return nil
}
