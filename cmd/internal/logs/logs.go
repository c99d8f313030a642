// Package logs reads what containers write to CloudWatch Logs: the streams of tasks, merged by time and followed, each
// event once.
package logs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// An API is what is asked of CloudWatch Logs.
type API interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// A Clock is the time of the account: that of the sandbox runs by itself.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error // ends early, with its error, if ctx does
}

// A Stream is where a container of a task writes.
type Stream struct {
	Region, Group, Name string // Region "" for that of the account
	Task, Container     string // Task is the id
}

// An Event is what a container wrote at once: a line, unless its driver joins lines.
type Event struct {
	Stream  *Stream
	Time    time.Time
	ID      string
	Message string
}

// Silent says of each container of a task definition whose output cannot be read why that is so, in order. containers
// are those that matter, all if there are none.
func Silent(td *types.TaskDefinition, containers ...string) []string {
	var why []string
	for _, c := range td.ContainerDefinitions {
		if !wanted(c, containers) {
			continue
		}
		switch l := c.LogConfiguration; {
		case l == nil:
			why = append(why, fmt.Sprintf("container %s has no log driver, so that its output stays where it runs: "+
				"give it the driver awslogs", *c.Name))
		case l.LogDriver != types.LogDriverAwslogs:
			why = append(why, fmt.Sprintf("container %s has the log driver %s: only what awslogs writes can be read here",
				*c.Name, l.LogDriver))
		}
	}
	return why
}

func wanted(c types.ContainerDefinition, containers []string) bool {
	return len(containers) == 0 || slices.Contains(containers, *c.Name)
}

// Streams returns the streams that the containers of a task write, in the order of its definition, but for those whose
// names are not known before the container runs. See "Using the awslogs log driver" in the developer guide: a stream is
// prefix/container/task, or the id of the container where there is no prefix.
func Streams(td *types.TaskDefinition, task *types.Task, containers ...string) []Stream {
	var streams []Stream
	for _, c := range td.ContainerDefinitions {
		l := c.LogConfiguration
		if l == nil || l.LogDriver != types.LogDriverAwslogs || !wanted(c, containers) {
			continue
		}
		s := Stream{
			Region: l.Options["awslogs-region"], Group: l.Options["awslogs-group"], Task: taskID(task), Container: *c.Name,
		}
		if prefix := l.Options["awslogs-stream-prefix"]; prefix != "" {
			s.Name = prefix + "/" + s.Container + "/" + s.Task
		} else {
			s.Name = runtimeID(task, s.Container)
		}
		if s.Name != "" && s.Group != "" {
			streams = append(streams, s)
		}
	}
	return streams
}

// runtimeID returns the id of a container where it runs, "" if it is not known yet.
func runtimeID(task *types.Task, container string) string {
	for _, c := range task.Containers {
		if c.Name != nil && *c.Name == container && c.RuntimeId != nil {
			return *c.RuntimeId
		}
	}
	return ""
}

func taskID(t *types.Task) string {
	if t.TaskArn == nil {
		return ""
	}
	return TaskID(*t.TaskArn)
}

// TaskID returns the last part of a task's ARN.
func TaskID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
