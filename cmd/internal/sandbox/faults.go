package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Call is a request that was made, in the order in which they were made.
type Call struct {
	Action  string          `json:"action"`  // as IAM spells it, "ecs:RunTask"
	Request json.RawMessage `json:"request"` // its parameters, members in order
	Status  int             `json:"status"`  // of the answer; 0 if the connection was dropped
}

// Calls returns the requests that this process has served since it began or since ResetCalls.
func (a *Account) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// ResetCalls forgets the calls.
func (a *Account) ResetCalls() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = nil
}

// A Kind says what goes wrong.
type Kind string

// The kinds of faults.
const (
	Throttle Kind = "throttle" // ThrottlingException; nothing is done
	Broken   Kind = "5xx"      // ServerException; nothing is done
	Cut      Kind = "reset"    // the connection is reset; nothing is done
	Lost     Kind = "lost"     // it is done, and then the connection is reset
	Denied   Kind = "denied"   // AccessDeniedException; nothing is done
)

// The kinds of faults that only the registry has, whose actions are called registry:PutManifest and so on: see
// registryActions.
const (
	Corrupt Kind = "corrupt" // a bit of what is uploaded arrives wrong
	Expired Kind = "expired" // the token is taken for one that has expired
	Gone    Kind = "gone"    // the upload is forgotten: BLOB_UPLOAD_UNKNOWN
	Half    Kind = "half"    // half of the body is taken, and then the connection is reset
)

var (
	kinds         = []Kind{Broken, Denied, Lost, Cut, Throttle}
	registryKinds = []Kind{Corrupt, Expired, Gone, Half}
)

// A Fault is something that goes wrong with a request.
type Fault struct {
	Action string // as IAM spells it, "ecs:RunTask"; "*" is any
	Nth    int    // which request to Action from now on, 1 is the next; 0 is all of them
	Kind   Kind
}

// An armed fault counts the requests it has seen.
type armed struct {
	Fault
	seen int
}

// Fail makes requests fail from now on, in this process. Of several faults of one request the first one added counts.
func (a *Account) Fail(f Fault) error {
	possible := kinds
	if strings.HasPrefix(f.Action, "registry:") {
		possible = append(slices.Clone(kinds), registryKinds...)
	}
	if !slices.Contains(possible, f.Kind) {
		return fmt.Errorf("%q is not a kind of fault of %s: there are %v", f.Kind, f.Action, possible)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, &armed{Fault: f})
	return nil
}

// ClearFaults makes no more requests fail.
func (a *Account) ClearFaults() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = nil
}

// fault returns what goes wrong with a request to the action, or "".
func (a *Account) fault(action string) Kind {
	var kind Kind
	for _, f := range a.faults {
		if f.Action != "*" && f.Action != action {
			continue
		}
		f.seen++
		if kind == "" && (f.Nth == 0 || f.Nth == f.seen) {
			kind = f.Kind
		}
	}
	return kind
}

// faultErrors are the answers to requests that go wrong with an answer.
var faultErrors = map[Kind]func(action string) *apiError{
	Throttle: func(string) *apiError { return &apiError{400, "ThrottlingException", "Rate exceeded"} },
	Broken: func(string) *apiError {
		return &apiError{500, "ServerException", "Service Unavailable. Please try again later."}
	},
	Denied: func(action string) *apiError {
		return &apiError{400, "AccessDeniedException", "User: " + Principal + " is not authorized to perform: " + action +
			" on resource: * because no identity-based policy allows the " + action + " action"}
	},
}
