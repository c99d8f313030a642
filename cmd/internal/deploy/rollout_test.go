package deploy

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestJudge: what counts is how our deployment ended, not that some deployment is steady.
func TestJudge(t *testing.T) {
	began := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	deployment := func(id, status string, state types.DeploymentRolloutState, running int32, minutes int) types.Deployment {
		return types.Deployment{
			Id: &id, Status: &status, RolloutState: state, RunningCount: running, DesiredCount: 2,
			CreatedAt: new(began.Add(time.Duration(minutes) * time.Minute)), TaskDefinition: new("task-definition/shop:" + id),
		}
	}
	const (
		going     = types.DeploymentRolloutStateInProgress
		completed = types.DeploymentRolloutStateCompleted
		broken    = types.DeploymentRolloutStateFailed
	)
	ours := func(state types.DeploymentRolloutState, running int32) []types.Deployment {
		return []types.Deployment{deployment("2", "PRIMARY", state, running, 0), deployment("1", "ACTIVE", completed, 2, -9)}
	}
	back := []types.Deployment{deployment("1", "PRIMARY", going, 2, -9), deployment("2", "ACTIVE", broken, 0, 0)}
	later := []types.Deployment{deployment("3", "PRIMARY", going, 0, 5), deployment("2", "ACTIVE", going, 1, 0)}
	tests := []struct {
		name        string
		deployments []types.Deployment
		record      types.ServiceDeploymentStatus // "" if it may not be read
		want        Outcome
		why         string
	}{
		{"rolling", ours(going, 1), types.ServiceDeploymentStatusInProgress, Going, ""},
		{"all run, and not yet steady", ours(going, 2), types.ServiceDeploymentStatusInProgress, Going, ""},
		{"complete, and not yet successful", ours(completed, 2), types.ServiceDeploymentStatusInProgress, Going, ""},
		{"successful", ours(completed, 2), types.ServiceDeploymentStatusSuccessful, Succeeded, ""},
		{"being rolled back", back, types.ServiceDeploymentStatusRollbackInProgress, Going, ""},
		{"rolled back", back, types.ServiceDeploymentStatusRollbackSuccessful, Failed, "it was rolled back to shop:1: why"},
		{"rollback failed", back, types.ServiceDeploymentStatusRollbackFailed, Failed, "its rollback failed: why"},
		{"stopped", ours(broken, 0), types.ServiceDeploymentStatusStopped, Failed, "it was stopped: why"},
		{"stopped since the service was seen", ours(going, 1), types.ServiceDeploymentStatusStopped, Going, ""},
		{"superseded", later, types.ServiceDeploymentStatusStopped, Superseded, "a deployment of shop:3 was begun at 2026-01-05T09:05:00Z"},
		{"superseded, and not yet stopped", later, types.ServiceDeploymentStatusInProgress, Superseded,
			"a deployment of shop:3 was begun at 2026-01-05T09:05:00Z"},
		{"unread: rolling", ours(going, 2), "", Going, ""},
		{"unread: completed", ours(completed, 2), "", Succeeded, ""},
		{"unread: scaled, and not all run", ours(completed, 1), "", Going, ""},
		{"unread: failed", ours(broken, 0), "", Failed, "ECS gives no reason"},
		{"unread: rolled back", back, "", Failed, "it was rolled back to shop:1"},
		{"unread: superseded", later, "", Superseded, "a deployment of shop:3 was begun at 2026-01-05T09:05:00Z"},
		{"unread: gone", back[:1], "", Failed, "it was rolled back to shop:1"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			f := &rollout{id: "2", created: began}
			var r *types.ServiceDeployment
			if c.record != "" {
				r = &types.ServiceDeployment{Status: c.record, StatusReason: new("why.")}
			}
			got, why := f.judge(&types.Service{Deployments: c.deployments}, r)
			if got != c.want || why != c.why {
				t.Errorf("got %v %q, want %v %q", got, why, c.want, c.why)
			}
		})
	}
}
