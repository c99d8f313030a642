package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A TaskProgress tells how far tasks are.
type TaskProgress struct {
	Awaited string // "RUNNING" or "STOPPED"
	Tasks   []types.Task
	Elapsed time.Duration
}

// String counts the tasks by state: "2 PENDING, 1 RUNNING".
func (p *TaskProgress) String() string {
	var states []string
	count := map[string]int{}
	for _, t := range p.Tasks {
		status := deref(t.LastStatus)
		if count[status]++; count[status] == 1 {
			states = append(states, status)
		}
	}
	slices.Sort(states)
	for i, s := range states {
		states[i] = fmt.Sprintf("%d %s", count[s], s)
	}
	return strings.Join(states, ", ")
}

// ErrTimeout is returned when what is awaited has not come in time. It goes on.
var ErrTimeout = errors.New("time ran out")

// A TaskError says that tasks do not run.
type TaskError struct{ Reasons []string }

func (e *TaskError) Error() string { return strings.Join(e.Reasons, "\n") }

// startAttempts is how often it is tried to start tasks for which there is no room.
const startAttempts = 4

// run starts tasks. Those for which there is no room are tried again.
func (x *Execution) run(ctx context.Context, in *ecs.RunTaskInput) error {
	want := *in.Count
	x.Asked += int(want)
	for attempt := 1; ; attempt++ {
		request := *in
		request.Count = &want
		out, err := x.ECS.RunTask(ctx, &request)
		if err != nil {
			return call.Wrap(tasks(int(want)), err)
		}
		x.Started = append(x.Started, out.Tasks...)
		want -= int32(len(out.Tasks))
		if want <= 0 {
			return nil
		}
		reasons := failureReasons(out.Failures)
		if attempt == startAttempts {
			reason := fmt.Sprintf("ecs:RunTask: %s of %d not started: %s", tasks(int(want)), *in.Count, reasons)
			return &TaskError{[]string{reason}}
		}
		pause := 5 * time.Second << (attempt - 1)
		x.Report(Event{Note: fmt.Sprintf("%s not started: %s; next attempt in %s", tasks(int(want)), reasons, pause)})
		if err := x.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// failureAdvices say what the reasons mean for which ECS does not start a task.
var failureAdvices = map[string]string{
	"RESOURCE:MEMORY": "no container instance has enough free memory",
	"RESOURCE:CPU":    "no container instance has enough free CPU",
	"RESOURCE:PORTS":  "a host port of the task is taken on every container instance",
	"RESOURCE:ENI":    "no container instance has a free network interface",
	"RESOURCE:GPU":    "no container instance has enough free GPUs",
	"AGENT":           "the agents of the container instances are not connected",
	"ATTRIBUTE":       "no container instance has an attribute that the task requires",
	"LOCATION":        "no container instance is where the placement wants it",
}

// failureReasons returns the reasons of failures, each once, with what they mean.
func failureReasons(failures []types.Failure) string {
	var reasons []string
	for _, f := range failures {
		reason := deref(f.Reason)
		if advice := failureAdvices[reason]; advice != "" {
			reason += " (" + advice + ")"
		}
		if detail := deref(f.Detail); detail != "" {
			reason += ": " + detail
		}
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	if reasons = slices.Compact(reasons); reasons == nil {
		return "ECS gives no reason"
	}
	return strings.Join(reasons, "; ")
}

// stop stops one task. One that is gone already has stopped.
func (x *Execution) stop(ctx context.Context, in *ecs.StopTaskInput) error {
	_, err := x.ECS.StopTask(ctx, in)
	if err != nil && !call.IsCode(err, "InvalidParameterException") {
		return call.Wrap("task/"+TaskID(*in.Task), err)
	}
	return nil
}

// undo stops what was started and cannot all run, so that nothing runs twice besides what ran before. It is done for a
// caller who has an error already.
func (x *Execution) undo(ctx context.Context, cluster string) {
	for _, t := range x.Started {
		if deref(t.LastStatus) == "STOPPED" {
			continue
		}
		in := &ecs.StopTaskInput{Cluster: &cluster, Task: t.TaskArn, Reason: new("not all tasks of this start run")}
		if err := x.stop(ctx, in); err != nil {
			x.Report(Event{Note: "task " + TaskID(*t.TaskArn) + " goes on: " + err.Error()})
		}
	}
}

// waitRunning waits until all that was started runs, or has run to a good end.
func (x *Execution) waitRunning(ctx context.Context, cluster string) error {
	last, err := x.wait(ctx, cluster, x.Started, "RUNNING", func(t *types.Task) bool {
		status := deref(t.LastStatus)
		return status == "STOPPED" || status == "RUNNING" && deref(t.DesiredStatus) == "RUNNING"
	})
	if err != nil {
		return err
	}
	x.Started = last
	var reasons []string
	for i := range last {
		if t := &last[i]; deref(t.LastStatus) == "STOPPED" && !EndedWell(t) {
			reasons = append(reasons, fmt.Sprintf("task %s: %s", TaskID(*t.TaskArn), Verdict(t)))
		}
	}
	if reasons == nil {
		return nil
	}
	return &TaskError{reasons}
}

// waitStopped waits until tasks have stopped.
func (x *Execution) waitStopped(ctx context.Context, cluster string, old []types.Task) error {
	_, err := x.wait(ctx, cluster, old, "STOPPED", func(t *types.Task) bool { return deref(t.LastStatus) == "STOPPED" })
	return err
}

// pollErrors is how often in a row it may fail to look.
const pollErrors = 5

// poll looks until look says that it is done, with an error or without one. Now and then it may fail to look: AWS is busy,
// or an answer is lost. When time has run out the error is what late says.
func (x *Execution) poll(
	ctx context.Context, look func(elapsed time.Duration) (done bool, err error), late func() error,
) error {
	start, failures := x.Clock.Now(), 0
	for {
		elapsed := x.Clock.Now().Sub(start)
		done, err := look(elapsed)
		switch {
		case done:
			return err
		case err == nil:
			failures = 0
		default:
			if failures++; ctx.Err() != nil || failures == pollErrors || !call.IsUncertain(ctx, err) && !call.IsThrottled(err) {
				return err
			}
		}
		if x.Timeout > 0 && elapsed >= x.Timeout {
			return late()
		}
		if err := x.Clock.Sleep(ctx, pollPause(elapsed)); err != nil {
			return err
		}
	}
}

// wait looks at tasks until all are done, and returns how they were last. ECS may not know a new task yet, and forgets
// one that has stopped.
func (x *Execution) wait(
	ctx context.Context, cluster string, awaited []types.Task, state string, done func(*types.Task) bool,
) ([]types.Task, error) {
	awaited = slices.Clone(awaited)
	arns := make([]string, len(awaited))
	for i, t := range awaited {
		arns[i] = *t.TaskArn
	}
	err := x.poll(ctx, func(elapsed time.Duration) (bool, error) {
		now, err := describeTasks(ctx, x.Clients, cluster, arns)
		if err != nil {
			return false, err
		}
		for i, t := range awaited {
			j := slices.IndexFunc(now, func(n types.Task) bool { return *n.TaskArn == *t.TaskArn })
			if j >= 0 {
				awaited[i] = now[j]
			} else if state == "STOPPED" {
				awaited[i].LastStatus = &state
			}
		}
		x.Report(Event{Tasks: &TaskProgress{Awaited: state, Tasks: awaited, Elapsed: elapsed}})
		return !slices.ContainsFunc(awaited, func(t types.Task) bool { return !done(&t) }), nil
	}, func() error {
		return fmt.Errorf("%w after %s: not %s yet, and going on: %s", ErrTimeout, x.Timeout, state,
			&TaskProgress{Tasks: awaited})
	})
	return awaited, err
}

// pollPause is how long to wait before looking again.
func pollPause(elapsed time.Duration) time.Duration {
	switch {
	case elapsed < 30*time.Second:
		return 3 * time.Second
	case elapsed < 2*time.Minute:
		return 5 * time.Second
	}
	return 10 * time.Second
}
