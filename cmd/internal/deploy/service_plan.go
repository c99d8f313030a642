package deploy

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// ServiceUp plans that a service serves the revision that the files describe, with what they say of it. The number of
// its tasks is kept; a new one has one task, and so has one that had none.
func ServiceUp(w *ServiceWant, s *ServiceState) (Plan, error) {
	p := append(w.planRevision(s), planDrains(s.drains)...)
	if s.Service == nil {
		in := w.createInput(s)
		if in.DesiredCount == nil && !isDaemon(in.SchedulingStrategy) {
			in.DesiredCount = new(int32(1))
		}
		p = append(p, w.planBefore(s)...)
		return append(p, w.planCreate(in, s), w.waitStep(s)), nil
	}
	update, err := w.planUpdate(s)
	if err != nil {
		return nil, err
	}
	if in, ok := update.request.(*ecs.UpdateServiceInput); ok && (in.TaskDefinition != nil || w.Force) {
		p = append(p, w.planBefore(s)...)
	}
	p = append(p, update)
	p = append(p, w.planTags(s)...)
	if update.do != nil || underWay(s.Service) {
		p = append(p, w.waitStep(s))
	}
	return p, nil
}

// ServiceCreate plans that a service is made, with no tasks if nothing else is asked for.
func ServiceCreate(w *ServiceWant, s *ServiceState) (Plan, error) {
	if s.Service != nil {
		return nil, fmt.Errorf("there is a %s already: change it with ecsctl compose service up", w.on())
	}
	in := w.createInput(s)
	if w.Count == nil && !isDaemon(in.SchedulingStrategy) {
		in.DesiredCount = new(int32(0))
	}
	return append(append(w.planRevision(s), planDrains(s.drains)...), w.planCreate(in, s)), nil
}

func (w *ServiceWant) planRevision(s *ServiceState) Plan {
	if w.Revision == "" {
		return Create(&w.CreateWant, &s.CreateState)
	}
	return Plan{{Action: "keep", On: "task-definition/" + s.Family.Match.Name(), Why: "is asked for"}}
}

// createInput returns the request that makes the service.
func (w *ServiceWant) createInput(s *ServiceState) *ecs.CreateServiceInput {
	in := CreateService(w.Result)
	in.Cluster = &w.Cluster
	if w.Role != "" {
		in.Role = &w.Role
	}
	if w.Count != nil {
		in.DesiredCount = w.Count
	}
	if isDaemon(in.SchedulingStrategy) {
		in.DesiredCount = nil
	}
	if s.Family.Match != nil {
		in.TaskDefinition = new(s.Family.Match.Name())
	}
	return in
}

func (w *ServiceWant) planCreate(in *ecs.CreateServiceInput, s *ServiceState) Step {
	why := "there is none"
	if in.DesiredCount != nil {
		why += "; " + tasks(int(*in.DesiredCount))
	}
	return Step{
		Action: "ecs:CreateService", On: w.on(), Why: why, request: in,
		do: func(ctx context.Context, x *Execution) error {
			if x.Uses = cmp.Or(x.Revision, s.Family.Match); x.Uses != nil {
				in.TaskDefinition = new(x.Uses.Name())
			}
			in.ClientToken = new(rand.Text()) // a call whose answer is lost is the same call when it is made again
			out, err := x.ECS.CreateService(ctx, in)
			if err != nil {
				return call.Wrap(w.on(), err)
			}
			x.follow(out.Service)
			return nil
		},
	}
}

// planUpdate plans one call with exactly what changes, or says that nothing does.
func (w *ServiceWant) planUpdate(s *ServiceState) (Step, error) {
	svc := s.Service
	in := &ecs.UpdateServiceInput{Service: svc.ServiceName, Cluster: &w.Cluster, ForceNewDeployment: w.Force}
	var why []string
	step := Step{Action: "ecs:UpdateService", On: w.on(), request: in}
	serves := revisionName(deref(svc.TaskDefinition))
	switch m := s.Family.Match; {
	case m == nil:
		why = append(why, "serves "+serves+", is to serve a new revision")
		in.TaskDefinition = &s.Family.Name
	case m.ARN != deref(svc.TaskDefinition):
		why = append(why, "serves "+serves+", is to serve "+m.Name())
		in.TaskDefinition = new(m.Name())
	}
	changed, err := w.changes(s)
	if err != nil {
		return step, err
	}
	if len(changed) > 0 {
		setMembers(in, w.Result, svc, changed)
		for _, c := range changed {
			step.Changes = append(step.Changes, c.changes...)
		}
		why = append(why, effect(changed))
	}
	why = append(why, w.count(svc, in)...)
	if d := primary(svc); d != nil && d.RolloutState == types.DeploymentRolloutStateFailed && in.TaskDefinition == nil {
		in.ForceNewDeployment = true
		why = append(why, "its last deployment failed")
	}
	if w.Force {
		why = append(why, "a new deployment is asked for")
	}
	if len(why) == 0 {
		how := "serves "
		if underWay(svc) {
			how = "is on its way to "
		}
		return Step{Action: "keep", On: w.on(), Why: how + serves + ", as wanted"}, nil
	}
	step.Why = strings.Join(why, "; ")
	step.do = func(ctx context.Context, x *Execution) error {
		if in.TaskDefinition != nil {
			x.Uses = cmp.Or(x.Revision, s.Family.Match)
			in.TaskDefinition = new(x.Uses.Name())
		}
		return x.update(ctx, w, in)
	}
	return step, nil
}

// changes returns what differs of the service itself. With a revision by name the files are not about it.
func (w *ServiceWant) changes(s *ServiceState) ([]serviceChange, error) {
	if w.Revision != "" {
		return nil, nil
	}
	changed := serviceChanges(w.Result, s.Service)
	var fixed []string
	for _, c := range changed {
		if c.fixed != "" {
			fixed = append(fixed, fmt.Sprintf("%s %s cannot be changed: %s", w.on(), c.changes[0], c.fixed))
		}
	}
	if fixed != nil {
		return nil, fmt.Errorf("%s", strings.Join(fixed, "\n"))
	}
	return changed, nil
}

// effect says whether tasks are replaced for changes.
func effect(changed []serviceChange) string {
	for _, c := range changed {
		if c.replaces || c.force {
			return "its settings change, and its tasks are replaced"
		}
	}
	return "its settings change, and its tasks are left alone"
}

// count sets the number of tasks if it is asked for, or if there are none.
func (w *ServiceWant) count(s *types.Service, in *ecs.UpdateServiceInput) []string {
	switch {
	case isDaemon(s.SchedulingStrategy):
		return nil
	case w.Count != nil && *w.Count != s.DesiredCount:
		in.DesiredCount = w.Count
		return []string{countChange(*w.Count, s.DesiredCount)}
	case w.Count == nil && s.DesiredCount == 0:
		in.DesiredCount = new(int32(1))
		return []string{"it has no tasks, and gets one"}
	}
	return nil
}

// countChange says how many tasks there are to be.
func countChange(to, from int32) string { return fmt.Sprintf("%s, not %d", tasks(int(to)), from) }

// planTags plans the tags of a service that is there. Tags that nobody mentions stay.
func (w *ServiceWant) planTags(s *ServiceState) Plan {
	missing := missingTags(w.Service.Tags, s.Service.Tags)
	if len(missing) == 0 {
		return nil
	}
	in := &ecs.TagResourceInput{ResourceArn: s.Service.ServiceArn, Tags: missing}
	return Plan{{
		Action: "ecs:TagResource", On: w.on(), Why: "tags " + tagNames(missing), request: in,
		do: func(ctx context.Context, x *Execution) error {
			if _, err := x.ECS.TagResource(ctx, in); err != nil {
				return call.Wrap(w.on(), err)
			}
			return nil
		},
	}}
}

// underWay reports whether the deployment of a service goes on.
func underWay(s *types.Service) bool {
	d := primary(s)
	return d != nil && d.RolloutState == types.DeploymentRolloutStateInProgress
}

// ServiceScale plans that a service has n tasks.
func ServiceScale(w *ServiceWant, s *ServiceState, n int32) (Plan, error) {
	if s.Service == nil {
		return nil, w.missingError()
	}
	if isDaemon(s.Service.SchedulingStrategy) {
		return nil, fmt.Errorf("%s runs one task on each container instance: it cannot be scaled", w.on())
	}
	if s.Service.DesiredCount == n {
		p := Plan{{Action: "keep", On: w.on(), Why: fmt.Sprintf("%s are wanted already", tasks(int(n)))}}
		if underWay(s.Service) || s.Service.RunningCount != n {
			p = append(p, w.waitStep(s))
		}
		return p, nil
	}
	return w.planCount(s, countChange(n, s.Service.DesiredCount), &ecs.UpdateServiceInput{
		Service: s.Service.ServiceName, Cluster: &w.Cluster, DesiredCount: &n,
	}), nil
}

// ServiceStart plans that a service that has no tasks has one, of the revision that it serves.
func ServiceStart(w *ServiceWant, s *ServiceState) (Plan, error) {
	switch {
	case s.Service == nil:
		return nil, w.missingError()
	case w.Force:
		in := &ecs.UpdateServiceInput{Service: s.Service.ServiceName, Cluster: &w.Cluster, ForceNewDeployment: true}
		w.count(s.Service, in)
		return w.planCount(s, "a new deployment is asked for", in), nil
	case isDaemon(s.Service.SchedulingStrategy) || s.Service.DesiredCount > 0:
		return Plan{{Action: "keep", On: w.on(), Why: "is started"}, w.waitStep(s)}, nil
	}
	return w.planCount(s, "it has no tasks, and gets one", &ecs.UpdateServiceInput{
		Service: s.Service.ServiceName, Cluster: &w.Cluster, DesiredCount: new(int32(1)),
	}), nil
}

func (w *ServiceWant) planCount(s *ServiceState, why string, in *ecs.UpdateServiceInput) Plan {
	return Plan{{
		Action: "ecs:UpdateService", On: w.on(), Why: why, request: in,
		do: func(ctx context.Context, x *Execution) error { return x.update(ctx, w, in) },
	}, w.waitStep(s)}
}

// update changes the service; the deployment that it answers with is the one that counts.
func (x *Execution) update(ctx context.Context, w *ServiceWant, in *ecs.UpdateServiceInput) error {
	out, err := x.ECS.UpdateService(ctx, in)
	if err != nil {
		return call.Wrap(w.on(), err)
	}
	x.follow(out.Service)
	return nil
}

// ServiceDown plans that a service is deleted, with its tasks.
func ServiceDown(w *ServiceWant, s *ServiceState) (Plan, error) {
	switch {
	case s.Service == nil && s.Inactive:
		return Plan{{Action: "keep", On: w.on(), Why: "is deleted already"}}, nil
	case s.Service == nil:
		return nil, fmt.Errorf("there is no %s in cluster %s, and there was none", w.on(), clusterName(w.Cluster))
	}
	var p Plan
	if deref(s.Service.Status) != "DRAINING" {
		in := &ecs.DeleteServiceInput{Service: s.Service.ServiceName, Cluster: &w.Cluster, Force: new(true)}
		p = Plan{{
			Action: "ecs:DeleteService", On: w.on(), Why: tasks(int(s.Service.RunningCount)) + " are stopped", request: in,
			do: func(ctx context.Context, x *Execution) error {
				_, err := x.ECS.DeleteService(ctx, in)
				if err != nil && !call.IsCode(err, "ServiceNotActiveException") {
					return call.Wrap(w.on(), err)
				}
				return nil
			},
		}}
	}
	return append(p, Step{
		Action: "wait", On: w.on(), Why: "until INACTIVE",
		do: func(ctx context.Context, x *Execution) error { return x.waitDeleted(ctx, w) },
	}), nil
}

// ServiceWait plans to wait for the last deployment of a service.
func ServiceWait(w *ServiceWant, s *ServiceState) (Plan, error) {
	if s.Service == nil {
		return nil, w.missingError()
	}
	step := w.waitStep(s)
	wait := step.do
	step.do = func(ctx context.Context, x *Execution) error {
		x.follow(s.Service)
		if err := x.rollout.last(ctx, x.Clients, w.Cluster); err != nil {
			return err
		}
		return wait(ctx, x)
	}
	return Plan{step}, nil
}
