package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// pauses returns the hooks of a service deployment that wait for ecs:ContinueServiceDeployment; see "Pause hooks for
// Amazon ECS service deployments" in the developer guide.
func pauses(r *types.ServiceDeployment) []types.DeploymentLifecycleHookDetail {
	if r == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.LifecycleHookDetails), func(h types.DeploymentLifecycleHookDetail) bool {
		return h.TargetType != types.DeploymentLifecycleHookTargetTypePause ||
			h.Status != types.DeploymentLifecycleHookStatusAwaitingAction
	})
}

// reportHooks tells of each hook that pauses the deployment, and of each that ended it, once.
func (f *rollout) reportHooks(x *Execution, r *types.ServiceDeployment) {
	f.paused = len(pauses(r)) > 0
	if r == nil {
		return
	}
	for _, h := range r.LifecycleHookDetails {
		told := deref(h.HookId) + " " + string(h.Status)
		if f.seenHooks[told] {
			continue
		}
		if f.seenHooks == nil {
			f.seenHooks = map[string]bool{}
		}
		f.seenHooks[told] = true
		switch h.Status {
		case types.DeploymentLifecycleHookStatusAwaitingAction:
			x.Report(Event{Note: fmt.Sprintf("the deployment of %s is paused at %s by hook %s%s\n"+
				"    ecsctl compose service continue goes on, service continue --rollback goes back",
				f.revision, r.LifecycleStage, deref(h.HookId), expiry(h))})
		case types.DeploymentLifecycleHookStatusFailed, types.DeploymentLifecycleHookStatusTimedOut:
			on := ""
			if h.TargetArn != nil {
				on = " (" + *h.TargetArn + ")"
			}
			x.Report(Event{Note: fmt.Sprintf("hook %s%s is %s", deref(h.HookId), on, h.Status)})
		}
	}
}

// expiry says what becomes of a pause that nobody answers.
func expiry(h types.DeploymentLifecycleHookDetail) string {
	if h.ExpiresAt == nil {
		return ""
	}
	return fmt.Sprintf(" until %s, then %s", h.ExpiresAt.UTC().Format(time.RFC3339), h.TimeoutAction)
}

// A ContinueState is what planning to answer a pause has to know.
type ContinueState struct {
	ServiceState
	Record *types.ServiceDeployment // the last one, nil if ECS knows none
}

// ObserveContinue reads all that planning needs.
func ObserveContinue(ctx context.Context, c *Clients, w *ServiceWant) (*ContinueState, error) {
	only, err := ObserveServiceOnly(ctx, c, w)
	if err != nil {
		return nil, err
	}
	s := &ContinueState{ServiceState: *only}
	if s.Service == nil {
		return nil, w.missingError()
	}
	f := &rollout{service: w.Name(), record: deref(s.Service.CurrentServiceDeployment)}
	if f.record == "" {
		if err := f.last(ctx, c, w.Cluster); err != nil {
			return nil, err
		}
	}
	if f.record != "" {
		s.Record, err = describeRecord(ctx, c, f.record)
	}
	return s, err
}

// ServiceContinue plans to answer the hooks that pause the deployment: to go on, and to wait until it has succeeded. A
// deployment that is not paused is waited for.
func ServiceContinue(w *ServiceWant, s *ContinueState) (Plan, error) {
	var p Plan
	for _, h := range pauses(s.Record) {
		p = append(p, w.planAnswer(s, h, types.DeploymentLifecycleHookActionContinue))
	}
	if p != nil {
		return append(p, w.waitStep(&s.ServiceState)), nil
	}
	wait, err := ServiceWait(w, &s.ServiceState)
	return append(Plan{{Action: "keep", On: w.on(), Why: "its last deployment is not paused"}}, wait...), err
}

// ServiceBack plans to answer the hook that pauses the deployment so that ECS goes back to what ran before, and to wait
// until it has.
func ServiceBack(w *ServiceWant, s *ContinueState) (Plan, error) {
	if s.Record == nil {
		return nil, fmt.Errorf("%s has no deployment that could be paused: see ecsctl compose service rollback", w.on())
	}
	d := s.deployment()
	step := Step{Action: "keep", On: w.on(), Why: "its last deployment is " + d.Status}
	if all := pauses(s.Record); len(all) > 0 {
		step = w.planAnswer(s, all[0], types.DeploymentLifecycleHookActionRollback)
	} else if !strings.HasPrefix(d.Status, "ROLLBACK_") {
		return nil, fmt.Errorf("the last deployment of %s is not paused, it is %s: see ecsctl compose service rollback",
			w.on(), d.Status)
	}
	return Plan{step, w.rolledBackStep(d)}, nil
}

// deployment returns the last service deployment as the history has it.
func (s *ContinueState) deployment() *Deployment {
	arn := deref(s.Record.ServiceDeploymentArn)
	return &Deployment{
		ID: TaskID(arn), ARN: arn, Revision: revisionName(deref(s.Service.TaskDefinition)), Status: string(s.Record.Status),
	}
}

// planAnswer plans to answer one hook. An answer that was lost on its way back, or that somebody else gave, is one.
func (w *ServiceWant) planAnswer(
	s *ContinueState, h types.DeploymentLifecycleHookDetail, action types.DeploymentLifecycleHookAction,
) Step {
	in := &ecs.ContinueServiceDeploymentInput{
		ServiceDeploymentArn: s.Record.ServiceDeploymentArn, HookId: h.HookId, Action: action,
	}
	return Step{
		Action: "ecs:ContinueServiceDeployment", On: w.on(), request: in,
		Why: fmt.Sprintf("%s: the deployment of %s is paused at %s by hook %s", action, s.deployment().Revision,
			s.Record.LifecycleStage, deref(h.HookId)),
		do: func(ctx context.Context, x *Execution) error {
			_, err := x.ECS.ContinueServiceDeployment(ctx, in)
			if call.IsCode(err, "InvalidParameterException", "ClientException", "ConflictException") {
				now, lookErr := describeRecord(ctx, x.Clients, *in.ServiceDeploymentArn)
				if lookErr == nil && !slices.ContainsFunc(pauses(now), func(p types.DeploymentLifecycleHookDetail) bool {
					return deref(p.HookId) == deref(h.HookId)
				}) {
					err = nil
				}
			}
			if err != nil {
				return call.Wrap("service-deployment/"+TaskID(*in.ServiceDeploymentArn), err)
			}
			x.follow(s.Service)
			x.rollout.record = *in.ServiceDeploymentArn
			return nil
		},
	}
}
