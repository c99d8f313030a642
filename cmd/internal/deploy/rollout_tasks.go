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

// TaskLogs returns the last lines that the containers of a task wrote, each with the name of its container.
type TaskLogs func(ctx context.Context, task *types.Task) []string

// A RolloutProgress tells how far a deployment is.
type RolloutProgress struct {
	Deployments []types.Deployment // of the service, PRIMARY first
	Stage       string             // of the service deployment, with its share of the traffic; "" if it has none
	Ours        string             // id
	Elapsed     time.Duration
}

func newProgress(s *types.Service, f *rollout, r *types.ServiceDeployment, elapsed time.Duration) *RolloutProgress {
	p := &RolloutProgress{Deployments: s.Deployments, Ours: f.id, Elapsed: elapsed}
	if r == nil {
		return p
	}
	p.Stage = string(r.LifecycleStage)
	if strings.HasPrefix(string(r.Status), "ROLLBACK") {
		p.Stage = string(r.Status)
	}
	if weights := traffic(r.TargetServiceRevision); p.Stage != "" && weights != "" {
		p.Stage += " (" + weights + ")"
	}
	return p
}

// traffic says how much of the traffic a revision has, "" if ECS shifts none.
func traffic(s *types.ServiceRevisionSummary) string {
	if s == nil {
		return ""
	}
	var parts []string
	if w := s.RequestedProductionTrafficWeight; w != nil {
		parts = append(parts, fmt.Sprintf("traffic %v%%", *w))
	}
	if w := s.RequestedTestTrafficWeight; w != nil {
		parts = append(parts, fmt.Sprintf("test traffic %v%%", *w))
	}
	return strings.Join(parts, ", ")
}

// String counts the tasks of each deployment: "shop:3 1/2 running, 1 pending, 1 failed; shop:2 2 running".
func (p *RolloutProgress) String() string {
	var parts []string
	for _, d := range p.Deployments {
		running := fmt.Sprint(d.RunningCount)
		if deref(d.Status) == "PRIMARY" {
			running = fmt.Sprintf("%d/%d", d.RunningCount, d.DesiredCount)
		}
		text := revisionName(deref(d.TaskDefinition)) + " " + running + " running"
		if d.PendingCount > 0 {
			text += fmt.Sprintf(", %d pending", d.PendingCount)
		}
		if d.FailedTasks > 0 {
			text += fmt.Sprintf(", %d failed", d.FailedTasks)
		}
		parts = append(parts, text)
	}
	if p.Stage != "" {
		parts = append(parts, p.Stage)
	}
	if parts == nil {
		return "no deployment"
	}
	return strings.Join(parts, "; ")
}

// lookAtTasks tells why tasks of the deployment stopped, each once, with the last lines of their logs. permanent is why
// the next ones will stop too, "" if that is not known.
func (f *rollout) lookAtTasks(ctx context.Context, x *Execution) (permanent string, err error) {
	out, err := x.ECS.ListTasks(ctx, &ecs.ListTasksInput{
		Cluster: &f.cluster, ServiceName: &f.service, DesiredStatus: types.DesiredStatusStopped,
	})
	if err != nil {
		return "", call.Wrap("service/"+f.service, err)
	}
	stopped, err := describeTasks(ctx, x.Clients, f.cluster, out.TaskArns)
	if err != nil {
		return "", err
	}
	slices.SortFunc(stopped, func(a, b types.Task) int { return deref(a.CreatedAt).Compare(deref(b.CreatedAt)) })
	for i := range stopped {
		t := &stopped[i]
		if deref(t.StartedBy) != f.id || deref(t.LastStatus) != "STOPPED" || f.seenTasks[*t.TaskArn] ||
			t.StopCode == types.TaskStopCodeServiceSchedulerInitiated && !unhealthy(t) || t.StopCode == types.TaskStopCodeUserInitiated {
			continue
		}
		f.seenTasks[*t.TaskArn] = true
		why := Verdict(t)
		if !slices.Contains(f.failures, why) {
			x.Report(Event{Note: fmt.Sprintf("task %s stopped: %s", TaskID(*t.TaskArn), why)})
			f.tellLogs(ctx, x, t)
		}
		f.failures = append(f.failures, why)
		if permanent == "" && isPermanent(t) {
			permanent = why
		}
	}
	return permanent, nil
}

// unhealthy reports whether the scheduler stopped a task because its health checks failed.
func unhealthy(t *types.Task) bool {
	return t.HealthStatus == types.HealthStatusUnhealthy || strings.Contains(deref(t.StoppedReason), "health check")
}

func (f *rollout) tellLogs(ctx context.Context, x *Execution, t *types.Task) {
	if x.TaskLogs == nil {
		return
	}
	for _, line := range x.TaskLogs(ctx, t) {
		x.Report(Event{Note: "    " + line})
	}
}

// permanentCauses are what stands in the reasons of tasks that no further attempt can start. ECS says it in texts alone;
// one that is not known here costs time, and no verdict.
var permanentCauses = []string{
	"exec format error", "manifest unknown", "not found", "does not exist", "repository does not exist", "AccessDenied",
	"not authorized to perform", "unable to assume", "invalid reference format", "image Manifest does not contain descriptor",
}

// isPermanent reports whether a task failed to start for a reason that the next one will meet too.
func isPermanent(t *types.Task) bool {
	if t.StopCode != types.TaskStopCodeTaskFailedToStart {
		return false
	}
	text := deref(t.StoppedReason)
	for _, c := range t.Containers {
		text += " " + deref(c.Reason)
	}
	return slices.ContainsFunc(permanentCauses, func(cause string) bool {
		return strings.Contains(strings.ToLower(text), strings.ToLower(cause))
	})
}
