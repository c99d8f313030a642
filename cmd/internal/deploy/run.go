package deploy

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A RunWant is what is run to its end.
type RunWant struct {
	Request       *ecs.RunTaskInput // of all jobs; cluster, definition, count and token are set here
	Cluster       string
	Container     string // whose exit status is that of a task
	Jobs          []Job
	Token         string        // of this run alone, at most 48 characters: keeps ECS from starting a task twice
	Timeout       time.Duration // after which tasks are stopped; 0 for none
	LaunchTimeout time.Duration // how long it is tried to start a task; 0 for one attempt
	Retries       int           // how often a task is started again that lost its capacity
	Detach        bool          // ends when the tasks are started
	KeepOnSignal  bool          // leaves the tasks alone when the context ends, and does not stop them
	Output        Output        // nil if nobody cares for what the tasks write
}

// A Job is one task, or several that do the same.
type Job struct {
	Why       string // for the plan: "oneoff: bundle exec rake db:migrate"
	Count     int
	Overrides *types.TaskOverride // nil if there are none
}

// An Output passes on what tasks write. Its errors are reported and no reason to end.
type Output interface {
	// Look passes on what tasks have written by now.
	Look(ctx context.Context, tasks []types.Task) error
	// Drain passes on the rest of what tasks have written whose containers have stopped, at the latest at ended.
	Drain(ctx context.Context, tasks []types.Task, ended time.Time) error
}

// Exit statuses of a run besides those of containers. The first two are those of timeout and docker run.
const (
	RunTimedOut     = 124 // and the task was stopped
	RunNotStarted   = 125 // or nobody knows how it ended
	RunInterrupted  = 130 // and the task was stopped
	runMaxStatus    = 255
	runStoppedEarly = 143 // somebody else stopped it before it was done, and it ended with 0
)

// A RunResult is what became of a run.
type RunResult struct {
	Tasks       []RunOutcome
	Interrupted bool
}

// A RunOutcome is what became of one task that was wanted.
type RunOutcome struct {
	Task   *types.Task // as it was last seen, nil if none was started
	Status int         // exit status
	Reason string      // in one line
}

// Status returns the exit status of the first task that did not end with 0, or that of an interrupt.
func (r *RunResult) Status() int {
	if r.Interrupted {
		return RunInterrupted
	}
	for _, t := range r.Tasks {
		if t.Status != 0 {
			return t.Status
		}
	}
	return 0
}

// A RunError says that tasks did not end with 0.
type RunError struct{ *RunResult }

func (e *RunError) Error() string {
	var reasons []string
	for _, t := range e.Tasks {
		if t.Status != 0 {
			reasons = append(reasons, t.String())
		}
	}
	return strings.Join(reasons, "\n")
}

// Run plans to run jobs to their end, or to start them: of a revision, or of that which the plan registers before if it
// is nil. If a task does not end with 0 applying the plan stops with a RunError; in any case the result is in the
// execution.
func Run(w *RunWant, revision *Revision) Plan {
	var p Plan
	n := 0
	for _, job := range w.Jobs {
		n += job.Count
		p = append(p, Step{
			Action: "ecs:RunTask", On: tasks(job.Count), Why: mask("", job.Why).(string), request: w.request(&job, job.Count, revision),
			do: func(_ context.Context, x *Execution) error {
				x.Uses = cmp.Or(revision, x.Revision)
				return nil
			},
		})
	}
	why := "until STOPPED"
	if w.Detach {
		why = "until started"
	}
	return append(p, Step{
		Action: "wait", On: tasks(n), Why: why,
		do: func(ctx context.Context, x *Execution) error {
			x.Run = RunToEnd(ctx, x, w)
			if x.Run.Status() != 0 {
				return &RunError{x.Run}
			}
			return nil
		},
	})
}

// request returns the request that starts n tasks of a job.
func (w *RunWant) request(job *Job, n int, revision *Revision) *ecs.RunTaskInput {
	in := *w.Request
	in.Cluster, in.Count = &w.Cluster, new(int32(n))
	if job.Overrides != nil {
		in.Overrides = job.Overrides
	}
	if revision != nil {
		in.TaskDefinition = &revision.ARN
	}
	return &in
}

// RunToEnd runs jobs of the revision that the execution uses and waits until all have stopped, or, if they are to be
// left alone, have been started. If ctx ends it stops what runs and waits for that, too. Its result has the tasks of the
// jobs in order.
func RunToEnd(ctx context.Context, x *Execution, w *RunWant) *RunResult {
	r := newRunner(x, w)
	r.run(ctx)
	result := &RunResult{Interrupted: r.cause == stopInterrupt}
	for _, s := range r.slots {
		result.Tasks = append(result.Tasks, *s.outcome)
	}
	return result
}

// String says what became of the task: "task 3f… (shop:3): container web exited with 0".
func (o *RunOutcome) String() string {
	if o.Task == nil {
		return o.Reason
	}
	return fmt.Sprintf("task %s (%s): %s", TaskID(*o.Task.TaskArn), revisionName(deref(o.Task.TaskDefinitionArn)), o.Reason)
}
