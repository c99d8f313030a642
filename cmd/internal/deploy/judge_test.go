package deploy

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestRunJudged: the exit status of a run, by how its task stopped.
func TestRunJudged(t *testing.T) {
	const exited = types.TaskStopCodeEssentialContainerExited
	code := func(n int32) *int32 { return &n }
	for _, test := range []struct {
		name   string
		exit   *int32 // of the container
		stop   types.TaskStopCode
		cause  stopCause
		alone  bool // the container ended before the task was stopped
		want   int
		reason string
	}{
		{"good", code(0), exited, stopNone, false, 0, "container web exited with 0"},
		{"bad", code(3), exited, stopNone, false, 3, "container web exited with 3"},
		{"255", code(255), exited, stopNone, false, 255, "exited with 255"},
		{"above 255", code(256), exited, stopNone, false, 255, "exited with 256"},
		{"of Windows", code(-1073741510), exited, stopNone, false, 255, "exited with -1073741510"},
		{"without a code", nil, exited, stopNone, false, 125, ""},
		{"never started", nil, types.TaskStopCodeTaskFailedToStart, stopNone, false, 125, ""},
		{"another one never started", code(0), types.TaskStopCodeTaskFailedToStart, stopNone, false, 125, ""},
		{"bad, and another one never started", code(2), types.TaskStopCodeTaskFailedToStart, stopNone, false, 2, ""},
		{"stopped by somebody, and ended well", code(0), types.TaskStopCodeUserInitiated, stopNone, false, 143, ""},
		{"stopped by somebody", code(137), types.TaskStopCodeUserInitiated, stopNone, false, 137, "out of memory, or"},
		{"stopped after its end", code(0), types.TaskStopCodeUserInitiated, stopNone, true, 0, ""},
		{"lost its capacity, and ended well", code(0), types.TaskStopCodeSpotInterruption, stopNone, false, 143, ""},
		{"time ran out", code(143), types.TaskStopCodeUserInitiated, stopTimeout, false, 124, "time ran out after 1m0s"},
		{"time ran out as it ended", code(0), exited, stopTimeout, false, 0, ""},
		{"time ran out before it started", nil, types.TaskStopCodeUserInitiated, stopTimeout, false, 124, ""},
		{"interrupted", code(143), types.TaskStopCodeUserInitiated, stopInterrupt, false, 130, "interrupted"},
		{"interrupted as it ended", code(0), exited, stopInterrupt, false, 130, ""},
		{"no stop code", code(0), "", stopNone, false, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &slot{task: &types.Task{
				TaskArn: new("arn:aws:ecs:eu-west-1:111122223333:task/default/1"), LastStatus: new("STOPPED"), StopCode: test.stop,
				Containers: []types.Container{
					{Name: new("side"), ExitCode: code(9)}, {Name: new("web"), ExitCode: test.exit, LastStatus: new("STOPPED")},
				},
			}}
			if test.alone {
				s.alone = time.Now()
			}
			r := &runner{w: &RunWant{Container: "web", Timeout: time.Minute}, cause: test.cause}
			got := r.judge(s)
			if got.Status != test.want || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("got %d, %s; want %d, %s", got.Status, got.Reason, test.want, test.reason)
			}
		})
	}
}

// TestLostCapacity: only a task that lost what it ran on is started again.
func TestLostCapacity(t *testing.T) {
	code := func(n int32) *int32 { return &n }
	for _, test := range []struct {
		name    string
		stop    types.TaskStopCode
		exit    *int32
		started bool
		want    bool
	}{
		{"Spot interruption", types.TaskStopCodeSpotInterruption, code(143), true, true},
		{"Spot interruption before it ran", types.TaskStopCodeSpotInterruption, nil, false, true},
		{"end of its host", types.TaskStopCodeTerminationNotice, code(143), true, true},
		{"end of its host without a stop code", "", nil, true, true},
		{"no stop code", "", code(1), true, false},
		{"never started", types.TaskStopCodeTaskFailedToStart, nil, false, false},
		{"never started, without a stop code", "", nil, false, false},
		{"stopped by somebody", types.TaskStopCodeUserInitiated, nil, true, false},
		{"its own end", types.TaskStopCodeEssentialContainerExited, code(137), true, false},
		{"its own end without an exit code", types.TaskStopCodeEssentialContainerExited, nil, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			task := &types.Task{StopCode: test.stop, Containers: []types.Container{{Name: new("web"), ExitCode: test.exit}}}
			if test.started {
				task.StartedAt = new(time.Now())
			}
			if got := lostCapacity(task, "web"); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
