package sandbox

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// underWay says whether a service deployment goes on.
func underWay(s types.ServiceDeploymentStatus) bool {
	switch s {
	case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress,
		types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress,
		types.ServiceDeploymentStatusStopRequested:
		return true
	}
	return false
}

// close ends the service deployment that led to d.
func (s *service) close(r *region, d *deployment, status types.ServiceDeploymentStatus, reason string) {
	v, at := &d.Record.v, r.now()
	v.Status, v.FinishedAt, v.UpdatedAt = status, new(at), new(at)
	v.StatusReason = nil
	if reason != "" {
		v.StatusReason = new(reason)
	}
	if status == types.ServiceDeploymentStatusStopped {
		v.StoppedAt = new(at)
	}
}

// supersede makes room for a new PRIMARY deployment.
func (s *service) supersede(r *region, old *deployment) {
	old.Deployment.v.Status, old.Undoes = new("ACTIVE"), ""
	old.Deployment.v.UpdatedAt = new(r.now())
	for _, d := range s.Deployments {
		switch d.Record.v.Status {
		case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress:
			s.close(r, d, types.ServiceDeploymentStatusStopped,
				"Service deployment was stopped because a new service deployment was started.")
		case types.ServiceDeploymentStatusRollbackInProgress:
			s.close(r, d, types.ServiceDeploymentStatusRollbackFailed,
				"Rollback was stopped because a new service deployment was started.")
		}
	}
}

// succeed ends the service deployment that d completes: its own, or the one that it rolls back.
func (s *service) succeed(r *region, d *deployment) {
	failed := s.deployment(d.Undoes)
	if d.Undoes = ""; failed == nil {
		s.close(r, d, types.ServiceDeploymentStatusSuccessful, "")
		return
	}
	s.close(r, failed, types.ServiceDeploymentStatusRollbackSuccessful, value(failed.Record.v.Rollback.Reason))
}

// good returns the last deployment that was completed, other than d; nil if there is none.
func (s *service) good(d *deployment) *deployment {
	for _, o := range s.Deployments {
		if o != d && o.Good {
			return o
		}
	}
	return nil
}

// rollBack makes the last completed deployment PRIMARY again: its tasks that still run stay.
func (s *service) rollBack(r *region, d *deployment, why, state string) bool {
	to := s.good(d)
	if to == nil {
		return false
	}
	at := r.now()
	d.Deployment.v.Status = new("ACTIVE")
	to.Deployment.v.Status, to.Undoes = new("PRIMARY"), d.id()
	to.Deployment.v.RolloutState = types.DeploymentRolloutStateInProgress
	to.Deployment.v.RolloutStateReason, to.Deployment.v.UpdatedAt = new(state+to.id()+"."), new(at)
	to.Deployment.v.FailedTasks = 0
	d.Record.v.Status, d.Record.v.StatusReason = types.ServiceDeploymentStatusRollbackInProgress, new(why)
	d.Record.v.Rollback = &types.Rollback{
		Reason: new(why), StartedAt: new(at), ServiceRevisionArn: to.Revision.v.ServiceRevisionArn,
	}
	v, rev := &s.Service.v, &to.Revision.v
	v.TaskDefinition, v.NetworkConfiguration, v.LoadBalancers = rev.TaskDefinition, rev.NetworkConfiguration,
		rev.LoadBalancers
	v.LaunchType, v.CapacityProviderStrategy = rev.LaunchType, rev.CapacityProviderStrategy
	v.ServiceRegistries = rev.ServiceRegistries
	s.Streak, s.NotBefore = 0, at
	s.event(r, "rolling back to (deployment "+to.id()+").")
	return true
}

// describeDeployment returns a service deployment as it is now.
func (r *region) describeDeployment(s *service, d *deployment) types.ServiceDeployment {
	v := d.Record.v
	summary := func(o *deployment) types.ServiceRevisionSummary {
		n := types.ServiceRevisionSummary{Arn: o.Revision.v.ServiceRevisionArn}
		for _, t := range s.tasks(r) {
			if t.StartedBy == o.id() {
				r.count(t, &n.PendingTaskCount, &n.RunningTaskCount)
			}
		}
		if n.RequestedTaskCount = n.PendingTaskCount + n.RunningTaskCount; *o.Deployment.v.Status == "PRIMARY" {
			n.RequestedTaskCount = s.Service.v.DesiredCount
		}
		return n
	}
	weigh := func(n *types.ServiceRevisionSummary, production, test float64) {
		n.RequestedProductionTrafficWeight, n.RequestedTestTrafficWeight = &production, &test
	}
	target := summary(d)
	production, test, weighed := d.weights()
	if weighed {
		weigh(&target, production, test)
	}
	v.TargetServiceRevision, v.SourceServiceRevisions = &target, []types.ServiceRevisionSummary{}
	for i := slices.Index(s.Deployments, d) + 1; i < len(s.Deployments); i++ {
		if o := s.Deployments[i]; *o.Deployment.v.Status != "INACTIVE" || i == slices.Index(s.Deployments, s.good(d)) {
			source := summary(o)
			if weighed && o == s.good(d) {
				weigh(&source, 100-production, 100-test)
			}
			v.SourceServiceRevisions = append(v.SourceServiceRevisions, source)
		}
	}
	v.DeploymentCircuitBreaker, v.Alarms = s.describeBreaker(d), d.describeAlarms()
	if d.Course != nil {
		for _, h := range d.Course.Hooks {
			v.LifecycleHookDetails = append(v.LifecycleHookDetails, h.v)
		}
	}
	return v
}

// serviceDeployment returns the service deployment of an ARN, or nil.
func (r *region) serviceDeployment(arn string) (*service, *deployment) {
	for _, s := range r.Services {
		for _, d := range s.Deployments {
			if *d.Record.v.ServiceDeploymentArn == arn {
				return s, d
			}
		}
	}
	return nil, nil
}

// listServiceDeployments: the newest first, "up to 20 results" at once unless the request says otherwise.
func listServiceDeployments(
	r *region, in *ecs.ListServiceDeploymentsInput,
) (*ecs.ListServiceDeploymentsOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	s := r.service(c, value(in.Service))
	if s == nil {
		return nil, serviceNotFound()
	}
	briefs := map[string]types.ServiceDeploymentBrief{}
	var arns []string
	for _, d := range s.Deployments {
		v := d.Record.v
		if len(in.Status) > 0 && !slices.Contains(in.Status, v.Status) || in.CreatedAt != nil &&
			(in.CreatedAt.After != nil && !v.CreatedAt.After(*in.CreatedAt.After) ||
				in.CreatedAt.Before != nil && !v.CreatedAt.Before(*in.CreatedAt.Before)) {
			continue
		}
		arns = append(arns, *v.ServiceDeploymentArn)
		briefs[*v.ServiceDeploymentArn] = types.ServiceDeploymentBrief{
			ClusterArn: v.ClusterArn, CreatedAt: v.CreatedAt, FinishedAt: v.FinishedAt, ServiceArn: v.ServiceArn,
			ServiceDeploymentArn: v.ServiceDeploymentArn, StartedAt: v.StartedAt, Status: v.Status,
			StatusReason: v.StatusReason, TargetServiceRevisionArn: d.Revision.v.ServiceRevisionArn,
		}
	}
	arns, next, err := page(arns, in.MaxResults, in.NextToken, 20, 100)
	if err != nil {
		return nil, err
	}
	out := &ecs.ListServiceDeploymentsOutput{ServiceDeployments: []types.ServiceDeploymentBrief{}, NextToken: next}
	for _, arn := range arns {
		out.ServiceDeployments = append(out.ServiceDeployments, briefs[arn])
	}
	return out, nil
}

// describeServiceDeployments: at most twenty.
func describeServiceDeployments(
	r *region, in *ecs.DescribeServiceDeploymentsInput,
) (*ecs.DescribeServiceDeploymentsOutput, error) {
	if n := len(in.ServiceDeploymentArns); n < 1 || n > 20 {
		return nil, invalidParameter("serviceDeploymentArns must have between 1 and 20 items.")
	}
	out := &ecs.DescribeServiceDeploymentsOutput{
		ServiceDeployments: []types.ServiceDeployment{}, Failures: []types.Failure{},
	}
	for _, arn := range in.ServiceDeploymentArns {
		s, d := r.serviceDeployment(arn)
		if d == nil {
			out.Failures = append(out.Failures, types.Failure{Arn: new(arn), Reason: new("MISSING")})
			continue
		}
		out.ServiceDeployments = append(out.ServiceDeployments, r.describeDeployment(s, d))
	}
	return out, nil
}

// describeServiceRevisions: at most twenty.
func describeServiceRevisions(
	r *region, in *ecs.DescribeServiceRevisionsInput,
) (*ecs.DescribeServiceRevisionsOutput, error) {
	if n := len(in.ServiceRevisionArns); n < 1 || n > 20 {
		return nil, invalidParameter("serviceRevisionArns must have between 1 and 20 items.")
	}
	known := map[string]*types.ServiceRevision{}
	for _, s := range r.Services {
		for _, d := range s.Deployments {
			known[*d.Revision.v.ServiceRevisionArn] = &d.Revision.v
		}
	}
	out := &ecs.DescribeServiceRevisionsOutput{
		ServiceRevisions: []types.ServiceRevision{}, Failures: []types.Failure{},
	}
	for _, arn := range in.ServiceRevisionArns {
		if known[arn] == nil {
			out.Failures = append(out.Failures, types.Failure{Arn: new(arn), Reason: new("MISSING")})
			continue
		}
		out.ServiceRevisions = append(out.ServiceRevisions, *known[arn])
	}
	return out, nil
}

// stopServiceDeployment rolls back a service deployment that goes on; of the stop types only ROLLBACK is valid.
func stopServiceDeployment(
	r *region, in *ecs.StopServiceDeploymentInput,
) (*ecs.StopServiceDeploymentOutput, error) {
	s, d := r.serviceDeployment(value(in.ServiceDeploymentArn))
	switch {
	case d == nil:
		return nil, &apiError{400, "ServiceDeploymentNotFoundException", "Service deployment not found."}
	case in.StopType != "" && in.StopType != types.StopServiceDeploymentStopTypeRollback:
		return nil, invalidParameter("stopType must be ROLLBACK.")
	case d.Record.v.Status != types.ServiceDeploymentStatusPending &&
		d.Record.v.Status != types.ServiceDeploymentStatusInProgress:
		return nil, conflict("The service deployment is %s and cannot be stopped.", d.Record.v.Status)
	}
	d.Deployment.v.RolloutState = types.DeploymentRolloutStateFailed
	d.Deployment.v.RolloutStateReason = new("Service deployment was stopped by the user.")
	if !s.rollBack(r, d, "Service deployment was rolled back because it was stopped by the user.",
		"Rolling back to deploymentId ") {
		d.Deployment.v.RolloutState = types.DeploymentRolloutStateInProgress
		return nil, conflict("There is no completed deployment to roll back to.")
	}
	s.Wake = r.now().Add(reaction)
	return &ecs.StopServiceDeploymentOutput{ServiceDeploymentArn: in.ServiceDeploymentArn}, nil
}
