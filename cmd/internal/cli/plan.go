package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

// A deployFlags holds the flags of the commands that register a task definition.
type deployFlags struct {
	verifyFlags
	tags            string
	createLogGroups bool
	noManagedTags   bool
	reuseDepth      int
	timeout         time.Duration
}

func (o *deployFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	o.verifyFlags.add(f)
	f.StringVar(&o.tags, "tags", "", "tags `KEY=VALUE,...` of all that is made")
	f.BoolVar(&o.createLogGroups, "create-log-groups", false,
		"make the log groups that containers write to, if they are missing")
	f.IntVar(&o.reuseDepth, "reuse-depth", 0,
		"how many ACTIVE revisions are compared before one is registered (default 50)")
}

// addTasks adds the flags of the commands that also start or stop tasks.
func (o *deployFlags) addTasks(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.noManagedTags, "disable-ecs-managed-tags", false, "without the tags that ECS gives to tasks")
	f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long to wait; 0 waits on")
}

// A revisionJSON is the revision that a command registered or reused.
type revisionJSON struct {
	Family         string   `json:"family"`
	Revision       int      `json:"revision"`
	TaskDefinition string   `json:"taskDefinition"` // "shop:3"
	ARN            string   `json:"taskDefinitionArn"`
	Reused         bool     `json:"reused"`
	Fingerprint    string   `json:"fingerprint,omitempty"`
	Tasks          []string `json:"tasks,omitempty"` // ARNs of those that were started
}

// errChanges is returned by plan --exit-code if there is something to do.
var errChanges = errors.New("there are changes")

// printPlan prints what would be done.
func (a *app) printPlan(plan deploy.Plan) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"steps": plan, "writes": plan.Writes()})
	}
	return plan.WriteText(a.stdout)
}

// apply carries a plan out, or prints it if this is a dry run; then the execution is nil.
func (s *account) apply(ctx context.Context, plan deploy.Plan, timeout time.Duration) (*deploy.Execution, error) {
	return s.execute(ctx, plan, &deploy.Execution{Timeout: timeout}, s.app.newProgress())
}

// execute is apply with an execution that says how, and a progress that others may write to, too.
func (s *account) execute(
	ctx context.Context, plan deploy.Plan, x *deploy.Execution, progress *progress,
) (*deploy.Execution, error) {
	if s.app.dryRun {
		if err := s.app.printPlan(plan); err != nil {
			return nil, err
		}
		if s.app.planExitCode && plan.Writes() {
			return nil, errChanges
		}
		return nil, nil
	}
	x.Clients, x.Report = s.clients, progress.report
	err := plan.Apply(ctx, x)
	progress.end()
	if err != nil && ctx.Err() != nil {
		s.app.sayInterrupted(x)
	}
	return x, err
}

// sayInterrupted says what goes on after an interrupt.
func (a *app) sayInterrupted(x *deploy.Execution) {
	if x.Deploying() {
		fmt.Fprintln(a.stderr, "the deployment goes on: ecsctl compose service wait waits on for it, service rollback takes it back")
	}
	if x.Asked == 0 {
		return
	}
	n := fmt.Sprintf("%d tasks", x.Asked)
	if x.Asked == 1 {
		n = "1 task"
	}
	fmt.Fprintf(a.stderr,
		"ECS was asked for %s, and goes on: see ecsctl compose ps; the same command goes on from here\n", n)
}

// printRevision prints the revision that a command came to, and the tasks that it started.
func (a *app) printRevision(r *deploy.Revision, reused bool, x *deploy.Execution) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	if form == "json" {
		v := revisionJSON{
			Family: r.Family(), Revision: r.Number(), TaskDefinition: r.Name(), ARN: r.ARN, Reused: reused,
			Fingerprint: r.Fingerprint,
		}
		for _, t := range x.Started {
			v.Tasks = append(v.Tasks, *t.TaskArn)
		}
		return encodeJSON(a.stdout, v)
	}
	if a.quiet {
		_, err := fmt.Fprintln(a.stdout, r.Name())
		return err
	}
	how := "registered"
	if reused {
		how = "reused"
	}
	_, err = fmt.Fprintf(a.stdout, "TaskDefinition=%s %s\n", r.Name(), how)
	return err
}

// finish prints what a command came to that registers or reuses a revision: match if it had nothing to do, nil if it is
// not about one.
func (s *account) finish(match *deploy.Revision, x *deploy.Execution) error {
	if x == nil {
		return nil
	}
	r := cmp.Or(x.Revision, x.Uses, match)
	if r == nil { // tasks were stopped, or left as they are
		return nil
	}
	return s.app.printRevision(r, x.Revision == nil, x)
}

// warn writes warnings that no file is the cause of, also where files are to be quiet: what is done may be another thing
// than was meant.
func (a *app) warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(a.stderr, "warning: %s\n", w)
	}
}
