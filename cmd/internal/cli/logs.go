package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/translate"
)

// A logsFlags holds the flags of the commands that show logs.
type logsFlags struct {
	query      deploy.TaskQuery
	taskDef    string
	follow     bool
	pattern    string
	containers []string
	since      string
	start      string
	end        string
	timestamps bool
}

func (o *logsFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.pattern, "filter-pattern", "", "only lines that match this pattern of CloudWatch Logs")
	f.StringArrayVar(&o.containers, "container-name", nil, "only this container; repeatable")
	f.StringVar(&o.since, "since", "",
		"only what is younger: a duration such as 90s, 10m or 2d, a number of minutes, or a time")
	f.StringVar(&o.start, "start-time", "", "only from this time on: 2026-01-05T09:00:00Z, or a duration before now")
	f.StringVar(&o.end, "end-time", "", "only up to this time")
	f.BoolVarP(&o.timestamps, "timestamps", "t", false, "the time before each line")
}

const logsLong = "Lines of several containers and tasks are merged by time, each after the name of who wrote it; --output json has\n" +
	"an object a line. With --follow new lines are shown as they come, until the task has stopped.\n"

func newLogs(a *app) *cobra.Command {
	o := &logsFlags{}
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show what containers write to CloudWatch Logs",
		Long: "logs shows what the containers of a task, of all tasks of a service, or of all tasks of a family write to\n" +
			"CloudWatch Logs. Tasks that have stopped are known to ECS for an hour; with --task-def also older ones.\n" + logsLong,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.query == (deploy.TaskQuery{}) {
				return usageError{errors.New("logs takes --task-id, --service or --project-name")}
			}
			if err := oneFlag(cmd, "task-id", "service", "project-name"); err != nil {
				return err
			}
			return showLogs(cmd.Context(), a, o)
		},
	}
	o.add(cmd)
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "show new lines as they come")
	f.StringVar(&o.query.Task, "task-id", "", "id or ARN of the task")
	f.StringVar(&o.taskDef, "task-def", "", "task definition of the task, which then need not be known to ECS any more")
	f.StringVar(&o.query.Service, "service", "", "all tasks of this service")
	f.StringVarP(&o.query.Family, "project-name", "p", "", "all tasks of this project")
	return cmd
}

func newComposeLogs(a *app, p *projectFlags) *cobra.Command {
	o := &logsFlags{}
	cmd := &cobra.Command{
		Use:   "logs [SERVICE...]",
		Short: "Show what the project's containers write to CloudWatch Logs",
		Long: "logs shows what the containers of the project write, or those of the SERVICEs: of its tasks that run or have\n" +
			"stopped in the last hour.\n" + logsLong,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, err := p.named(cmd.Context(), a, translate.ToRun)
			if err != nil {
				return err
			}
			names := containerNames(&r.Task)
			for _, name := range args {
				if len(names) > 0 && !slices.Contains(names, name) {
					return noService(name, names)
				}
			}
			o.containers = append(o.containers, args...)
			if o.query.Task == "" {
				o.query.Family = *r.Task.Family
			}
			return showLogs(cmd.Context(), a, o)
		},
	}
	o.add(cmd)
	cmd.Flags().BoolVar(&o.follow, "follow", false, "show new lines as they come")
	cmd.Flags().StringVar(&o.query.Task, "task-id", "", "only this task of the project, by id or ARN")
	return cmd
}

// noService is the mistake of naming a service that is not there.
func noService(name string, names []string) error {
	return usageError{fmt.Errorf("there is no service %q%s: there are %s", name, diag.Suggest(name, names),
		strings.Join(names, ", "))}
}

// showLogs does what the commands do that show logs.
func showLogs(ctx context.Context, a *app, o *logsFlags) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	switch {
	case o.since != "" && o.start != "":
		return usageError{errors.New("--since and --start-time both say when to begin: leave one out")}
	case o.taskDef != "" && o.query.Task == "":
		return usageError{errors.New("--task-def is of --task-id")}
	case o.follow && o.end != "":
		return usageError{errors.New("--follow has no end: leave out --end-time")}
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	period, err := o.period(s.clients.Clock.Now())
	if err != nil {
		return err
	}
	v := s.newViewer(o, period, form == "json")
	if err := v.find(ctx); err != nil {
		return err
	}
	if !o.follow {
		return v.once(ctx)
	}
	err = v.follow(ctx)
	if ctx.Err() != nil {
		return nil // the user has seen enough
	}
	return err
}

// A period is a time with a beginning and an end, which may be zero.
type period struct{ start, end time.Time }

// period reads the flags that say of what time lines are shown.
func (o *logsFlags) period(now time.Time) (period, error) {
	var p period
	for _, f := range []struct {
		name, text string
		to         *time.Time
	}{{"since", o.since, &p.start}, {"start-time", o.start, &p.start}, {"end-time", o.end, &p.end}} {
		if f.text == "" {
			continue
		}
		t, err := parseTime(f.text, now)
		if err != nil {
			return p, usageError{fmt.Errorf("--%s: %w", f.name, err)}
		}
		if t.Before(now) || f.name != "since" { // ecs-cli takes no minutes for no limit
			*f.to = t
		}
	}
	if !p.end.IsZero() && p.end.Before(p.start) {
		return p, usageError{fmt.Errorf("--end-time %s is before the start, %s", o.end, p.start.Format(time.RFC3339))}
	}
	return p, nil
}
