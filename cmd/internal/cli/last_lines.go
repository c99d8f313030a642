package cli

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/cmd/internal/logs"
)

// lastLinesOf is how many lines of a container are shown when its task has failed.
const lastLinesOf = 10

// lastLines returns the last lines that the containers of a stopped task wrote. Why there are none is a line, too.
func (s *account) lastLines(ctx context.Context, task *types.Task) []string {
	revision, err := deploy.DescribeRevision(ctx, s.clients, *task.TaskDefinitionArn)
	if err != nil || revision == nil {
		return []string{"its logs cannot be found without its task definition"}
	}
	kept := map[string][]string{}
	var names []string
	keep := func(e *logs.Event) error {
		name := e.Stream.Container
		if kept[name] == nil {
			names = append(names, name)
		}
		kept[name] = append(kept[name], name+" | "+strings.TrimSuffix(e.Message, "\n"))
		kept[name] = kept[name][max(0, len(kept[name])-lastLinesOf):]
		return nil
	}
	start := s.clients.Clock.Now().Add(-time.Hour)
	if task.CreatedAt != nil {
		start = task.CreatedAt.Add(-clockSkew)
	}
	tail := logs.New(func(region string) logs.API { return s.clients.Logs(region) }, s.clients.Clock, keep,
		logs.Options{Start: start})
	for _, c := range task.Containers {
		if c.Name != nil && hasRun(task, *c.Name) {
			tail.Add(logs.Streams(revision.Definition, task, *c.Name)...)
		}
	}
	err = tail.ReadAll(ctx)
	var lines []string
	for _, name := range names {
		lines = append(lines, kept[name]...)
	}
	if err != nil {
		lines = append(lines, logsError(err).Error())
	}
	return lines
}
