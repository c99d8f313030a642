package main_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// An accountKey is where a script keeps its account.
type accountKey struct{}

// sandboxCommands let a script have an account of its own, and see and disturb what is asked of it.
var sandboxCommands = map[string]command{
	"sandbox": startSandbox,
	"calls":   listCalls,
	"fault":   fault,
	"clock":   advance,
}

// startSandbox gives the script an empty account, with a network: sandbox.
func startSandbox(ts *testscript.TestScript, _ bool, _ []string) {
	a := sandbox.New(sandbox.Options{})
	server := httptest.NewServer(a)
	ts.Defer(server.Close)
	ts.Setenv("ECSCTL_SANDBOX", server.URL)
	ts.Setenv("SUBNET", "subnet-0123456789abcdef0")
	ts.Setenv("SECURITY_GROUP", "sg-0123456789abcdef0")
	*ts.Value(accountKey{}).(**sandbox.Account) = a
}

func scriptAccount(ts *testscript.TestScript) *sandbox.Account {
	a := *ts.Value(accountKey{}).(**sandbox.Account)
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
		service, operation, _ := strings.Cut(c.Action, ":")
		if service == "registry" {
			continue // layers go in any order
		}
		if slices.ContainsFunc([]string{"BatchGet", "Describe", "Get", "List"}, func(read string) bool {
			return strings.HasPrefix(operation, read)
		}) {
			reads = append(reads, c.Action)
			continue
		}
		flush()
		fmt.Fprintln(ts.Stdout(), c.Action)
	}
	flush()
	a.ResetCalls()
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
