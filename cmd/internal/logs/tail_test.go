package logs

import (
	"context"
	"fmt"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// A world is an account with its clients. Its clock is that of the account.
type world struct {
	*sandbox.Account
	ecs   *ecs.Client
	logs  *cloudwatchlogs.Client
	limit int32 // events of a page; 0 for as many as there are
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Account: sandbox.New(sandbox.Options{})}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
	})
	w.ecs = ecs.New(ecs.Options{BaseEndpoint: &server.URL, Region: "eu-west-1", Credentials: credentials})
	w.logs = cloudwatchlogs.New(cloudwatchlogs.Options{
		BaseEndpoint: &server.URL, Region: "eu-west-1", Credentials: credentials, Retryer: aws.NopRetryer{},
	})
	return w
}

// Sleep lets time pass in the account.
func (w *world) Sleep(_ context.Context, d time.Duration) error { return w.Advance(d) }

// FilterLogEvents asks the account for pages of the size that the test wants.
func (w *world) FilterLogEvents(
	ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	limited := *in
	if w.limit > 0 {
		limited.Limit = &w.limit
	}
	return w.logs.FilterLogEvents(ctx, &limited)
}

// tail returns a Tail of the account that passes events on to do.
func (w *world) tail(do func(*Event)) *Tail {
	return New(func(string) API { return w }, w, func(e *Event) error { do(e); return nil }, Options{})
}

// run runs a task of two containers that write to two groups.
func (w *world) run(t *testing.T, labels map[string]string) (*types.TaskDefinition, types.Task) {
	t.Helper()
	in := &ecs.RegisterTaskDefinitionInput{Family: new("job")}
	for _, name := range []string{"job", "side"} {
		in.ContainerDefinitions = append(in.ContainerDefinitions, types.ContainerDefinition{
			Name: &name, Image: new("job"), Memory: new(int32(64)), Essential: new(name == "job"), DockerLabels: labels,
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "/shop/" + name, "awslogs-region": "eu-west-1", "awslogs-create-group": "true",
				"awslogs-stream-prefix": "ecs",
			}},
		})
	}
	registered, err := w.ecs.RegisterTaskDefinition(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: new("job")})
	if err != nil {
		t.Fatal(err)
	}
	return registered.TaskDefinition, out.Tasks[0]
}

// TestTail: every line is passed on exactly once, over pages, throttling, errors and late events, and in order of time
// but for the late ones.
func TestTail(t *testing.T) {
	const lines = 6000
	for _, limit := range []int32{0, 997, 100} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.limit = limit
			td, task := w.run(t, map[string]string{
				"ecsctl.sandbox.log-lines": strconv.Itoa(lines), "ecsctl.sandbox.log-every": "2ms",
				"ecsctl.sandbox.log-late": "4s", "ecsctl.sandbox.run-for": "13s",
			})
			for n := 3; n < 200; n += 7 {
				kind := []sandbox.Kind{sandbox.Throttle, sandbox.Broken, sandbox.Cut}[n%3]
				if err := w.Fail(sandbox.Fault{Action: "logs:FilterLogEvents", Kind: kind, Nth: n}); err != nil {
					t.Fatal(err)
				}
			}
			got := map[string]int{}
			tail := w.tail(func(e *Event) { got[e.Message]++ })
			tail.Add(Streams(td, &task)...)
			for range 10 {
				if _, err := tail.Look(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := w.Advance(2 * time.Second); err != nil {
					t.Fatal(err)
				}
			}
			if err := tail.Drain(t.Context(), w.Now()); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"job", "side"} {
				for n := range lines {
					if line := fmt.Sprintf("%s line %d", name, n+1); got[line] != 1 {
						t.Fatalf("%q was passed on %d times", line, got[line])
					}
				}
			}
			if len(got) != 2*lines {
				t.Errorf("%d lines, want %d", len(got), 2*lines)
			}
		})
	}
}

// TestOrder: what is there in one look is in order of time, across groups.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	w.limit = 7
	td, task := w.run(t, map[string]string{"ecsctl.sandbox.log-lines": "100", "ecsctl.sandbox.log-every": "3ms"})
	if err := w.Advance(time.Minute); err != nil {
		t.Fatal(err)
	}
	var times []time.Time
	tail := w.tail(func(e *Event) { times = append(times, e.Time) })
	tail.Add(Streams(td, &task)...)
	tail.Add(Streams(td, &task)...) // a second time, as each look does
	for all := false; !all; {
		var err error
		if all, err = tail.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if sorted := slices.IsSortedFunc(times, time.Time.Compare); len(times) != 200 || !sorted {
		t.Errorf("%d events, sorted: %v", len(times), sorted)
	}
}

// TestMissing: a stream that is not there yet is awaited, and others are read meanwhile.
func TestMissing(t *testing.T) {
	w := newWorld(t)
	td, task := w.run(t, map[string]string{"ecsctl.sandbox.log": "hello"})
	var lines []string
	tail := w.tail(func(e *Event) { lines = append(lines, e.Message) })
	streams := Streams(td, &task)
	never := streams[0]
	never.Name = "ecs/job/never"
	tail.Add(append(streams, never)...)
	for range 3 {
		if _, err := tail.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Advance(2 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if err := tail.Drain(t.Context(), w.Now()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(lines, " "); got != "hello hello" {
		t.Errorf("got %s", got)
	}
	if got := strings.Join(tail.Missing(), " "); got != "/shop/job:ecs/job/never" {
		t.Errorf("missing: %s", got)
	}
}

// A flood is a stream of events without end, a thousand a second, in pages of a thousand.
type flood struct{ until int }

func (f *flood) FilterLogEvents(
	_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	from := 0
	if in.StartTime != nil {
		from = int(*in.StartTime)
	}
	if in.NextToken != nil {
		from, _ = strconv.Atoi(*in.NextToken)
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	for n := from; n < min(from+1000, f.until); n++ {
		out.Events = append(out.Events, logstypes.FilteredLogEvent{
			EventId: new(fmt.Sprintf("%056d", n)), LogStreamName: new("stream"), Message: new(strings.Repeat("x", 100)),
			Timestamp: new(int64(n)),
		})
	}
	if from+1000 < f.until {
		out.NextToken = new(strconv.Itoa(from + 1000))
	}
	return out, nil
}

// TestMemory: a million events take no more memory than a tenth of them.
func TestMemory(t *testing.T) {
	w, f, passed := newWorld(t), &flood{}, 0
	tail := New(func(string) API { return f }, w, func(*Event) error { passed++; return nil }, Options{})
	tail.Add(Stream{Group: "group", Name: "stream"})
	heap := func(until int) uint64 {
		for f.until < until {
			f.until += 20_000
			for all := false; !all; {
				var err error
				if all, err = tail.Look(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	tenth, whole := heap(100_000), heap(1_000_000)
	if passed != 1_000_000 {
		t.Errorf("%d events were passed on, want a million", passed)
	}
	if whole > tenth+tenth/4 {
		t.Errorf("%d bytes after a tenth, %d after all", tenth, whole)
	}
	if n := len(tail.sources[0].seen.order); n > maxIDs {
		t.Errorf("%d ids are remembered", n)
	}
}
