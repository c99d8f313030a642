package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// An accountKey is where a script keeps its account.
type accountKey struct{}

// sandboxCommands let a script have an account of its own, and see and disturb what is asked of it.
var sandboxCommands = map[string]command{
	"sandbox":      startSandbox,
	"calls":        listCalls,
	"fault":        fault,
	"clock":        advance,
	"target-group": addTargetGroup,
	"interrupt":    interrupt,
	"requests":     listRequests,
}

// A served is an account that is served over HTTP, and what is done when a request comes.
type served struct {
	*sandbox.Account
	mu     sync.Mutex
	before func(action string) (last bool) // nil for nothing
}

// ServeHTTP serves the account. The last request has no answer: whoever made it has to give it up.
func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if _, action, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok && before != nil && before(action) {
		_, _ = io.Copy(io.Discard, r.Body) // the server looks for the end of the connection only behind it
		<-r.Context().Done()
		return
	}
	s.Account.ServeHTTP(w, r)
}

// startSandbox gives the script an empty account, with a network: sandbox.
func startSandbox(ts *testscript.TestScript, _ bool, _ []string) {
	a := &served{Account: sandbox.New(sandbox.Options{})}
	server := httptest.NewServer(a)
	ts.Defer(server.Close)
	ts.Setenv("ECSCTL_SANDBOX", server.URL)
	ts.Setenv("SUBNET", "subnet-0123456789abcdef0")
	ts.Setenv("SECURITY_GROUP", "sg-0123456789abcdef0")
	*ts.Value(accountKey{}).(**served) = a
}

func scriptAccount(ts *testscript.TestScript) *served {
	a := *ts.Value(accountKey{}).(**served)
	if a == nil {
		ts.Fatalf("the script has no sandbox: begin with the command sandbox")
	}
	return a
}

// listCalls writes the calls since it was last called to stdout: calls. Those that read stand side by side, so that
// neighbours among them are sorted, and counted if there are several. Those to the registry are left out.
func listCalls(ts *testscript.TestScript, _ bool, _ []string) {
	a := scriptAccount(ts)
	var reads []string
	flush := func() {
		slices.Sort(reads)
		for _, r := range slices.Compact(slices.Clone(reads)) {
			n := 0
			for _, other := range reads {
				if other == r {
					n++
				}
			}
			if n > 1 {
				r += " x" + strconv.Itoa(n)
			}
			fmt.Fprintln(ts.Stdout(), r)
		}
		reads = nil
	}
	for _, c := range a.Calls() {
		if strings.HasPrefix(c.Action, "registry:") {
			continue // layers go in any order
		}
		if isRead(c.Action) {
			reads = append(reads, c.Action)
			continue
		}
		flush()
		fmt.Fprintln(ts.Stdout(), c.Action)
	}
	flush()
	a.ResetCalls()
}

// isRead reports whether a call changes nothing.
func isRead(action string) bool {
	_, operation, _ := strings.Cut(action, ":")
	return slices.ContainsFunc([]string{"BatchGet", "Describe", "List", "Get", "Filter"}, func(verb string) bool {
		return strings.HasPrefix(operation, verb)
	})
}

// fault makes a call fail: fault ecs:RunTask throttle 1. Without a number all of them fail.
func fault(ts *testscript.TestScript, _ bool, args []string) {
	f := sandbox.Fault{Action: args[0], Kind: sandbox.Kind(args[1])}
	if len(args) > 2 {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		f.Nth = n
	}
	ts.Check(scriptAccount(ts).Fail(f))
}

// advance lets the time of the account pass: clock 1h.
func advance(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	ts.Check(scriptAccount(ts).Advance(d))
}

// addTargetGroup makes a target group and sets TARGET_GROUP to its ARN: target-group web.
func addTargetGroup(ts *testscript.TestScript, _ bool, args []string) {
	arn, err := scriptAccount(ts).AddTargetGroup("eu-west-1", args[0])
	ts.Check(err)
	ts.Setenv("TARGET_GROUP", arn)
}

// interrupt runs a command, interrupts it when it makes a call for the nth time, and fails unless it ends with a
// status. What it writes then is answered, what it reads is not: interrupt DescribeTasks 3 130 ecsctl compose run web.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	nth, err := strconv.Atoi(args[1])
	ts.Check(err)
	a := scriptAccount(ts)
	cmd := exec.Command(binary, args[4:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"HOME=" + ts.Getenv("HOME"), "ECSCTL_SANDBOX=" + ts.Getenv("ECSCTL_SANDBOX")}
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	a.mu.Lock()
	a.before = func(action string) bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		if action != args[0] {
			return false
		}
		if nth--; nth != 0 {
			return false
		}
		_ = cmd.Process.Signal(os.Interrupt) // it is our child, and waited for
		return isRead(":" + action)
	}
	err = cmd.Start()
	a.mu.Unlock()
	ts.Check(err)
	err = cmd.Wait()
	a.mu.Lock()
	a.before = nil
	a.mu.Unlock()
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[2] {
		ts.Fatalf("exit status %s (%v), want %s", got, err, args[2])
	}
}

// listRequests writes members of the requests of one action since calls was last used, a request a line:
// requests ecs:RunTask overrides.
func listRequests(ts *testscript.TestScript, _ bool, args []string) {
	a := scriptAccount(ts)
	for _, c := range a.Calls() {
		if c.Action != args[0] {
			continue
		}
		var in map[string]json.RawMessage
		ts.Check(json.Unmarshal(c.Request, &in))
		var members []string
		for _, name := range args[1:] {
			members = append(members, string(in[name]))
		}
		fmt.Fprintln(ts.Stdout(), strings.Join(members, " "))
	}
	a.ResetCalls()
}
