package sandbox_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

const authorization = "AWS4-HMAC-SHA256 Credential=AKID/20260105/us-east-1/ecs/aws4_request, " +
	"SignedHeaders=host, Signature=0"

// post sends a request of the AWS JSON protocol by hand.
func (a *account) post(target, body string) (int, string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.url, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Authorization", authorization)
	return a.do(r)
}

func (a *account) do(r *http.Request) (int, string) {
	a.t.Helper()
	resp, err := a.http.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// query sends a request of the AWS query protocol.
func (a *account) query(form string) (int, string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.url, strings.NewReader(form))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", authorization)
	return a.do(r)
}

// control calls a control endpoint, as another process would.
func (a *account) control(method, path string) (int, string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+"/_sandbox"+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.do(r)
}

// TestRequests: requests that are not of a known form are refused with a reason.
func TestRequests(t *testing.T) {
	a := open(t)
	for _, test := range []struct{ name, target, body, want string }{
		{"unknown member", "AmazonEC2ContainerServiceV20141113.RunTask", `{"taskDefinition": "a", "counts": 1}`,
			`"SerializationException","message":"unknown member counts`},
		{"unknown member below", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition",
			`{"containerDefinitions": [{"Name": "a"}]}`, "unknown member containerDefinitions[0].Name"},
		{"wrong type", "AmazonEC2ContainerServiceV20141113.RunTask", `{"count": "1"}`, `count: \"1\" is not a whole number`},
		{"not JSON", "AmazonEC2ContainerServiceV20141113.RunTask", `{`, "not JSON"},
		{"unknown action", "AmazonEC2ContainerServiceV20141113.Bogus", `{}`, "UnknownOperationException"},
		{"unknown service", "Bogus.RunTask", `{}`, "UnknownOperationException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body := a.post(test.target, test.body)
			if !strings.Contains(body, test.want) || status != http.StatusBadRequest {
				t.Errorf("got %d %s, want …%s…", status, body, test.want)
			}
		})
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url, strings.NewReader("{}"))
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListClusters")
	if status, body := a.do(r); status != http.StatusForbidden || !strings.Contains(body, "MissingAuthenticationToken") {
		t.Errorf("unsigned: got %d %s", status, body)
	}
}

func TestCallerIdentity(t *testing.T) {
	a := open(t)
	status, body := a.query("Action=GetCallerIdentity&Version=2011-06-15")
	if status != http.StatusOK || !strings.Contains(body, "<Arn>"+sandbox.Principal+"</Arn>") {
		t.Errorf("got %d %s", status, body)
	}
}

// TestFaults: each kind of fault is what its name says, for the nth call only, and the next call passes.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		kind    sandbox.Kind
		code    string // "" if the connection is dropped
		done    bool
		message string
	}{
		{sandbox.Throttle, "ThrottlingException", false, "Rate exceeded"},
		{sandbox.Broken, "ServerException", false, ""},
		{sandbox.Denied, "AccessDeniedException", false,
			"User: " + sandbox.Principal + " is not authorized to perform: ecs:CreateCluster"},
		{sandbox.Cut, "", false, ""},
		{sandbox.Lost, "", true, ""},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			a := open(t)
			if err := a.Fail(sandbox.Fault{Action: "ecs:CreateCluster", Nth: 2, Kind: test.kind}); err != nil {
				t.Fatal(err)
			}
			must(a.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: new("one")}))(t)
			_, err := a.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: new("two")})
			if test.code != "" {
				wantError(t, err, test.code, test.message)
			} else if err == nil {
				t.Error("no error")
			}
			out := must(a.ecs.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{"two"}}))(t)
			if got := len(out.Clusters) == 1; got != test.done {
				t.Errorf("got done %v, want %v", got, test.done)
			}
			must(a.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: new("three")}))(t)
			if calls := a.Calls(); len(calls) != 4 || calls[1].Action != "ecs:CreateCluster" ||
				string(calls[1].Request) != `{"clusterName":"two"}` || (calls[1].Status == 0) != (test.code == "") {
				t.Errorf("got calls %v", calls)
			}
		})
	}
	if err := sandbox.New(sandbox.Options{}).Fail(sandbox.Fault{Kind: "bogus"}); err == nil {
		t.Error("a fault of no kind was taken")
	}
}

// TestControl: who drives the sandbox from another process needs no signature.
func TestControl(t *testing.T) {
	a := open(t)
	for _, test := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "", 200, `"now": "2026-01-05T09:00:00Z"`},
		{"POST", "/clock?advance=90s", 200, `"now": "2026-01-05T09:01:30Z"`},
		{"POST", "/clock?advance=bogus", 400, "invalid duration"},
		{"POST", "/fault?action=ecs:ListClusters&kind=throttle&nth=1", 200, ""},
		{"POST", "/fault?action=ecs:ListClusters&kind=bogus", 400, "not a kind of fault"},
		{"GET", "/calls", 200, "[]"},
		{"GET", "/bogus", 404, ""},
	} {
		if status, body := a.control(test.method, test.path); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s: got %d %s, want %d %s", test.method, test.path, status, body, test.status, test.want)
		}
	}
	_, err := a.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{})
	wantError(t, err, "ThrottlingException", "")
	if _, body := a.control("GET", "/calls"); !strings.Contains(body, `"action": "ecs:ListClusters"`) {
		t.Errorf("got calls %s", body)
	}
	a.control("POST", "/fault?action=*&kind=denied")
	_, err = a.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{})
	wantError(t, err, "AccessDeniedException", "ecs:ListClusters")
	a.control("DELETE", "/fault")
	must(a.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{}))(t)
	a.post("AmazonEC2ContainerServiceV20141113.ListClusters", "{")
	a.post("AmazonEC2ContainerServiceV20141113.ListClusters", `{"nextToken": "<b>", "maxResults": 1}`)
	for i, want := range []string{`"{"`, `{"maxResults":1,"nextToken":"<b>"}`} {
		calls := a.Calls()
		if got := string(calls[len(calls)-2+i].Request); got != want {
			t.Errorf("got request %s, want %s", got, want)
		}
	}
	if _, body := a.control("GET", "/calls"); !strings.Contains(body, `"request": "{"`) {
		t.Errorf("got %s", body)
	}
	a.control("DELETE", "/calls")
	if calls := a.Calls(); len(calls) != 0 {
		t.Errorf("got calls %v after they were removed", calls)
	}
	a.register(bridge("web"))
	a.control("POST", "/reset")
	_, err = a.ecs.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: new("web")})
	wantError(t, err, "ClientException", "Unable to describe task definition.")
}

// TestFile: what was answered is in the file, which only its owner reads, and others who have it open see it.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "account.json")
	first := must(sandbox.Open(path, sandbox.Options{}))(t)
	second := must(sandbox.Open(path, sandbox.Options{}))(t)
	a, b := listen(t, first), listen(t, second)
	arn := a.register(bridge("web", "run-for", "10s", "exit", "3"))
	if got := b.register(bridge("web")); !strings.HasSuffix(got, "web:2") {
		t.Errorf("the second process registered %s", got)
	}
	tasks := b.run(&ecs.RunTaskInput{TaskDefinition: &arn})
	a.advance(time.Minute)
	third := listen(t, must(sandbox.Open(path, sandbox.Options{}))(t))
	for _, other := range []*account{a, b, third} {
		if got := other.describe(tasks[0].TaskArn); *got.LastStatus != "STOPPED" || *got.Containers[0].ExitCode != 3 {
			t.Errorf("got %s", *got.LastStatus)
		}
	}
	for name, want := range map[string]os.FileMode{path: 0o600, path + ".lock": 0o600, filepath.Dir(path): 0o700} {
		if info := must(os.Stat(name))(t); info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
	if err := a.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := b.register(bridge("web")); !strings.HasSuffix(got, "web:1") {
		t.Errorf("registered %s after a reset", got)
	}
}

// TestTwoAtOnce: of what two processes do at the same time nothing is lost and nothing happens twice.
func TestTwoAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "account.json")
	seen := make(chan string, 40)
	var group sync.WaitGroup
	for range 2 {
		a := listen(t, must(sandbox.Open(path, sandbox.Options{}))(t))
		for range 2 {
			group.Go(func() {
				for range 10 {
					seen <- a.register(bridge("web"))
				}
			})
		}
	}
	group.Wait()
	close(seen)
	arns := map[string]bool{}
	for arn := range seen {
		arns[arn] = true
	}
	if len(arns) != 40 || !arns["arn:aws:ecs:us-east-1:111122223333:task-definition/web:40"] {
		t.Errorf("got %d revisions", len(arns))
	}
	entries := must(os.ReadDir(filepath.Dir(path)))(t)
	if len(entries) != 2 {
		t.Errorf("got %v, want the state and its lock", entries)
	}
}

// TestFileProblems: a state that cannot be read is an error that names the file, never a new account.
func TestFileProblems(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"broken": "{", "future": `{"version": 99}`} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.Open(path, sandbox.Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Open(filepath.Join(dir, "file", "state"), sandbox.Options{}); err == nil {
		t.Error("a directory that cannot be made: no error")
	}
}
