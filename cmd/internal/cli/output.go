package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/logs"
)

// An outputOptions says how lines of logs are written.
type outputOptions struct {
	json       bool
	timestamps bool
	colour     bool
	talk       bool // to stderr: it is not the data of the command
	tasks      int  // that are expected
	prefix     bool // names who wrote a line
}

// A linePrinter writes lines of logs.
type linePrinter struct {
	w     io.Writer
	o     outputOptions
	clear func() // makes room on the terminal
	width int    // of the prefixes
	names []string
}

// eventJSON is a line of a log as JSON, one object a line.
type eventJSON struct {
	Timestamp string `json:"timestamp"`
	Task      string `json:"task"`
	Container string `json:"container"`
	Group     string `json:"logGroup"`
	Stream    string `json:"logStream"`
	Message   string `json:"message"`
}

// palette is the colours of prefixes, in the order in which they are given out.
var palette = []string{"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[31m"}

// write writes an event.
func (p *linePrinter) write(e *logs.Event) error {
	p.clear()
	message := strings.TrimSuffix(e.Message, "\n")
	if p.o.json {
		enc := json.NewEncoder(p.w)
		enc.SetEscapeHTML(false)
		return enc.Encode(eventJSON{
			e.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"), e.Stream.Task, e.Stream.Container, e.Stream.Group,
			e.Stream.Name, message,
		})
	}
	if p.o.timestamps {
		message = e.Time.Local().Format(time.RFC3339) + "\t" + message
	}
	if p.o.prefix {
		message = p.prefix(e.Stream) + message
	}
	_, err := fmt.Fprintln(p.w, message)
	return err
}

// prefix names who wrote a line: the container, and its task where there are several.
func (p *linePrinter) prefix(s *logs.Stream) string {
	name := s.Container
	if p.o.tasks > 1 {
		name += "/" + s.Task[:min(8, len(s.Task))]
	}
	p.width = max(p.width, len(name))
	text := fmt.Sprintf("%-*s | ", p.width, name)
	if !p.o.colour {
		return text
	}
	i := slices.Index(p.names, name)
	if i < 0 {
		i = len(p.names)
		p.names = append(p.names, name)
	}
	return palette[i%len(palette)] + text + "\x1b[0m"
}

// A taskOutput passes on what tasks of one definition write.
type taskOutput struct {
	definition *types.TaskDefinition
	tail       *logs.Tail
	note       func(...string)
}

// clockSkew is how far the clocks of hosts may be behind.
const clockSkew = 5 * time.Minute

// newOutput returns what shows the output of tasks that are started from now on.
func (s *account) newOutput(td *types.TaskDefinition, progress *progress, o outputOptions) *taskOutput {
	printer := s.app.newPrinter(o, progress.clear)
	if out, ok := printer.w.(*output); ok {
		printer.w = out.Writer // what nobody reads is no failure of the task
	}
	for _, c := range td.ContainerDefinitions {
		if l := c.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwslogs {
			printer.names = append(printer.names, *c.Name)
			printer.width = max(printer.width, len(*c.Name))
		}
	}
	printer.o.prefix = len(printer.names)*o.tasks > 1
	printer.names = nil
	if o.tasks > 1 {
		printer.width += len("/12345678")
	}
	tail := s.newTail(printer, logs.Options{Start: s.clients.Clock.Now().Add(-clockSkew)})
	return &taskOutput{definition: td, tail: tail, note: s.app.note}
}

func (a *app) newPrinter(o outputOptions, clear func()) *linePrinter {
	w := a.stdout
	if o.talk {
		w = a.stderr
	}
	o.colour = a.colours(w)
	return &linePrinter{w: w, o: o, clear: clear}
}

func (s *account) newTail(p *linePrinter, o logs.Options) *logs.Tail {
	return logs.New(func(region string) logs.API { return s.clients.Logs(region) }, s.clients.Clock, p.write, o)
}

// Look implements deploy.Output.
func (o *taskOutput) Look(ctx context.Context, tasks []types.Task) error {
	o.add(tasks)
	_, err := o.tail.Look(ctx)
	return logsError(err)
}

// Drain implements deploy.Output.
func (o *taskOutput) Drain(ctx context.Context, tasks []types.Task, ended time.Time) error {
	o.add(tasks)
	err := o.tail.Drain(ctx, ended)
	for _, s := range o.tail.Missing() {
		o.note("there is no log stream " + s)
	}
	return logsError(err)
}

// add adds the streams of containers that have started.
func (o *taskOutput) add(tasks []types.Task) {
	for i := range tasks {
		for _, c := range tasks[i].Containers {
			if c.Name != nil && hasRun(&tasks[i], *c.Name) {
				o.tail.Add(logs.Streams(o.definition, &tasks[i], *c.Name)...)
			}
		}
	}
}
