package sandbox

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// hook runs the lifecycle hooks of the stage that a deployment has come to. Functions of AWS Lambda succeed at once.
func (s *service) hook(r *region, d *deployment) {
	d.Course.Hooks = nil
	at := types.DeploymentLifecycleHookStage(d.stage())
	for _, h := range d.Record.v.DeploymentConfiguration.LifecycleHooks {
		if !slices.Contains(h.LifecycleStages, at) {
			continue
		}
		timeout := types.DeploymentLifecycleHookTimeoutConfiguration{}
		if h.TimeoutConfiguration != nil {
			timeout = *h.TimeoutConfiguration
		}
		orElse(&timeout.TimeoutInMinutes, 1440)
		orEmpty(&timeout.Action, types.DeploymentLifecycleHookActionRollback)
		v := types.DeploymentLifecycleHookDetail{
			HookId: new("ecs-lambda-" + r.id()), Status: types.DeploymentLifecycleHookStatusSucceeded,
			TargetArn: h.HookTargetArn, TargetType: types.DeploymentLifecycleHookTargetTypeAwsLambda,
			ExpiresAt: new(r.now().Add(minutes(*timeout.TimeoutInMinutes))), TimeoutAction: timeout.Action,
		}
		if h.TargetType == types.DeploymentLifecycleHookTargetTypePause {
			v.HookId, v.TargetType = new("ecs-pause-"+r.id()), h.TargetType
			v.Status = types.DeploymentLifecycleHookStatusAwaitingAction
		}
		d.Course.Hooks = append(d.Course.Hooks, sdk[types.DeploymentLifecycleHookDetail]{v})
	}
}

// hooked says whether no hook holds the deployment up. One that nobody answered in time is TIMED_OUT, and its timeout
// action is taken.
func (s *service) hooked(r *region, d *deployment) bool {
	free := true
	for i := range d.Course.Hooks {
		h := &d.Course.Hooks[i].v
		if h.Status != types.DeploymentLifecycleHookStatusAwaitingAction {
			continue
		}
		if !passed(r.now(), *h.ExpiresAt) {
			s.Wake = earlier(s.Wake, *h.ExpiresAt)
			free = false
			continue
		}
		h.Status = types.DeploymentLifecycleHookStatusTimedOut
		if h.TimeoutAction == types.DeploymentLifecycleHookActionRollback {
			s.undo(r, d, "Service deployment rolled back because the lifecycle hook "+*h.HookId+" timed out.")
			return false
		}
	}
	return free
}

// continueServiceDeployment: "continues or rolls back an Amazon ECS service deployment that is paused at a lifecycle
// hook"; the hook must be AWAITING_ACTION, and the deployment IN_PROGRESS.
func continueServiceDeployment(
	r *region, in *ecs.ContinueServiceDeploymentInput,
) (*ecs.ContinueServiceDeploymentOutput, error) {
	s, d := r.serviceDeployment(value(in.ServiceDeploymentArn))
	switch {
	case d == nil:
		return nil, &apiError{400, "ServiceDeploymentNotFoundException", "Service deployment not found."}
	case d.Record.v.Status != types.ServiceDeploymentStatusInProgress:
		return nil, invalidParameter("The service deployment is %s and cannot be continued.", d.Record.v.Status)
	case in.Action != "" && !slices.Contains(in.Action.Values(), in.Action):
		return nil, invalidParameter("action must be CONTINUE or ROLLBACK.")
	}
	var h *types.DeploymentLifecycleHookDetail
	if d.Course != nil {
		for i := range d.Course.Hooks {
			if d.Course.Hooks[i].v.HookId != nil && *d.Course.Hooks[i].v.HookId == value(in.HookId) {
				h = &d.Course.Hooks[i].v
			}
		}
	}
	switch {
	case h == nil:
		return nil, invalidParameter("The service deployment has no lifecycle hook %s.", value(in.HookId))
	case h.Status != types.DeploymentLifecycleHookStatusAwaitingAction:
		return nil, invalidParameter("The lifecycle hook %s is %s and awaits no action.", *h.HookId, h.Status)
	}
	h.Status = types.DeploymentLifecycleHookStatusSucceeded
	if in.Action == types.DeploymentLifecycleHookActionRollback {
		h.Status = types.DeploymentLifecycleHookStatusFailed
		s.undo(r, d, "Service deployment rolled back because the lifecycle hook "+*h.HookId+" was answered with ROLLBACK.")
	}
	s.Wake = r.now().Add(reaction)
	return &ecs.ContinueServiceDeploymentOutput{ServiceDeploymentArn: in.ServiceDeploymentArn}, nil
}

// undo fails a deployment and rolls it back, if there is something to go back to.
func (s *service) undo(r *region, d *deployment, why string) {
	d.Deployment.v.RolloutState, d.Deployment.v.UpdatedAt = types.DeploymentRolloutStateFailed, new(r.now())
	d.Deployment.v.RolloutStateReason = new(why)
	if !s.rollBack(r, d, why, "Rolling back to deploymentId ") {
		s.close(r, d, types.ServiceDeploymentStatusRollbackFailed, "There is no completed deployment to roll back to.")
	}
}
