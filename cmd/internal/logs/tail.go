package logs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// Options say what a Tail reads. Zero values work.
type Options struct {
	Start   time.Time // of the first event; zero for the first there is
	End     time.Time // of the last event; zero for the last there is
	Pattern string    // of CloudWatch Logs, that events match
}

const (
	quiet    = 5 * time.Second // without anything new, after which nothing more is expected of what has ended
	patience = time.Minute     // in which CloudWatch Logs answers nothing, after which the rest is given up
	pages    = 50              // read at most in one look

	deepEvery = 5 // looks go back as far as late events may be
)

// A Tail reads streams and passes on each event once. What it finds in one look is in order of time, across groups and
// streams; what CloudWatch Logs has later than the rest comes later.
//
// Memory is that of a page for each group and of the ids of recent events, however much there is to read.
type Tail struct {
	clients func(region string) API
	clock   Clock
	write   func(*Event) error
	opts    Options
	sources []*source
	merge   *merge    // the look that was not finished, nil if there is none
	fresh   time.Time // when there was last something new
	read    time.Time // when there was last an answer
	pause   time.Duration
	resume  time.Time // when CloudWatch Logs may be asked again that refused
	looks   int
	last    bool // nobody looks again: each look goes back as far as late events may be
}

// New returns a Tail that passes events on to write.
func New(clients func(region string) API, clock Clock, write func(*Event) error, opts Options) *Tail {
	return &Tail{clients: clients, clock: clock, write: write, opts: opts}
}

// Add adds streams to read. Those that are read already, and streams that are not there yet, are no mistake.
func (t *Tail) Add(streams ...Stream) {
	for _, s := range streams {
		if t.has(s) {
			continue
		}
		i := slices.IndexFunc(t.sources, func(o *source) bool {
			return o.region == s.Region && o.group == s.Group && len(o.streams) < maxStreams
		})
		if i < 0 {
			i = len(t.sources)
			t.sources = append(t.sources, &source{
				api: t.clients(s.Region), region: s.Region, group: s.Group, from: millis(t.opts.Start),
				streams: map[string]*Stream{}, there: map[string]bool{},
			})
		}
		t.sources[i].streams[s.Name] = &s
	}
}

func (t *Tail) has(s Stream) bool {
	return slices.ContainsFunc(t.sources, func(o *source) bool {
		return o.region == s.Region && o.group == s.Group && o.streams[s.Name] != nil
	})
}

// Streams returns how many streams are read.
func (t *Tail) Streams() int {
	n := 0
	for _, s := range t.sources {
		n += len(s.streams)
	}
	return n
}

// Missing returns the streams that are not there, in the form group:stream.
func (t *Tail) Missing() []string {
	var missing []string
	for _, s := range t.sources {
		for _, name := range s.absent() {
			missing = append(missing, s.group+":"+name)
		}
	}
	return missing
}

// A writeError is an error of the one to whom events are passed on.
type writeError struct{ error }

func (e writeError) Unwrap() error { return e.error }

// Look passes on what there is by now, and reports whether that was all. It is no error that CloudWatch Logs has too
// much to do: the next look goes on where this one ended.
func (t *Tail) Look(ctx context.Context) (all bool, err error) {
	if t.clock.Now().Before(t.resume) {
		return false, nil
	}
	if t.merge == nil {
		t.merge = t.begin()
	}
	passed, pages := t.merge.passed, t.merge.pages
	err = t.merge.run(ctx)
	if t.merge.passed > passed {
		t.fresh = t.clock.Now()
	}
	if t.merge.pages > pages {
		t.read, t.pause = t.clock.Now(), 0
	}
	switch {
	case err == nil:
		all = t.merge.done
		if all {
			t.merge = nil
		}
		return all, nil
	case ctx.Err() != nil || !isTemporary(err):
		return false, err
	}
	t.pause = min(max(2*t.pause, time.Second), 30*time.Second)
	t.resume = t.clock.Now().Add(t.pause)
	return false, nil
}

// Drain passes on what is left of streams that nobody writes any more, since ended. What comes late is awaited until
// there was nothing new for a while; an answer of CloudWatch Logs, for a minute.
func (t *Tail) Drain(ctx context.Context, ended time.Time) error {
	return t.readUntil(ctx, func(now time.Time) bool { return now.Sub(later(t.fresh, ended)) >= quiet })
}

// ReadAll passes on what there is by now.
func (t *Tail) ReadAll(ctx context.Context) error {
	return t.readUntil(ctx, func(time.Time) bool { return true })
}

// readUntil reads until all is read and that is enough.
func (t *Tail) readUntil(ctx context.Context, enough func(now time.Time) bool) error {
	if len(t.sources) == 0 {
		return nil
	}
	began := t.clock.Now()
	t.last = true
	for {
		all, err := t.Look(ctx)
		if err != nil {
			return err
		}
		now := t.clock.Now()
		if all && enough(now) {
			return nil
		}
		if now.Sub(later(t.read, began)) >= patience {
			return fmt.Errorf("CloudWatch Logs was busy for %s: the end of the output may be missing", patience)
		}
		if err := t.clock.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// begin begins to merge what there is by now.
func (t *Tail) begin() *merge {
	m := &merge{write: t.write}
	deep := t.last || t.looks%deepEvery == 0
	t.looks++
	for _, s := range t.sources {
		m.cursors = append(m.cursors, s.cursors(&t.opts, deep)...)
	}
	return m
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// millis returns t as CloudWatch Logs has it, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// isTemporary reports whether a call may do better later.
func isTemporary(err error) bool {
	if _, ok := errors.AsType[writeError](err); ok {
		return false
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool() ||
		retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool() ||
		call.IsCode(err, "ServiceUnavailableException")
}

// IsMissing reports whether err says that a log group or a stream is not there.
func IsMissing(err error) bool { return call.IsCode(err, "ResourceNotFoundException") }
