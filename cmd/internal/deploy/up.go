package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Up plans that the project runs as tasks of the revision that the files describe: one if none runs, else as many as
// run. New tasks run before old ones are stopped, unless both cannot run at the same time.
func Up(w *TasksWant, s *TasksState) Plan {
	p := Create(&w.CreateWant, &s.CreateState)
	old, missing, mark := s.divide(w.Force)
	begin := start{n: missing, revision: s.Family.Match, mark: mark, why: w.reason(old), others: s.without(old)}
	room := exclusive(w.Result)
	if room != "" { // nothing is started beside a task that still stops
		p = append(p, w.planStop(old, s.stopping(), "first, as "+room, makesRoom+mark)...)
	}
	switch {
	case len(old) == 0 && missing == 0 && len(s.Tasks) > 0:
		p = append(p, Step{Action: "keep", On: tasks(len(s.Tasks)), Why: "as wanted, of " + s.Family.Match.Name()})
		return append(p, w.planStart(begin)...)
	case len(old) == 0 && missing == 0:
		return append(p, w.planStart(start{n: 1, revision: s.Family.Match, why: "none runs"})...)
	case room != "":
		return append(p, w.planStart(begin)...)
	}
	begin.undo = true
	p = append(p, w.planStart(begin)...)
	return append(p, w.planStop(old, nil, "the new ones run", "replaced by ecsctl")...)
}

// reason says why tasks are replaced.
func (w *TasksWant) reason(old []types.Task) string {
	var revisions []string
	for _, t := range old {
		revisions = append(revisions, revisionName(deref(t.TaskDefinitionArn)))
	}
	slices.Sort(revisions)
	switch {
	case len(old) == 0:
		return "an earlier up was interrupted"
	case w.Force:
		return "replacement was asked for"
	}
	return "what runs is " + strings.Join(slices.Compact(revisions), " and ")
}

// tasks returns "1 task" or "3 tasks".
func tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}

// A start is what has to be known to start tasks.
type start struct {
	n        int
	revision *Revision // nil if it is registered before
	mark     string    // of the replacement it belongs to, "" if to none
	why      string
	undo     bool         // stop all of them again if one does not run: others go on in their place
	others   []types.Task // that stay, and have to run too
}

// starting returns those of the others that do not run yet.
func (s *start) starting() []types.Task {
	return slices.DeleteFunc(slices.Clone(s.others), func(t types.Task) bool { return deref(t.LastStatus) == "RUNNING" })
}

// planStart plans to start tasks and to wait until they run.
func (w *TasksWant) planStart(s start) Plan {
	awaited := s.starting()
	if s.n <= 0 && len(awaited) == 0 {
		return nil
	}
	tidy := func(ctx context.Context, x *Execution, err error) error {
		if err != nil && s.undo && ctx.Err() == nil && !errors.Is(err, ErrTimeout) {
			x.undo(ctx, w.Cluster)
		}
		return err
	}
	var p Plan
	for left := s.n; left > 0; left -= runBatch {
		in := RunTask(w.Result, w.Project)
		in.Cluster, in.Count = &w.Cluster, new(int32(min(left, runBatch)))
		if s.mark != "" {
			in.StartedBy = &s.mark
		}
		if s.revision != nil {
			in.TaskDefinition = &s.revision.ARN
		}
		p = append(p, Step{
			Action: "ecs:RunTask", On: tasks(int(*in.Count)), Why: s.why, request: in,
			do: func(ctx context.Context, x *Execution) error {
				x.Uses = cmp.Or(s.revision, x.Revision)
				in.TaskDefinition = &x.Uses.ARN
				return tidy(ctx, x, x.run(ctx, in))
			},
		})
	}
	return append(p, Step{
		Action: "wait", On: tasks(max(s.n, 0) + len(awaited)), Why: "until RUNNING",
		do: func(ctx context.Context, x *Execution) error {
			x.Started = append(awaited, x.Started...)
			return tidy(ctx, x, x.waitRunning(ctx, w.Cluster))
		},
	})
}

// planStop plans to stop tasks and to wait until they, and those that stop already, have stopped.
func (w *TasksWant) planStop(old, stopping []types.Task, why, reason string) Plan {
	var p Plan
	for _, t := range old {
		in := &ecs.StopTaskInput{Cluster: &w.Cluster, Task: t.TaskArn, Reason: &reason}
		p = append(p, Step{
			Action: "ecs:StopTask", On: "task/" + TaskID(*t.TaskArn), Why: why, request: in,
			do: func(ctx context.Context, x *Execution) error { return x.stop(ctx, in) },
		})
	}
	awaited := slices.Concat(old, stopping)
	if len(awaited) == 0 {
		return nil
	}
	return append(p, Step{
		Action: "wait", On: tasks(len(awaited)), Why: "until STOPPED",
		do: func(ctx context.Context, x *Execution) error { return x.waitStopped(ctx, w.Cluster, awaited) },
	})
}

// Scale plans that n tasks of the project run. More of them are of the revision that runs.
func Scale(w *TasksWant, s *TasksState, n int) Plan {
	switch missing := n - len(s.Tasks); {
	case missing == 0:
		p := Plan{{Action: "keep", On: tasks(n), Why: "as many as are wanted run"}}
		return append(p, w.planStart(start{others: s.Tasks})...)
	case missing < 0:
		return w.planStop(s.first(-missing), nil, fmt.Sprintf("%d are wanted of %d", n, len(s.Tasks)), scaledReason)
	case len(s.Tasks) == 0:
		p := Create(&w.CreateWant, &s.CreateState)
		return append(p, w.planStart(start{n: n, revision: s.Family.Match, why: "none runs"})...)
	default:
		running := &Revision{ARN: deref(s.Tasks[len(s.Tasks)-1].TaskDefinitionArn)}
		keep := Step{Action: "keep", On: "task-definition/" + running.Name(), Why: "is what runs"}
		if s.Family.Match == nil || s.Family.Match.ARN != running.ARN {
			keep.Why += "; the files describe another one: up replaces what runs"
		}
		why := fmt.Sprintf("%d are wanted, %d run", n, len(s.Tasks))
		return append(Plan{keep}, w.planStart(start{n: missing, revision: running, why: why, others: s.Tasks})...)
	}
}

// first returns the n tasks that are stopped first: those that a replacement left over, those that do not run or are not
// healthy, then the youngest.
func (s *TasksState) first(n int) []types.Task {
	l, r := slices.Clone(s.Tasks), s.unfinished()
	rank := func(t types.Task) int {
		switch {
		case r != nil && contains(r.leftovers, t):
			return 0
		case deref(t.LastStatus) != "RUNNING":
			return 1
		case t.HealthStatus == types.HealthStatusUnhealthy:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(l, func(a, b types.Task) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), deref(b.CreatedAt).Compare(deref(a.CreatedAt)))
	})
	return l[:n]
}

// Stop plans that no task of the project runs.
func Stop(w *TasksWant, s *TasksState) Plan {
	if len(s.Tasks) == 0 {
		return Plan{{Action: "keep", On: "cluster/" + clusterName(w.Cluster), Why: "no task of " + w.Project + " runs"}}
	}
	return w.planStop(s.Tasks, nil, "no task is wanted", stoppedReason)
}
