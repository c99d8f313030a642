package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// An account is a sandbox that listens, and a client of it.
type account struct {
	*sandbox.Account
	ecs  *ecs.Client
	http *http.Client
	url  string
	t    *testing.T
}

// listen serves the account until the test ends; what goes over the wire is held to AWS's model.
func listen(t *testing.T, a *sandbox.Account) *account {
	t.Helper()
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	client := &http.Client{Transport: modelChecker{t, srv.Client().Transport}}
	return &account{
		Account: a, http: client, url: srv.URL, t: t,
		ecs: ecs.New(ecs.Options{
			BaseEndpoint: new(srv.URL), HTTPClient: client, Region: "us-east-1", Credentials: credentials{},
			Retryer: aws.NopRetryer{},
		}),
	}
}

func open(t *testing.T) *account { return listen(t, sandbox.New(sandbox.Options{})) }

type credentials struct{}

func (credentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDSANDBOX", SecretAccessKey: "secret"}, nil
}

// must returns what a call answers that is to succeed.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantError holds an error to a code and a part of its message.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want %s", err, code)
	}
	if e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		t.Errorf("got %s: %s, want %s: …%s…", e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}

func (a *account) advance(d time.Duration) {
	a.t.Helper()
	if err := a.Advance(d); err != nil {
		a.t.Fatal(err)
	}
}

// register registers a task definition given as JSON and returns its ARN.
func (a *account) register(input string) string {
	a.t.Helper()
	status, body := a.post("AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", input)
	var out struct {
		TaskDefinition struct{ TaskDefinitionArn string }
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != http.StatusOK {
		a.t.Fatalf("register: %d %s", status, body)
	}
	return out.TaskDefinition.TaskDefinitionArn
}

// bridge returns a task definition of one container with the labels, name and value in turn.
func bridge(family string, labels ...string) string {
	m := map[string]string{}
	for i := 0; i+1 < len(labels); i += 2 {
		m["ecsctl.sandbox."+labels[i]] = labels[i+1]
	}
	data, _ := json.Marshal(m)
	return `{"family": "` + family + `", "containerDefinitions": [{"name": "web", "image": "nginx:1", "memory": 128,
		"portMappings": [{"containerPort": 80}], "dockerLabels": ` + string(data) + `}]}`
}

// run runs tasks that are to be placed.
func (a *account) run(in *ecs.RunTaskInput) []types.Task {
	a.t.Helper()
	out := must(a.ecs.RunTask(a.t.Context(), in))(a.t)
	if len(out.Failures) > 0 {
		a.t.Fatalf("RunTask: failures: %s: %s", value(out.Failures[0].Arn), *out.Failures[0].Reason)
	}
	return out.Tasks
}

func (a *account) describe(arn *string) types.Task {
	a.t.Helper()
	out := must(a.ecs.DescribeTasks(a.t.Context(), &ecs.DescribeTasksInput{
		Tasks: []string{*arn}, Include: []types.TaskField{types.TaskFieldTags},
	}))(a.t)
	if len(out.Tasks) != 1 {
		a.t.Fatalf("DescribeTasks: %d tasks of %s", len(out.Tasks), *arn)
	}
	return out.Tasks[0]
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
