package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (a *account) logs() *cloudwatchlogs.Client {
	return cloudwatchlogs.New(cloudwatchlogs.Options{
		BaseEndpoint: new(a.url), HTTPClient: a.http, Region: "us-east-1", Credentials: credentials{},
		Retryer: aws.NopRetryer{},
	})
}

func logging(options string) string {
	return `{"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx", "memory": 64,
		"dockerLabels": {"ecsctl.sandbox.log": "one\ntwo\nthree", "ecsctl.sandbox.exit": "1"},
		"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/shop", "awslogs-region": "us-east-1",
		"awslogs-stream-prefix": "ecs"` + options + `}}}]}`
}

// TestLogGroups: groups are made once, have a retention of a known length and tags, and are listed in order.
func TestLogGroups(t *testing.T) {
	a := open(t)
	logs, ctx := a.logs(), t.Context()
	for _, name := range []string{"/shop/web", "/shop/api", "/other"} {
		must(logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
			LogGroupName: &name, Tags: map[string]string{"a": "1"},
		}))(t)
	}
	_, err := logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("/other")})
	wantError(t, err, "ResourceAlreadyExistsException", "The specified log group already exists")
	must(logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
		LogGroupName: new("/shop/api"), RetentionInDays: new(int32(30)),
	}))(t)
	_, err = logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
		LogGroupName: new("/shop/api"), RetentionInDays: new(int32(31)),
	})
	wantError(t, err, "InvalidParameterException", "retentionInDays")
	out := must(logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: new("/shop/"), Limit: new(int32(1)),
	}))(t)
	if g := out.LogGroups; len(g) != 1 || *g[0].LogGroupName != "/shop/api" || *g[0].RetentionInDays != 30 {
		t.Errorf("got %+v", g)
	}
	out = must(logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePrefix: new("/shop/"), Limit: new(int32(1)), NextToken: out.NextToken,
	}))(t)
	if g := out.LogGroups; len(g) != 1 || *g[0].LogGroupName != "/shop/web" || out.NextToken != nil {
		t.Errorf("got %+v", g)
	}
	must(logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{
		ResourceArn: out.LogGroups[0].LogGroupArn, Tags: map[string]string{"b": "2"},
	}))(t)
	tags := must(logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{
		ResourceArn: out.LogGroups[0].LogGroupArn,
	}))(t).Tags
	if len(tags) != 2 || tags["a"] != "1" || tags["b"] != "2" {
		t.Errorf("got tags %v", tags)
	}
	_, err = logs.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: new("/none")})
	wantError(t, err, "ResourceNotFoundException", "The specified log group does not exist.")
}

// TestLogEvents: what a container writes is in its stream when it wrote it, and stays when the task is forgotten.
func TestLogEvents(t *testing.T) {
	a := open(t)
	logs, ctx := a.logs(), t.Context()
	a.register(logging(`, "awslogs-create-group": "true"`))
	task := a.run(&ecs.RunTaskInput{TaskDefinition: new("web")})[0]
	id := (*task.TaskArn)[strings.LastIndex(*task.TaskArn, "/")+1:]
	stream := "ecs/web/" + id
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/shop"), Limit: new(int32(2))}
	if out := must(logs.FilterLogEvents(ctx, in))(t); len(out.Events) != 0 {
		t.Errorf("%d events before the start", len(out.Events))
	}
	for _, after := range []time.Duration{10 * time.Second, 3 * time.Hour} {
		a.advance(after)
		in.NextToken = nil
		var lines []string
		for {
			out := must(logs.FilterLogEvents(ctx, in))(t)
			for _, e := range out.Events {
				lines = append(lines, *e.Message)
				if *e.LogStreamName != stream {
					t.Errorf("got stream %s, want %s", *e.LogStreamName, stream)
				}
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if got := strings.Join(lines, " "); got != "one two three" {
			t.Errorf("got %s", got)
		}
		streams := must(logs.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: new("/shop")}))(t)
		if len(streams.LogStreams) != 1 || *streams.LogStreams[0].LogStreamName != stream {
			t.Errorf("got %+v", streams.LogStreams)
		}
	}
	get := &cloudwatchlogs.GetLogEventsInput{LogGroupName: new("/shop"), LogStreamName: &stream, Limit: new(int32(2))}
	last := must(logs.GetLogEvents(ctx, get))(t)
	get.NextToken = last.NextBackwardToken
	first := must(logs.GetLogEvents(ctx, get))(t)
	get.NextToken = last.NextForwardToken
	none := must(logs.GetLogEvents(ctx, get))(t)
	if *last.Events[0].Message != "two" || len(first.Events) != 1 || len(none.Events) != 0 ||
		*none.NextForwardToken != *get.NextToken {
		t.Errorf("got %d, %d and %d events", len(last.Events), len(first.Events), len(none.Events))
	}
	in = &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/shop"), FilterPattern: new("tw")}
	if out := must(logs.FilterLogEvents(ctx, in))(t); len(out.Events) != 1 {
		t.Errorf("%d events have the word", len(out.Events))
	}
}

// TestNoLogGroup: a task does not start whose log group is missing.
func TestNoLogGroup(t *testing.T) {
	a := open(t)
	a.register(logging(""))
	task := a.run(&ecs.RunTaskInput{TaskDefinition: new("web")})[0]
	a.advance(time.Minute)
	want := "STOPPED TaskFailedToStart ResourceInitializationError: failed to validate logger args"
	if got := summary(a.describe(task.TaskArn)); !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
	must(a.logs().CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("/shop")}))(t)
	task = a.run(&ecs.RunTaskInput{TaskDefinition: new("web")})[0]
	a.advance(3 * time.Second)
	if got := *a.describe(task.TaskArn).LastStatus; got != "RUNNING" {
		t.Errorf("got %s", got)
	}
}

// TestJobs: a command of its own does what it says, if it is one that the sandbox knows.
func TestJobs(t *testing.T) {
	for _, test := range []struct{ command, want, line string }{
		{"true", "web STOPPED 0", ""},
		{"exit 256", "web STOPPED 256", ""},
		{"sleep 50", "web RUNNING", ""},
		{"sleep 40", "web STOPPED 0", ""},
		{"echo all is well", "web STOPPED 0", "all is well"},
		{"printenv B A", "web STOPPED 1", "of the task"},
	} {
		t.Run(test.command, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			a.register(`{"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx", "memory": 64,
				"environment": [{"name": "A", "value": "of the definition"}],
				"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/shop", "awslogs-region": "us-east-1",
				"awslogs-create-group": "true"}}}]}`)
			task := a.run(&ecs.RunTaskInput{TaskDefinition: new("web"), Overrides: &ecstypes.TaskOverride{
				ContainerOverrides: []ecstypes.ContainerOverride{{
					Name: new("web"), Command: strings.Fields(test.command),
					Environment: []ecstypes.KeyValuePair{{Name: new("A"), Value: new("of the task")}},
				}},
			}})[0]
			a.advance(50 * time.Second)
			task = a.describe(task.TaskArn)
			if got := summary(task); !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			events := must(a.logs().FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
				LogGroupName: new("/shop"), LogStreamNames: []string{*task.Containers[0].RuntimeId},
			}))(t).Events
			line := ""
			for _, e := range events {
				line += *e.Message
			}
			if line != test.line {
				t.Errorf("it wrote %q, want %q", line, test.line)
			}
		})
	}
}

// TestLateEvents: a tenth of the lines can be read later than the rest, under ids that stay; a stream is there when its
// container runs, and not before.
func TestLateEvents(t *testing.T) {
	a := open(t)
	a.register(strings.Replace(logging(`, "awslogs-create-group": "true"`), `"dockerLabels": {`, `"dockerLabels": {
		"ecsctl.sandbox.log-lines": "97", "ecsctl.sandbox.log-every": "5ms", "ecsctl.sandbox.log-late": "4s", `, 1))
	task := a.run(&ecs.RunTaskInput{TaskDefinition: new("web")})[0]
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:   new("/shop"),
		LogStreamNames: []string{"ecs/web/" + (*task.TaskArn)[strings.LastIndex(*task.TaskArn, "/")+1:]},
	}
	_, err := a.logs().FilterLogEvents(t.Context(), in)
	wantError(t, err, "ResourceNotFoundException", "The specified log stream does not exist.")
	a.advance(4 * time.Second)
	first := must(a.logs().FilterLogEvents(t.Context(), in))(t).Events
	a.advance(4 * time.Second)
	second := must(a.logs().FilterLogEvents(t.Context(), in))(t).Events
	if len(first) != 90 || len(second) != 100 {
		t.Fatalf("got %d and then %d events, want 90 and 100", len(first), len(second))
	}
	ids := map[string]bool{}
	for _, e := range second {
		ids[*e.EventId] = true
	}
	for _, e := range first {
		if !ids[*e.EventId] {
			t.Errorf("%s has another id now", *e.Message)
		}
	}
}
