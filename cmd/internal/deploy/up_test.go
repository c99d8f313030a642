package deploy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate"
)

// task reads "ID REVISION [started by] [stopped: reason] [pending|stopping]": the nth task of a list was created n minutes
// after nine, and stopped an hour later.
func task(t *testing.T, n int, s string) types.Task {
	t.Helper()
	at := time.Date(2026, 1, 5, 9, n, 0, 0, time.UTC)
	s, pending := strings.CutSuffix(s, " pending")
	s, stopping := strings.CutSuffix(s, " stopping")
	s, reason, stopped := strings.Cut(s, " stopped: ")
	f := strings.Fields(s)
	k := types.Task{
		TaskArn: new("arn:aws:ecs:eu-west-1:111122223333:task/c/" + f[0]), CreatedAt: &at, LastStatus: new("RUNNING"),
		TaskDefinitionArn: new("arn:aws:ecs:eu-west-1:111122223333:task-definition/" + f[1]), Group: new("task:shop"),
	}
	if len(f) > 2 {
		k.StartedBy = &f[2]
	}
	if stopped {
		k.LastStatus, k.StoppedReason, k.StoppingAt = new("STOPPED"), &reason, new(at.Add(time.Hour))
	}
	if pending {
		k.LastStatus = new("PENDING")
	}
	if stopping {
		k.LastStatus = new("STOPPING")
	}
	return k
}

// TestUp: what runs is replaced in the same number, whatever an interrupt left behind.
func TestUp(t *testing.T) {
	hostPort := []types.ContainerDefinition{{Name: new("web"), PortMappings: []types.PortMapping{
		{ContainerPort: new(int32(80)), HostPort: new(int32(80))}}}}
	tests := []struct {
		name       string
		tasks      string // a line each
		match      string // the revision that has the content, "" if it must be registered
		force      bool
		containers []types.ContainerDefinition
		want       string // without the line of the task definition
	}{
		{"none runs", ``, "shop:1", false, nil, `
ecs:RunTask 1 task none runs
wait 1 task until RUNNING`},
		{"unchanged", "a shop:1\nb shop:1", "shop:1", false, nil, `
keep 2 tasks as wanted, of shop:1`},
		{"changed", "a shop:1\nb shop:1", "", false, nil, `
ecs:RunTask 2 tasks what runs is shop:1 by ecsctl/2/b
wait 2 tasks until RUNNING
ecs:StopTask task/a the new ones run
ecs:StopTask task/b the new ones run
wait 2 tasks until STOPPED`},
		{"mixed", "a shop:1\nb shop:2\nc shop:1", "shop:2", false, nil, `
ecs:RunTask 2 tasks what runs is shop:1 by ecsctl/2/c
wait 2 tasks until RUNNING
ecs:StopTask task/a the new ones run
ecs:StopTask task/c the new ones run
wait 2 tasks until STOPPED`},
		{"forced", "a shop:1", "shop:1", true, nil, `
ecs:RunTask 1 task replacement was asked for by ecsctl/1f/a
wait 1 task until RUNNING
ecs:StopTask task/a the new ones run
wait 1 task until STOPPED`},
		{"more than a batch", strings.Repeat("a shop:1\n", 12), "shop:2", false, nil, `
ecs:RunTask 10 tasks what runs is shop:1 by ecsctl/12/a
ecs:RunTask 2 tasks what runs is shop:1 by ecsctl/12/a
wait 12 tasks until RUNNING` + strings.Repeat("\necs:StopTask task/a the new ones run", 12) + `
wait 12 tasks until STOPPED`},
		{"interrupted before all were started", "a shop:1\nb shop:1\nc shop:2 ecsctl/2/b", "shop:2", false, nil, `
ecs:RunTask 1 task what runs is shop:1 by ecsctl/2/b
wait 1 task until RUNNING
ecs:StopTask task/a the new ones run
ecs:StopTask task/b the new ones run
wait 2 tasks until STOPPED`},
		{"interrupted before the old were stopped", "a shop:1\nb shop:1\nc shop:2 ecsctl/2/b\nd shop:2 ecsctl/2/b", "shop:2", false, nil, `
ecs:StopTask task/a the new ones run
ecs:StopTask task/b the new ones run
wait 2 tasks until STOPPED`},
		{"forced, interrupted, and not forced again", "a shop:1\nb shop:1 ecsctl/1f/a", "shop:1", false, nil, `
ecs:StopTask task/a the new ones run
wait 1 task until STOPPED`},
		{"interrupted, and changed once more", "a shop:1\nb shop:1\nc shop:2 ecsctl/2/b", "shop:3", false, nil, `
ecs:RunTask 2 tasks what runs is shop:1 and shop:2 by ecsctl/2/c
wait 2 tasks until RUNNING
ecs:StopTask task/a the new ones run
ecs:StopTask task/b the new ones run
ecs:StopTask task/c the new ones run
wait 3 tasks until STOPPED`},
		{"interrupted before the new ones ran", "a shop:1\nb shop:2 ecsctl/1/a pending", "shop:2", false, nil, `
wait 1 task until RUNNING
ecs:StopTask task/a the new ones run
wait 1 task until STOPPED`},
		{"interrupted before the first one ran", "a shop:1 pending\nb shop:1", "shop:1", false, nil, `
keep 2 tasks as wanted, of shop:1
wait 1 task until RUNNING`},
		{"two replaced at once", "c shop:2 ecsctl/1/b\nd shop:2 ecsctl/1/b", "shop:2", false, nil, `
ecs:StopTask task/d the new ones run
wait 1 task until STOPPED`},
		{"interrupted, and scaled since", "x shop:1 stopped: scaled by ecsctl\na shop:1\nb shop:2 ecsctl/2/a", "shop:2", false, nil, `
ecs:RunTask 1 task what runs is shop:1 by ecsctl/1/a
wait 1 task until RUNNING
ecs:StopTask task/a the new ones run
wait 1 task until STOPPED`},
		{"the same port, and an old one still stops", "a shop:1 stopped: makes room for ecsctl/1/a stopping", "shop:2", false, hostPort, `
wait 1 task until STOPPED
ecs:RunTask 1 task an earlier up was interrupted by ecsctl/1/a
wait 1 task until RUNNING`},
		{"room was made for three, and scale started one", "a shop:1 stopped: makes room for ecsctl/3/c\n" +
			"b shop:1 stopped: makes room for ecsctl/3/c\nc shop:1 stopped: makes room for ecsctl/3/c" + strings.Repeat("\n", 90) +
			"d shop:2", "shop:2", false, hostPort, `
keep 1 task as wanted, of shop:2`},
		{"finished, and scaled down since", "c shop:2 ecsctl/3/b", "shop:2", false, nil, `
keep 1 task as wanted, of shop:2`},
		{"finished, and scaled up since", "c shop:2 ecsctl/1/b\nd shop:2\ne shop:2", "shop:2", false, nil, `
keep 3 tasks as wanted, of shop:2`},
		{"one that was not replaced is older", "a shop:2\nc shop:2 ecsctl/1/b", "shop:2", false, nil, `
keep 2 tasks as wanted, of shop:2`},
		{"the same port of a host", "a shop:1\nb shop:1", "shop:2", false, hostPort, `
ecs:StopTask task/a first, as they need port 80 of the host (makes room for ecsctl/2/b)
ecs:StopTask task/b first, as they need port 80 of the host (makes room for ecsctl/2/b)
wait 2 tasks until STOPPED
ecs:RunTask 2 tasks what runs is shop:1 by ecsctl/2/b
wait 2 tasks until RUNNING`},
		{"interrupted after room was made", "a shop:1 stopped: makes room for ecsctl/2/b\nb shop:1 stopped: makes room for ecsctl/2/b",
			"shop:2", false, hostPort, `
ecs:RunTask 2 tasks an earlier up was interrupted by ecsctl/2/b
wait 2 tasks until RUNNING`},
		{"interrupted while room was made", "a shop:1 stopped: makes room for ecsctl/2/b\nb shop:1",
			"shop:2", false, hostPort, `
ecs:StopTask task/b first, as they need port 80 of the host (makes room for ecsctl/2/b)
wait 1 task until STOPPED
ecs:RunTask 2 tasks what runs is shop:1 by ecsctl/2/b
wait 2 tasks until RUNNING`},
		{"room was made, and all is done", "a shop:1 stopped: makes room for ecsctl/1/a\nb shop:2 ecsctl/1/a stopped: stopped by ecsctl",
			"shop:2", false, hostPort, `
ecs:RunTask 1 task none runs
wait 1 task until RUNNING`},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			w := &TasksWant{CreateWant: CreateWant{Result: &translate.Result{}}, Cluster: "c", Project: "shop", Force: c.force}
			w.Task.Family, w.Task.ContainerDefinitions = new("shop"), c.containers
			s := &TasksState{CreateState: CreateState{Family: &Family{Name: "shop"}}}
			if c.match != "" {
				s.Family.Match = &Revision{ARN: "arn:aws:ecs:eu-west-1:111122223333:task-definition/" + c.match}
			}
			for i, line := range strings.Split(c.tasks, "\n") {
				if line == "" {
					continue
				}
				if k := task(t, i, line); k.StoppedReason != nil {
					s.Stopped = append(s.Stopped, k)
				} else {
					s.Tasks = append(s.Tasks, k)
				}
			}
			if got := planText(Up(w, s)[1:]); got != c.want {
				t.Errorf("got:%s\nwant:%s", got, c.want)
			}
		})
	}
}

// TestUpSameContent: tasks of another revision that has the same content are left alone.
func TestUpSameContent(t *testing.T) {
	w := &TasksWant{CreateWant: CreateWant{Result: &translate.Result{}}, Cluster: "c", Project: "shop"}
	w.Task.Family = new("shop")
	running := task(t, 0, "a shop:1")
	s := &TasksState{CreateState: CreateState{Family: &Family{Name: "shop"}}, Tasks: []types.Task{running}}
	s.Family.Match = &Revision{ARN: "arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:2"}
	for same, want := range map[bool]string{
		true: "\nkeep 1 task as wanted, of shop:2",
		false: "\necs:RunTask 1 task what runs is shop:1 by ecsctl/1/a\nwait 1 task until RUNNING" +
			"\necs:StopTask task/a the new ones run\nwait 1 task until STOPPED",
	} {
		s.same = map[string]bool{*running.TaskDefinitionArn: same}
		if got := planText(Up(w, s)[1:]); got != want {
			t.Errorf("same is %v: got:%s\nwant:%s", same, got, want)
		}
	}
}

// planText is a plan with what its requests say of who starts or stops a task.
func planText(p Plan) string {
	var b strings.Builder
	for _, s := range p {
		fmt.Fprintf(&b, "\n%s %s %s", s.Action, s.On, s.Why)
		switch in := s.request.(type) {
		case *ecs.RunTaskInput:
			if in.StartedBy != nil {
				fmt.Fprintf(&b, " by %s", *in.StartedBy)
			}
		case *ecs.StopTaskInput:
			if strings.HasPrefix(*in.Reason, makesRoom) {
				fmt.Fprintf(&b, " (%s)", *in.Reason)
			}
		}
	}
	return b.String()
}
