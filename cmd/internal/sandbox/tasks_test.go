package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// summary returns what matters of a task in one line.
func summary(v types.Task) string {
	s := *v.LastStatus
	if v.StopCode != "" {
		s += " " + string(v.StopCode) + " " + *v.StoppedReason
	}
	for _, c := range v.Containers {
		s += " | " + *c.Name + " " + *c.LastStatus
		if c.ExitCode != nil {
			s += fmt.Sprintf(" %d", *c.ExitCode)
		}
		if c.HealthStatus != types.HealthStatusUnknown {
			s += " " + string(c.HealthStatus)
		}
		if c.Reason != nil {
			s += " " + *c.Reason
		}
	}
	return s
}

// TestOutcomes: what becomes of a task is what its labels ask for, when they ask for it.
func TestOutcomes(t *testing.T) {
	const essential = " EssentialContainerExited Essential container in task exited"
	for _, test := range []struct {
		labels []string
		after  time.Duration
		want   string
	}{
		{nil, 0, "PENDING | web PENDING"},
		{nil, 3 * time.Second, "RUNNING | web RUNNING"},
		{nil, 48 * time.Hour, "RUNNING | web RUNNING"},
		{[]string{"exit", "3"}, 3 * time.Second, "RUNNING | web RUNNING"},
		{[]string{"exit", "3"}, 4 * time.Second, "STOPPING" + essential + " | web STOPPED 3"},
		{[]string{"exit", "3"}, time.Minute, "STOPPED" + essential + " | web STOPPED 3"},
		{[]string{"run-for", "30s"}, 32 * time.Second, "RUNNING | web RUNNING"},
		{[]string{"run-for", "30s"}, 36 * time.Second, "STOPPED" + essential + " | web STOPPED 0"},
		{[]string{"start", "20s"}, 19 * time.Second, "PENDING | web PENDING"},
		{[]string{"start", "20s"}, 20 * time.Second, "RUNNING | web RUNNING"},
		{[]string{"oom", "true"}, time.Minute,
			"STOPPED" + essential + " | web STOPPED 137 OutOfMemoryError: Container killed due to memory usage"},
		{[]string{"oom", "false"}, time.Minute, "RUNNING | web RUNNING"},
		{[]string{"image", "missing"}, 2 * time.Second, "PENDING | web PENDING"},
		{[]string{"image", "missing"}, time.Minute, "STOPPED TaskFailedToStart CannotPullContainerError: "},
		{[]string{"secret", "denied"}, time.Minute, "STOPPED TaskFailedToStart ResourceInitializationError: unable to pull"},
		{[]string{"exit", "256"}, time.Minute, "STOPPED" + essential + " | web STOPPED 256"},
		{[]string{"interrupt", "1"}, 4 * time.Second, "RUNNING | web RUNNING"},
		{[]string{"interrupt", "1"}, time.Minute, "STOPPED TerminationNotice Host EC2 (instance i-"},
		{[]string{"exit", "-1"}, time.Minute, `ecsctl.sandbox.exit: "-1" is not an exit status`},
		{[]string{"bogus", "1"}, time.Minute, `ecsctl.sandbox.bogus: "1" is not a label of the sandbox`},
		{[]string{"run-for", "30"}, time.Minute, `"30" is not a duration such as 30s`},
	} {
		t.Run(fmt.Sprint(test.labels, test.after), func(t *testing.T) {
			t.Parallel()
			a := open(t)
			a.register(bridge("web", test.labels...))
			task := a.run(&ecs.RunTaskInput{TaskDefinition: new("web")})[0]
			a.advance(test.after)
			if got := summary(a.describe(task.TaskArn)); !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestStop: a task that is stopped stops in steps, is listed as stopped for an hour, and then is forgotten.
func TestStop(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	task := a.run(&ecs.RunTaskInput{TaskDefinition: new("web")})[0]
	a.advance(10 * time.Second)
	must(a.ecs.StopTask(t.Context(), &ecs.StopTaskInput{Task: task.TaskArn, Reason: new("enough")}))(t)
	for _, step := range []struct {
		after time.Duration
		want  string
	}{
		{0, "STOPPING UserInitiated enough | web RUNNING"},
		{time.Second, "DEPROVISIONING UserInitiated enough | web STOPPED 143"},
		{time.Second, "STOPPED UserInitiated enough | web STOPPED 143"},
	} {
		a.advance(step.after)
		if got := summary(a.describe(task.TaskArn)); got != step.want {
			t.Errorf("got  %s\nwant %s", got, step.want)
		}
	}
	for _, desired := range []types.DesiredStatus{"", types.DesiredStatusRunning, types.DesiredStatusStopped} {
		out := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{DesiredStatus: desired}))(t)
		if got := len(out.TaskArns) == 1; got != (desired == types.DesiredStatusStopped) {
			t.Errorf("%s: listed %v", desired, out.TaskArns)
		}
	}
	a.advance(time.Hour)
	out := must(a.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: []string{*task.TaskArn}}))(t)
	if len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" {
		t.Errorf("got %v %v", out.Tasks, out.Failures)
	}
	_, err := a.ecs.StopTask(t.Context(), &ecs.StopTaskInput{Task: task.TaskArn})
	wantError(t, err, "InvalidParameterException", "The referenced task was not found.")
}
