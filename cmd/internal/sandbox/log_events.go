package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	lineEvery = time.Millisecond // between the lines that a container writes
	maxEvents = 10000            // of one answer; see limit of FilterLogEvents and GetLogEvents
)

// A logEvent is a line in a log stream.
type logEvent struct {
	At     time.Time `json:"at"`
	Stream string    `json:"stream"`
	Text   string    `json:"text"`
	Line   int       `json:"line"` // of the stream
	late   time.Time // when it can be read
}

// A logTarget is where a container's lines go.
type logTarget struct {
	region, group, stream string
	create                bool // the group, if there is none
}

// logTarget returns where the awslogs driver of a container writes, or nil. See "Using the awslogs log driver" in the
// developer guide: the stream is prefix/container/task, or the container's id without a prefix.
func (t *task) logTarget(r *region, c *types.ContainerDefinition) *logTarget {
	l := c.LogConfiguration
	if l == nil || l.LogDriver != types.LogDriverAwslogs {
		return nil
	}
	target := &logTarget{
		region: l.Options["awslogs-region"], group: l.Options["awslogs-group"],
		stream: t.runtimeID(*c.Name), create: l.Options["awslogs-create-group"] == "true",
	}
	if prefix := l.Options["awslogs-stream-prefix"]; prefix != "" {
		target.stream = prefix + "/" + *c.Name + "/" + t.id()
	}
	if target.region == "" {
		target.region = r.name
	}
	return target
}

// prepareLogs makes the log groups that the task may make, and remembers that one is missing, without which the task
// does not start.
func (r *region) prepareLogs(t *task, td *types.TaskDefinition) {
	for i := range td.ContainerDefinitions {
		target := t.logTarget(r, &td.ContainerDefinitions[i])
		switch {
		case target == nil || r.st.region(target.region).LogGroups[target.group] != nil:
		case target.create:
			r.st.region(target.region).addLogGroup(target.group)
		default:
			t.NoLogs = *td.ContainerDefinitions[i].Name
		}
	}
}

// noLogs is why a task does not start that has no log group.
const noLogs = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: " +
	"failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit " +
	"status 1"

// written returns what the task has written into the log group until now.
func (t *task) written(r *region, now time.Time, region, group string) []logEvent {
	var events []logEvent
	l := t.timeline(r)
	for i := range l.containers {
		c := &l.containers[i]
		target := t.logTarget(r, c.def)
		if target == nil || target.region != region || target.group != group {
			continue
		}
		for n, line := range c.lines {
			at := add(c.start, time.Duration(n)*c.every)
			readable := at
			if n%10 == 5 {
				readable = add(at, c.late)
			}
			if passed(now, readable) && !at.After(c.exit) {
				events = append(events, logEvent{at, target.stream, line, n, readable})
			}
		}
	}
	return events
}

// keepLogs keeps what a task wrote that is about to be forgotten.
func (r *region) keepLogs(t *task) {
	td := r.definition(t.Definition)
	for i := range td.ContainerDefinitions {
		if target := t.logTarget(r, &td.ContainerDefinitions[i]); target != nil {
			if g := r.st.region(target.region).LogGroups[target.group]; g != nil {
				written := t.written(r, r.now(), target.region, target.group)
				g.Kept = append(g.Kept, slices.DeleteFunc(written, func(e logEvent) bool { return e.Stream != target.stream })...)
			}
		}
	}
}

// events returns what is in the log group, oldest first.
func (r *region) events(name string, g *logGroup) []logEvent {
	events := slices.Clone(g.Kept)
	for _, key := range r.st.regionNames() {
		other := r.st.Regions[key]
		for _, t := range other.Tasks {
			events = append(events, t.written(other, r.now(), r.name, name)...)
		}
	}
	events = slices.DeleteFunc(events, func(e logEvent) bool {
		return e.At.Before(g.Created) || g.Retention > 0 && passed(r.now(), e.At.AddDate(0, 0, int(g.Retention)))
	})
	slices.SortStableFunc(events, func(a, b logEvent) int { return a.At.Compare(b.At) })
	return events
}

// id returns the id of the event.
func (e logEvent) id() string {
	sum := sha256.Sum256([]byte(e.Stream + e.Text + strconv.Itoa(e.Line)))
	return fmt.Sprintf("%d%s", e.At.UnixMilli(), hex.EncodeToString(sum[:8]))
}

// within says whether the event is from start, at start or later, and before end: milliseconds since 1970.
func (e logEvent) within(start, end *int64) bool {
	at := e.At.UnixMilli()
	return (start == nil || at >= *start) && (end == nil || at < *end)
}

// describeLogStreams: by name, or by the time of the last event; at most 50 at once.
func describeLogStreams(
	r *region, in *cloudwatchlogs.DescribeLogStreamsInput,
) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	name, g, err := r.logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	streams := map[string]*logtypes.LogStream{}
	var names []string
	for _, e := range r.events(name, g) {
		s := streams[e.Stream]
		if s == nil {
			if !strings.HasPrefix(e.Stream, value(in.LogStreamNamePrefix)) {
				continue
			}
			s = &logtypes.LogStream{
				Arn:           new(r.logARN(name) + ":log-stream:" + e.Stream),
				CreationTime:  new(e.At.UnixMilli()),
				LogStreamName: new(e.Stream), FirstEventTimestamp: new(e.At.UnixMilli()),
			}
			streams[e.Stream] = s
			names = append(names, e.Stream)
		}
		s.LastEventTimestamp, s.LastIngestionTime = new(e.At.UnixMilli()), new(e.At.UnixMilli())
	}
	slices.Sort(names)
	if in.OrderBy == logtypes.OrderByLastEventTime {
		slices.SortStableFunc(names, func(a, b string) int {
			return int(*streams[a].LastEventTimestamp - *streams[b].LastEventTimestamp)
		})
	}
	if value(in.Descending) {
		slices.Reverse(names)
	}
	names, next, err := page(names, in.Limit, in.NextToken, 50, 50)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: []logtypes.LogStream{}, NextToken: next}
	for _, n := range names {
		out.LogStreams = append(out.LogStreams, *streams[n])
	}
	return out, nil
}

// filterLogEvents: of the streams that are named or begin with the prefix; of patterns the sandbox knows words, all of
// which must be in the line.
func filterLogEvents(
	r *region, in *cloudwatchlogs.FilterLogEventsInput,
) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	name, g, err := r.logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(value(in.FilterPattern), "{}[]?%-") {
		return nil, logsInvalid("the sandbox knows only words in a filterPattern")
	}
	if in.LogStreamNamePrefix != nil && len(in.LogStreamNames) > 0 {
		return nil, logsInvalid("Specify either logStreamNames or logStreamNamePrefix, not both.")
	}
	if !r.hasStreams(name, g, in.LogStreamNames) {
		return nil, noStream()
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{
		Events: []logtypes.FilteredLogEvent{}, SearchedLogStreams: []logtypes.SearchedLogStream{},
	}
	from, _ := strconv.Atoi(value(in.NextToken))
	limit, err := eventLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	for n, e := range r.events(name, g) {
		if n < from || !e.within(in.StartTime, afterMillisecond(in.EndTime)) ||
			!strings.HasPrefix(e.Stream, value(in.LogStreamNamePrefix)) ||
			len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, e.Stream) ||
			!hasWords(e.Text, value(in.FilterPattern)) {
			continue
		}
		if len(out.Events) == limit {
			out.NextToken = new(strconv.Itoa(n))
			break
		}
		out.Events = append(out.Events, logtypes.FilteredLogEvent{
			EventId: new(e.id()), IngestionTime: new(later(e.At, e.late).UnixMilli()), LogStreamName: new(e.Stream),
			Message: new(e.Text), Timestamp: new(e.At.UnixMilli()),
		})
	}
	return out, nil
}

func noStream() error {
	return &apiError{400, "ResourceNotFoundException", "The specified log stream does not exist."}
}

// hasStreams says whether all the streams are there. The driver makes a stream when the container starts.
func (r *region) hasStreams(group string, g *logGroup, names []string) bool {
	if len(names) == 0 {
		return true
	}
	there := map[string]bool{}
	for _, e := range g.Kept {
		there[e.Stream] = true
	}
	for _, key := range r.st.regionNames() {
		other := r.st.Regions[key]
		for _, t := range other.Tasks {
			l := t.timeline(other)
			for i := range l.containers {
				c := &l.containers[i]
				target := t.logTarget(other, c.def)
				if target != nil && target.region == r.name && target.group == group && passed(r.now(), c.start) {
					there[target.stream] = true
				}
			}
		}
	}
	return !slices.ContainsFunc(names, func(name string) bool { return !there[name] })
}

// afterMillisecond: "Events with a timestamp later than this time are not returned", where GetLogEvents leaves out
// those "equal to or later than this time".
func afterMillisecond(end *int64) *int64 {
	if end == nil {
		return nil
	}
	return new(*end + 1)
}

func hasWords(text, pattern string) bool {
	for word := range strings.FieldsSeq(strings.ReplaceAll(pattern, `"`, "")) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func eventLimit(limit *int32) (int, error) {
	if limit == nil {
		return maxEvents, nil
	}
	if *limit < 1 || *limit > maxEvents {
		return 0, logsInvalid("limit must be between 1 and 10000.")
	}
	return int(*limit), nil
}

// getLogEvents: the tokens are where the answer begins and ends; "If you have reached the end of the stream, it returns
// the same token you passed in".
func getLogEvents(r *region, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	name, g, err := r.logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if !r.hasStreams(name, g, []string{value(in.LogStreamName)}) {
		return nil, noStream()
	}
	var events []logEvent
	for _, e := range r.events(name, g) {
		if e.Stream == value(in.LogStreamName) && e.within(in.StartTime, in.EndTime) {
			events = append(events, e)
		}
	}
	limit, err := eventLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	from, to := max(0, len(events)-limit), len(events)
	if value(in.StartFromHead) {
		from, to = 0, min(limit, len(events))
	}
	if direction, n, ok := strings.Cut(value(in.NextToken), "/"); ok {
		at, err := strconv.Atoi(n)
		if err != nil || at < 0 || at > len(events) {
			return nil, logsInvalid("The specified nextToken is invalid.")
		}
		if from, to = at, min(at+limit, len(events)); direction == "b" {
			from, to = max(0, at-limit), at
		}
	}
	out := &cloudwatchlogs.GetLogEventsOutput{
		Events: []logtypes.OutputLogEvent{}, NextForwardToken: new(fmt.Sprintf("f/%d", to)),
		NextBackwardToken: new(fmt.Sprintf("b/%d", from)),
	}
	for _, e := range events[from:to] {
		out.Events = append(out.Events, logtypes.OutputLogEvent{
			IngestionTime: new(e.At.UnixMilli()), Message: new(e.Text), Timestamp: new(e.At.UnixMilli()),
		})
	}
	return out, nil
}
