package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/xhit/go-str2duration/v2"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/cmd/internal/logs"
)

const (
	viewPause  = 2 * time.Second  // between two looks for new lines
	findPause  = 10 * time.Second // between two looks for new tasks
	findErrors = 5                // in a row are too many
)

// A viewer shows what tasks write.
type viewer struct {
	s           *account
	o           *logsFlags
	period      period
	printer     *linePrinter
	tail        *logs.Tail // nil until tasks are found
	definitions map[string]*types.TaskDefinition
	tasks       []types.Task
	silent      []string // containers that cannot be read
}

func (s *account) newViewer(o *logsFlags, p period, json bool) *viewer {
	v := &viewer{s: s, o: o, period: p, definitions: map[string]*types.TaskDefinition{}}
	v.printer = s.app.newPrinter(outputOptions{json: json, timestamps: o.timestamps, tasks: 1}, func() {})
	if o.query.Task == "" {
		v.printer.o.tasks, v.printer.o.prefix = 2, true // there may be more at any time
	}
	return v
}

// find looks which tasks there are, and adds what they write.
func (v *viewer) find(ctx context.Context) error {
	var err error
	if v.o.taskDef != "" {
		v.tasks = []types.Task{{TaskArn: &v.o.query.Task, TaskDefinitionArn: &v.o.taskDef}}
	} else if v.tasks, err = deploy.FindTasks(ctx, v.s.clients, v.s.settings.Cluster.Value, v.o.query); err != nil {
		if errors.Is(err, deploy.ErrNoTask) {
			err = fmt.Errorf("%w; with --task-def its logs can be read all the same", err)
		}
		return err
	}
	if v.tail == nil {
		v.tail = v.s.newTail(v.printer, logs.Options{Start: v.start(), End: v.period.end, Pattern: v.o.pattern})
	}
	for i := range v.tasks {
		if err := v.add(ctx, &v.tasks[i]); err != nil {
			return err
		}
	}
	return v.check()
}

// start is from when on lines are looked for: from when the oldest task was made, if nobody says otherwise.
func (v *viewer) start() time.Time {
	if !v.period.start.IsZero() || len(v.tasks) == 0 || v.tasks[0].CreatedAt == nil {
		return v.period.start
	}
	return v.tasks[0].CreatedAt.Add(-clockSkew)
}

// add adds what a task writes.
func (v *viewer) add(ctx context.Context, task *types.Task) error {
	arn := *task.TaskDefinitionArn
	if v.definitions[arn] == nil {
		r, err := deploy.DescribeRevision(ctx, v.s.clients, arn)
		if err != nil {
			return err
		}
		v.definitions[arn] = r.Definition
		for _, why := range logs.Silent(r.Definition, v.o.containers...) {
			if !slices.Contains(v.silent, why) {
				v.silent = append(v.silent, why)
				v.s.app.warn([]string{why})
			}
		}
	}
	for _, c := range v.definitions[arn].ContainerDefinitions {
		if !v.wants(*c.Name) || v.o.taskDef == "" && !hasRun(task, *c.Name) {
			continue
		}
		streams := logs.Streams(v.definitions[arn], task, *c.Name)
		v.tail.Add(streams...)
		if l := c.LogConfiguration; len(streams) == 0 && l != nil && l.LogDriver == types.LogDriverAwslogs {
			v.s.app.warn([]string{"container " + *c.Name + " has no awslogs-stream-prefix: the name of its stream is forgotten " +
				"with the task"})
		}
	}
	if v.o.query.Task != "" {
		v.printer.o.prefix = v.tail.Streams() > 1 || v.o.taskDef == "" && v.readable(arn) > 1
	}
	return nil
}

func (v *viewer) wants(container string) bool {
	return len(v.o.containers) == 0 || slices.Contains(v.o.containers, container)
}

// readable counts the containers of a definition that can be read.
func (v *viewer) readable(arn string) int {
	n := 0
	for _, c := range v.definitions[arn].ContainerDefinitions {
		if l := c.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwslogs && v.wants(*c.Name) {
			n++
			v.printer.width = max(v.printer.width, len(*c.Name))
		}
	}
	return n
}

// hasRun reports whether a container runs or has run.
func hasRun(task *types.Task, container string) bool {
	return slices.ContainsFunc(task.Containers, func(c types.Container) bool {
		return c.Name != nil && *c.Name == container && (c.RuntimeId != nil || c.ExitCode != nil)
	})
}

// check returns an error if there is nothing that could ever be shown.
func (v *viewer) check() error {
	if len(v.definitions) == 0 {
		return nil
	}
	var names []string
	readable := 0
	for arn, td := range v.definitions {
		readable += v.readable(arn)
		for _, c := range td.ContainerDefinitions {
			names = append(names, *c.Name)
		}
	}
	slices.Sort(names)
	for _, name := range v.o.containers {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no container %q: there are %s", name, strings.Join(slices.Compact(names), ", "))
		}
	}
	if readable == 0 {
		return errors.New("no container writes to CloudWatch Logs: there is nothing to show")
	}
	return nil
}

// once shows what there is.
func (v *viewer) once(ctx context.Context) error {
	if len(v.tasks) == 0 {
		v.s.app.note("no task of " + cmp.Or(v.o.query.Service, v.o.query.Family) + " runs, or has stopped in the last hour")
	}
	err := v.tail.ReadAll(ctx)
	for _, s := range v.tail.Missing() {
		v.s.app.note("there is no log stream " + s)
	}
	return logsError(err)
}

// follow shows lines as they come: of a task until it has stopped, else for ever.
func (v *viewer) follow(ctx context.Context) error {
	clock := v.s.clients.Clock
	found, failed := clock.Now(), 0
	for {
		if v.o.taskDef == "" && (v.o.query.Task != "" || clock.Now().Sub(found) >= findPause) {
			failed++
			if err := v.find(ctx); err == nil {
				failed = 0
			} else if failed == findErrors || ctx.Err() != nil {
				return err
			}
			found = clock.Now()
		}
		if _, err := v.tail.Look(ctx); err != nil {
			return logsError(err)
		}
		if v.o.query.Task != "" && !slices.ContainsFunc(v.tasks, func(t types.Task) bool {
			return t.LastStatus == nil || *t.LastStatus != "STOPPED"
		}) {
			return logsError(v.tail.Drain(ctx, clock.Now()))
		}
		if err := clock.Sleep(ctx, viewPause); err != nil {
			return err
		}
	}
}

// logsError returns what CloudWatch Logs answered in the form of all answers of AWS.
func logsError(err error) error {
	if e, ok := errors.AsType[*logs.ReadError](err); ok {
		return call.Wrap("log-group:"+e.Group, e.Err)
	}
	return err
}

// parseTime reads a time, or how long before now it was: 10m, 2d, or a number of minutes as ecs-cli has it.
func parseTime(text string, now time.Time) (time.Time, error) {
	if n, err := strconv.Atoi(text); err == nil {
		return now.Add(-time.Duration(n) * time.Minute), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if d, err := str2duration.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time such as 2026-01-05T09:00:00Z, and no duration such as 10m or 2d", text)
}
