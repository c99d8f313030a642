package logs

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	maxStreams = 100              // that FilterLogEvents takes at once
	lookback   = 60 * time.Second // before the newest event, in which late ones are found
	glance     = 10 * time.Second // the same of most looks, which would otherwise read a busy stream over and over
	maxIDs     = 50_000           // that are remembered of one source
)

// A source is the streams of one group. Every event of theirs that was passed on and is not before from is in seen.
type source struct {
	api           API
	region, group string
	streams       map[string]*Stream // by name
	there         map[string]bool    // streams that were found, and that were read up to from
	from          int64              // milliseconds since 1970
	seen          window
}

// absent returns the names of the streams that were not found yet.
func (s *source) absent() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.streams)), func(name string) bool { return s.there[name] })
}

// cursors returns what reads the source: one cursor for the streams that are there, and one for those that may not be:
// if one of them is not, CloudWatch Logs reads none. A deep look goes back as far as ids are remembered.
func (s *source) cursors(opts *Options, deep bool) []*cursor {
	var all []*cursor
	if len(s.there) > 0 {
		from := s.from
		if !deep {
			from = max(from, s.seen.newest-glance.Milliseconds())
		}
		all = append(all, s.cursor(opts, from, slices.Sorted(maps.Keys(s.there))))
	}
	if absent := s.absent(); len(absent) > 0 {
		all = append(all, s.cursor(opts, millis(opts.Start), absent))
	}
	return all
}

func (s *source) cursor(opts *Options, from int64, streams []string) *cursor {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &s.group, LogStreamNames: streams}
	if from > 0 {
		in.StartTime = &from
	}
	if !opts.End.IsZero() {
		in.EndTime = new(opts.End.UnixMilli())
	}
	if opts.Pattern != "" {
		in.FilterPattern = &opts.Pattern
	}
	return &cursor{source: s, in: in}
}

// A cursor reads streams of a source page by page.
type cursor struct {
	source *source
	in     *cloudwatchlogs.FilterLogEventsInput
	page   []types.FilteredLogEvent
	read   bool // the last page
	there  bool // the streams are
}

// fill reads pages until there is an event or no more page. Streams that are not there are read one by one, if they
// were asked for together: split are those.
func (c *cursor) fill(ctx context.Context, budget *int) (split []*cursor, err error) {
	for len(c.page) == 0 && !c.read && *budget > 0 {
		out, err := c.source.api.FilterLogEvents(ctx, c.in, impatient)
		switch {
		case IsMissing(err) && len(c.in.LogStreamNames) > 1:
			c.read = true
			for _, name := range c.in.LogStreamNames {
				in := *c.in
				in.LogStreamNames = []string{name}
				split = append(split, &cursor{source: c.source, in: &in})
			}
			return split, nil
		case IsMissing(err):
			c.read = true
			return nil, nil
		case err != nil:
			return nil, &ReadError{c.source.group, err}
		}
		*budget--
		c.page, c.there = out.Events, true
		c.in.NextToken = out.NextToken
		c.read = out.NextToken == nil
	}
	return nil, nil
}

// impatient lets the SDK repeat a call once: whoever looks has more to do, and looks again.
func impatient(o *cloudwatchlogs.Options) { o.Retryer = retry.AddWithMaxAttempts(o.Retryer, 2) }

// A ReadError is what CloudWatch Logs answered, or that it did not.
type ReadError struct {
	Group string // log group
	Err   error  // of the SDK
}

func (e *ReadError) Error() string { return "log group " + e.Group + ": " + e.Err.Error() }

func (e *ReadError) Unwrap() error { return e.Err }

// A merge passes on what cursors read, in order of time. It may be interrupted between any two calls.
type merge struct {
	cursors []*cursor
	write   func(*Event) error
	passed  int  // events
	pages   int  // that were read
	done    bool // all was read
}

// run goes on until all is read, or a number of pages was.
func (m *merge) run(ctx context.Context) error {
	budget := pages
	defer func() { m.pages += pages - budget }()
	for {
		first, err := m.first(ctx, &budget)
		if err != nil {
			return err
		}
		if first == nil {
			break
		}
		if err := m.pass(first); err != nil {
			return err
		}
	}
	if budget == 0 && slices.ContainsFunc(m.cursors, func(c *cursor) bool { return !c.read }) {
		return nil
	}
	m.done = true
	for _, c := range m.cursors {
		c.source.settle()
	}
	for _, c := range m.cursors {
		for _, name := range c.in.LogStreamNames {
			c.source.there[name] = c.source.there[name] || c.there
		}
	}
	return nil
}

// first returns the cursor that has the oldest event, nil if no more can be passed on.
func (m *merge) first(ctx context.Context, budget *int) (*cursor, error) {
	var first *cursor
	for i := 0; i < len(m.cursors); i++ {
		c := m.cursors[i]
		split, err := c.fill(ctx, budget)
		if err != nil {
			return nil, err
		}
		m.cursors = append(m.cursors, split...)
		switch {
		case len(c.page) == 0 && !c.read:
			return nil, nil // it may have an older event than all others
		case len(c.page) > 0 && (first == nil || *c.page[0].Timestamp < *first.page[0].Timestamp):
			first = c
		}
	}
	return first, nil
}

// pass passes on the first event of a cursor, unless that was done before.
func (m *merge) pass(c *cursor) error {
	e, s := &c.page[0], c.source
	stream := s.streams[*e.LogStreamName]
	if stream != nil && !s.seen.has(*e.EventId) {
		event := &Event{Stream: stream, Time: time.UnixMilli(*e.Timestamp), ID: *e.EventId}
		if e.Message != nil {
			event.Message = *e.Message
		}
		if err := m.write(event); err != nil {
			return writeError{err}
		}
		s.seen.add(*e.EventId, *e.Timestamp)
		m.passed++
	}
	c.page = c.page[1:]
	return nil
}

// settle says from when on the source is read the next time: late events may be older than the newest.
func (s *source) settle() {
	s.from = max(s.from, s.seen.newest-lookback.Milliseconds(), s.seen.floor)
	s.seen.forget(s.from)
	clear(s.there)
}
