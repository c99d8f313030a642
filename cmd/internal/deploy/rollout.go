package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A rollout follows one deployment of a service: the one that this program began, or the one that it was asked to wait
// for. Only its end counts: that some deployment is steady says nothing of ours.
type rollout struct {
	cluster, service string
	id               string    // of the deployment: "ecs-svc/1234"
	revision         string    // "shop:3"
	created          time.Time // of the deployment
	record           string    // ARN of the service deployment, "" if ECS gives none, or none may be read
	denied           bool      // service deployments may not be read
	stopped          bool      // it was seen to have stopped
	seenEvents       map[string]bool
	seenTasks        map[string]bool
	seenHooks        map[string]bool
	paused           bool     // by a hook, when it was last looked at
	failures         []string // why tasks stopped, in the order in which it was seen
}

// follow takes the PRIMARY deployment of a service, as an answer has it, for the one that counts.
func (x *Execution) follow(s *types.Service) {
	f := &rollout{
		cluster: deref(s.ClusterArn), service: deref(s.ServiceName), seenEvents: map[string]bool{}, seenTasks: map[string]bool{},
	}
	if d := primary(s); d != nil {
		f.id, f.revision, f.created = deref(d.Id), revisionName(deref(d.TaskDefinition)), deref(d.CreatedAt)
	}
	for _, e := range s.Events {
		f.seenEvents[deref(e.Id)] = true
	}
	f.note(s)
	x.rollout = f
}

// Deploying reports whether a deployment of a service was begun.
func (x *Execution) Deploying() bool { return x.rollout != nil }

// note remembers the service deployment of ours, while it is the current one.
func (f *rollout) note(s *types.Service) {
	d := primary(s)
	if d == nil || deref(d.Id) != f.id || d.RolloutState != types.DeploymentRolloutStateInProgress {
		return
	}
	if arn := deref(s.CurrentServiceDeployment); f.record == "" && arn != "" {
		f.record = arn
	}
}

// An Outcome says how a deployment ended.
type Outcome int

// The outcomes.
const (
	Going Outcome = iota
	Succeeded
	Failed     // or rolled back
	Superseded // by a later deployment of somebody else
)

// judge says how the deployment stands, from the service and, if there is one, the service deployment as ECS describes
// them. See "Service deployments" in the developer guide for the statuses.
func (f *rollout) judge(s *types.Service, r *types.ServiceDeployment) (Outcome, string) {
	p := primary(s)
	if r != nil {
		switch r.Status {
		case types.ServiceDeploymentStatusSuccessful:
			return Succeeded, ""
		case types.ServiceDeploymentStatusStopped, types.ServiceDeploymentStatusStopRequested:
			switch {
			case f.later(p):
				return Superseded, f.by(p)
			case f.stale(p): // the service was seen before it stopped: the next look tells why
				return Going, ""
			}
			return Failed, "it was stopped" + because(r.StatusReason)
		case types.ServiceDeploymentStatusRollbackSuccessful:
			return Failed, "it was rolled back to " + servedBy(s) + because(r.StatusReason)
		case types.ServiceDeploymentStatusRollbackFailed:
			if f.later(p) {
				return Superseded, f.by(p)
			}
			return Failed, "its rollback failed" + because(r.StatusReason)
		case types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
			return Going, ""
		}
	}
	d := f.deployment(s)
	switch {
	case p != nil && deref(p.Id) != f.id && f.later(p):
		return Superseded, f.by(p)
	case p == nil || d == nil || deref(p.Id) != f.id:
		if r != nil {
			return Going, ""
		}
		return Failed, "it was rolled back to " + servedBy(s)
	case d.RolloutState == types.DeploymentRolloutStateFailed:
		return Failed, strings.TrimSuffix(cmp.Or(deref(d.RolloutStateReason), "ECS gives no reason"), ".")
	case d.RolloutState == types.DeploymentRolloutStateInProgress, goesOn(r):
		return Going, ""
	case d.RunningCount == d.DesiredCount && d.PendingCount == 0:
		return Succeeded, ""
	}
	return Going, ""
}

// goesOn reports whether a service deployment is under way: that all its tasks run is not its end.
func goesOn(r *types.ServiceDeployment) bool {
	return r != nil && (r.Status == types.ServiceDeploymentStatusPending || r.Status == types.ServiceDeploymentStatusInProgress)
}

func because(reason *string) string {
	if deref(reason) == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(*reason, ".")
}

// later reports whether a deployment was begun after ours.
func (f *rollout) later(p *types.Deployment) bool {
	return p != nil && deref(p.Id) != f.id && deref(p.CreatedAt).After(f.created)
}

// stale reports, once, whether the service looks as if the deployment that has stopped went on: the two are described
// side by side.
func (f *rollout) stale(p *types.Deployment) bool {
	first := !f.stopped
	f.stopped = true
	return first && p != nil && deref(p.Id) == f.id && p.RolloutState == types.DeploymentRolloutStateInProgress
}

func (f *rollout) by(p *types.Deployment) string {
	return fmt.Sprintf("a deployment of %s was begun at %s", revisionName(deref(p.TaskDefinition)),
		deref(p.CreatedAt).UTC().Format(time.RFC3339))
}

func servedBy(s *types.Service) string {
	if p := primary(s); p != nil {
		return revisionName(deref(p.TaskDefinition))
	}
	return revisionName(deref(s.TaskDefinition))
}

func (f *rollout) deployment(s *types.Service) *types.Deployment {
	for i := range s.Deployments {
		if deref(s.Deployments[i].Id) == f.id {
			return &s.Deployments[i]
		}
	}
	return nil
}

// A DeploymentError says that a deployment did not succeed.
type DeploymentError struct {
	Outcome Outcome // Failed or Superseded
	text    string
}

func (e *DeploymentError) Error() string { return e.text }

// waitStep plans to wait until the deployment has ended.
func (w *ServiceWant) waitStep(s *ServiceState) Step {
	return Step{
		Action: "wait", On: w.on(), Why: "until its deployment has succeeded",
		do: func(ctx context.Context, x *Execution) error {
			if x.rollout == nil {
				x.follow(s.Service)
			}
			x.rollout.cluster = w.Cluster
			return x.waitRollout(ctx)
		},
	}
}

// waitRollout looks at the deployment until it has ended.
func (x *Execution) waitRollout(ctx context.Context) error {
	f, looks := x.rollout, 0
	return x.poll(ctx, func(elapsed time.Duration) (bool, error) {
		s, r, err := f.look(ctx, x)
		switch {
		case err != nil:
			return false, err
		case s == nil:
			return true, f.failed(Failed, "failed: service "+f.service+" was deleted")
		}
		looks++
		return f.report(ctx, x, s, r, looks, elapsed)
	}, func() error { return f.late(x.Timeout) })
}

// late says that time ran out, and what to do then.
func (f *rollout) late(timeout time.Duration) error {
	if f.paused {
		return fmt.Errorf("%w after %s: the deployment of %s is paused; ecsctl compose service continue lets it go on",
			ErrTimeout, timeout, f.revision)
	}
	return fmt.Errorf("%w after %s: the deployment of %s goes on; ecsctl compose service wait waits on for it",
		ErrTimeout, timeout, f.revision)
}

// look asks for the service and, if it is known, for the service deployment.
func (f *rollout) look(ctx context.Context, x *Execution) (*types.Service, *types.ServiceDeployment, error) {
	var s *types.Service
	var r *types.ServiceDeployment
	calls := []func() error{func() (err error) { s, _, err = describeService(ctx, x.Clients, f.cluster, f.service); return err }}
	if f.record != "" {
		calls = append(calls, func() (err error) { r, err = describeRecord(ctx, x.Clients, f.record); return err })
	}
	for i, err := range sideBySide(calls...) {
		switch {
		case err == nil:
		case i == 1 && call.IsDenied(err):
			x.Report(Event{Note: "ecs:DescribeServiceDeployments is denied: the deployment is judged by what the service says"})
			f.record, f.denied, r = "", true, nil
		default:
			return nil, nil, err
		}
	}
	if s != nil && !f.denied {
		f.note(s)
	}
	return s, r, nil
}

func describeRecord(ctx context.Context, c *Clients, arn string) (*types.ServiceDeployment, error) {
	out, err := c.ECS.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
	if err != nil {
		return nil, call.Wrap("service-deployment/"+TaskID(arn), err)
	}
	if len(out.ServiceDeployments) == 0 {
		return nil, nil
	}
	return &out.ServiceDeployments[0], nil
}

// targetGroups returns the ARNs of a service's target groups.
func targetGroups(s *types.Service) []string {
	var arns []string
	for _, lb := range s.LoadBalancers {
		if lb.TargetGroupArn != nil {
			arns = append(arns, *lb.TargetGroupArn)
		}
	}
	return arns
}

// report tells what is new and says whether the deployment has ended.
func (f *rollout) report(
	ctx context.Context, x *Execution, s *types.Service, r *types.ServiceDeployment, looks int, elapsed time.Duration,
) (done bool, err error) {
	f.reportEvents(x, s)
	x.Report(Event{Rollout: newProgress(s, f, r, elapsed)})
	f.reportHooks(x, r)
	outcome, why := f.judge(s, r)
	if outcome == Succeeded {
		return true, nil
	}
	permanent := ""
	if d := f.deployment(s); outcome == Failed || looks%3 == 0 || d != nil && int(d.FailedTasks) > len(f.failures) {
		if permanent, err = f.lookAtTasks(ctx, x); err != nil && ctx.Err() != nil {
			return true, err
		}
	}
	switch {
	case outcome == Failed:
		f.tellTargets(ctx, x, targetGroups(s))
		return true, f.failed(Failed, "failed: "+why)
	case outcome == Superseded:
		return true, f.failed(Superseded, "was superseded: "+why)
	case permanent != "" && !x.NoFail:
		return true, f.failed(Failed, "cannot succeed: "+permanent+"\nECS goes on trying: ecsctl compose service rollback, "+
			"or mend the cause; --no-fail-fast waits on")
	}
	return false, nil
}

func (f *rollout) failed(outcome Outcome, what string) error {
	return &DeploymentError{outcome, fmt.Sprintf("the deployment of %s %s", f.revision, what)}
}

// reportEvents tells the events of the service that are new, oldest first.
func (f *rollout) reportEvents(x *Execution, s *types.Service) {
	for _, e := range slices.Backward(s.Events) {
		if id := deref(e.Id); !f.seenEvents[id] {
			f.seenEvents[id] = true
			x.Report(Event{Note: deref(e.CreatedAt).UTC().Format("15:04:05") + " " + deref(e.Message)})
		}
	}
}

// waitDeleted looks at a service until it is gone.
func (x *Execution) waitDeleted(ctx context.Context, w *ServiceWant) error {
	var s *types.Service
	return x.poll(ctx, func(elapsed time.Duration) (bool, error) {
		now, _, err := describeService(ctx, x.Clients, w.Cluster, w.Name())
		if err != nil || now == nil {
			return err == nil, err
		}
		s = now
		x.Report(Event{Rollout: newProgress(s, &rollout{}, nil, elapsed)})
		return false, nil
	}, func() error {
		if s == nil {
			return fmt.Errorf("%w after %s: %s could not be looked at", ErrTimeout, x.Timeout, w.on())
		}
		return fmt.Errorf("%w after %s: %s is %s and %s still run", ErrTimeout, x.Timeout, w.on(), deref(s.Status),
			tasks(int(s.RunningCount)))
	})
}

// last makes the last service deployment the one that counts, if service deployments may be read: the PRIMARY
// deployment is another one when it was rolled back.
func (f *rollout) last(ctx context.Context, c *Clients, cluster string) error {
	out, err := c.ECS.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{
		Cluster: &cluster, Service: &f.service, MaxResults: new(int32(1)),
	})
	if call.IsDenied(err) {
		f.denied = true
		return nil
	}
	if err != nil {
		return call.Wrap("service/"+f.service, err)
	}
	if len(out.ServiceDeployments) == 0 {
		return nil
	}
	last := out.ServiceDeployments[0]
	f.record = deref(last.ServiceDeploymentArn)
	target := deref(last.TargetServiceRevisionArn)
	if target == "" {
		return nil
	}
	definitions, err := definitionsOf(ctx, c, []string{target})
	f.revision = cmp.Or(revisionName(definitions[target]), f.revision)
	if call.IsDenied(err) {
		return nil
	}
	return err
}
