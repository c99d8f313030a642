package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// A Plan is what has to be done, in this order. It is made without calls and knows all that it needs: applying it makes
// its calls and no others, but for looking whether what it started has come about.
type Plan []Step

// A Step is one call of a plan, one wait, or a statement that nothing has to be done for something.
type Step struct {
	Action  string   // "ecs:RegisterTaskDefinition"; "keep" if nothing has to be done; "wait"
	On      string   // "task-definition/shop"
	Why     string   // "first revision"
	Changes []Change // what differs, where that is why

	request smithy.Serializable // nil if there is none
	do      func(context.Context, *Execution) error
}

// Writes reports whether the plan changes anything.
func (p Plan) Writes() bool {
	return slices.ContainsFunc(p, func(s Step) bool { return s.do != nil && s.Action != "wait" })
}

// An Execution is what is known while a plan is applied.
type Execution struct {
	*Clients
	Report   func(Event)   // is told what goes on
	Timeout  time.Duration // of each wait; 0 for none
	Revision *Revision     // what was registered, nil if nothing was
	Uses     *Revision     // what tasks were started of, nil if none were
	Asked    int           // how many tasks ECS was asked for
	Started  []types.Task  // those that it started, as they were last seen
	Run      *RunResult    // what became of what was run to its end, nil if nothing was
	NoFail   bool          // wait on also if a deployment cannot succeed
	TaskLogs TaskLogs      // nil if nobody can say what containers wrote

	rollout *rollout // of the service that was changed
}

// An Event tells what goes on. One of its members is set.
type Event struct {
	Step    *Step            // has begun, or needs nothing
	Tasks   *TaskProgress    // how far the tasks are that are awaited
	Rollout *RolloutProgress // how far the deployment is that is awaited
	Note    string           // something else worth a line
}

// Apply makes the calls in order and stops at the first that fails. What was done until then is in the execution.
func (p Plan) Apply(ctx context.Context, x *Execution) error {
	for i := range p {
		s := &p[i]
		x.Report(Event{Step: s})
		if s.do == nil {
			continue
		}
		if err := s.do(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// WriteText writes the plan, a step a line and what changes below it.
func (p Plan) WriteText(w io.Writer) error {
	action, on := 0, 0
	for _, s := range p {
		action, on = max(action, len(s.Action)), max(on, len(s.On))
	}
	var b strings.Builder
	for _, s := range p {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", action, s.Action, on, s.On, s.Why)
		for _, c := range s.Changes {
			fmt.Fprintf(&b, "    %s\n", c)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// MarshalJSON writes the step with its request, in which values that look like secrets are masked.
func (s Step) MarshalJSON() ([]byte, error) {
	v := struct {
		Action  string          `json:"action"`
		On      string          `json:"on"`
		Why     string          `json:"why"`
		Changes []Change        `json:"changes,omitempty"`
		Request json.RawMessage `json:"request,omitempty"`
	}{s.Action, s.On, s.Why, s.Changes, nil}
	if s.request != nil {
		v.Request = awsjson.Encode(mask("", awsjson.Value(s.request)))
	}
	return json.Marshal(v)
}
