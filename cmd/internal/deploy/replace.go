package deploy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A replacement stops old tasks for new ones of the same number. If it is interrupted, the next up finishes it: what it
// was about is written on the tasks themselves, as a mark. A new task is started by the mark; an old one that has to
// stop before has it in the reason why it stopped.
type replacement struct {
	mark      string // "ecsctl/3/0123abcd", or "ecsctl/3f/0123abcd" if tasks of the same revision are replaced too
	count     int    // how many new tasks there were to be
	members   []types.Task
	leftovers []types.Task // that it was to stop
}

const (
	markPrefix = "ecsctl/"
	makesRoom  = "makes room for "
)

// The reasons of tasks that were stopped because fewer are wanted: a replacement before it is over.
const (
	scaledReason  = "scaled by ecsctl"
	stoppedReason = "stopped by ecsctl"
)

// newMark returns the mark of a replacement of old tasks by count new ones.
func newMark(count int, forced bool, old []types.Task) string {
	flag := ""
	if forced {
		flag = "f"
	}
	return fmt.Sprintf("%s%d%s/%s", markPrefix, count, flag, TaskID(*old[len(old)-1].TaskArn))
}

// parseMark returns what a mark says; count is 0 if text is none.
func parseMark(text string) (count int, forced bool) {
	rest, ok := strings.CutPrefix(text, markPrefix)
	if !ok {
		return 0, false
	}
	number, _, _ := strings.Cut(rest, "/")
	number, forced = strings.CutSuffix(number, "f")
	count, err := strconv.Atoi(number)
	if err != nil {
		return 0, false
	}
	return count, forced
}

// unfinished returns the replacement that was interrupted, nil if none was.
func (s *TasksState) unfinished() *replacement {
	mark, began, madeRoom := s.lastMark()
	if mark == "" {
		return nil
	}
	r := &replacement{mark: mark}
	var forced bool
	r.count, forced = parseMark(mark)
	ended, revision := 0, ""
	for _, t := range s.Stopped {
		reason := deref(t.StoppedReason)
		if (reason == scaledReason || reason == stoppedReason) && t.StoppingAt != nil && t.StoppingAt.After(began) {
			return nil
		}
		if deref(t.StartedBy) == mark {
			ended++
			revision = deref(t.TaskDefinitionArn)
		}
	}
	for _, t := range s.Tasks {
		if deref(t.StartedBy) == mark {
			r.members = append(r.members, t)
			revision = deref(t.TaskDefinitionArn)
		}
	}
	later := 0
	for _, t := range s.Tasks {
		other := forced || deref(t.TaskDefinitionArn) != revision
		switch {
		case deref(t.StartedBy) == mark:
		case !deref(t.CreatedAt).Before(began):
			later++
		case other:
			r.leftovers = append(r.leftovers, t)
		}
	}
	missing := madeRoom && later == 0 && len(r.members)+ended < r.count
	if len(r.leftovers) > 0 || missing || len(r.members) > r.count {
		return r
	}
	return nil
}

// lastMark returns the mark of the last replacement, when it began, and whether an old task stopped before it.
func (s *TasksState) lastMark() (mark string, began time.Time, madeRoom bool) {
	type event struct {
		at   time.Time
		mark string
		room bool
	}
	var events []event
	for _, t := range slices.Concat(s.Stopped, s.Tasks) {
		if n, _ := parseMark(deref(t.StartedBy)); n > 0 {
			events = append(events, event{deref(t.CreatedAt), *t.StartedBy, false})
		}
		if m, ok := strings.CutPrefix(deref(t.StoppedReason), makesRoom); ok && t.StoppingAt != nil {
			events = append(events, event{*t.StoppingAt, m, true})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return b.at.Compare(a.at) })
	for _, e := range events {
		if mark == "" {
			mark = e.mark
		}
		if e.mark == mark {
			began, madeRoom = e.at, madeRoom || e.room
		}
	}
	return mark, began, madeRoom
}

// divide says which tasks are stopped, how many are started for them, and with which mark.
func (s *TasksState) divide(force bool) (old []types.Task, start int, mark string) {
	r, count := s.unfinished(), len(s.Tasks)
	stale := false // a new task of the interrupted replacement is out of date
	if r != nil {
		count += r.count - len(r.members) - len(r.leftovers)
	}
	kept := 0
	for _, t := range s.Tasks {
		switch {
		case r != nil && contains(r.leftovers, t):
			old = append(old, t)
		case r != nil && contains(r.members, t) && kept == r.count: // two who replaced at once
			old = append(old, t)
		case r != nil && contains(r.members, t):
			kept++
			if !s.isCurrent(t) {
				old, stale = append(old, t), true
			}
		case force || !s.isCurrent(t):
			old = append(old, t)
		}
	}
	start = count - (len(s.Tasks) - len(old))
	switch {
	case r != nil && !stale:
		mark = r.mark
	case len(old) > 0:
		mark = newMark(start, force, old)
	}
	return old, start, mark
}

// isCurrent reports whether a task runs what is wanted, whatever the number of its revision.
func (s *TasksState) isCurrent(t types.Task) bool {
	return s.Family.Match != nil && (deref(t.TaskDefinitionArn) == s.Family.Match.ARN || s.same[deref(t.TaskDefinitionArn)])
}

// without returns the tasks that are not among old.
func (s *TasksState) without(old []types.Task) []types.Task {
	return slices.DeleteFunc(slices.Clone(s.Tasks), func(t types.Task) bool { return contains(old, t) })
}

// stopping returns the tasks that are to stop and have not stopped yet.
func (s *TasksState) stopping() []types.Task {
	return slices.DeleteFunc(slices.Clone(s.Stopped), func(t types.Task) bool { return deref(t.LastStatus) == "STOPPED" })
}

func contains(l []types.Task, t types.Task) bool {
	return slices.ContainsFunc(l, func(o types.Task) bool { return *o.TaskArn == *t.TaskArn })
}
