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

// A Deployment is one deployment of a service in its history.
type Deployment struct {
	ID       string     `json:"id"` // last part of the ARN of the service deployment
	ARN      string     `json:"serviceDeploymentArn"`
	Revision string     `json:"revision"` // "shop:3"; "" if ECS no longer knows
	Status   string     `json:"status"`
	Reason   string     `json:"reason,omitempty"` // why it ended so
	Created  *time.Time `json:"createdAt,omitempty"`
	Finished *time.Time `json:"finishedAt,omitempty"`

	definition string // ARN of the task definition
}

func (d *Deployment) underWay() bool {
	switch types.ServiceDeploymentStatus(d.Status) {
	case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress:
		return true
	}
	return false
}

// describeAtMost is how many service deployments and revisions ECS describes in one call.
const describeAtMost = 20

// History returns the deployments of a service, newest first, at most limit.
func History(ctx context.Context, c *Clients, cluster, service string, limit int) ([]Deployment, error) {
	var briefs []types.ServiceDeploymentBrief
	in := &ecs.ListServiceDeploymentsInput{Cluster: &cluster, Service: &service}
	for len(briefs) < limit {
		in.MaxResults = new(int32(min(100, limit-len(briefs))))
		out, err := c.ECS.ListServiceDeployments(ctx, in)
		if err != nil {
			return nil, call.Wrap("service/"+service, err)
		}
		briefs = append(briefs, out.ServiceDeployments...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	var revisions []string
	for _, b := range briefs {
		revisions = append(revisions, deref(b.TargetServiceRevisionArn))
	}
	definitions, err := definitionsOf(ctx, c, revisions)
	if err != nil {
		return nil, err
	}
	var all []Deployment
	for _, b := range briefs {
		arn := deref(b.ServiceDeploymentArn)
		d := Deployment{
			ID: TaskID(arn), ARN: arn, Status: string(b.Status), Reason: deref(b.StatusReason), Created: b.CreatedAt,
			Finished: b.FinishedAt, definition: definitions[deref(b.TargetServiceRevisionArn)],
		}
		d.Revision = revisionName(d.definition)
		all = append(all, d)
	}
	return all, nil
}

// definitionsOf returns the task definitions of service revisions, by ARN.
func definitionsOf(ctx context.Context, c *Clients, arns []string) (map[string]string, error) {
	slices.Sort(arns)
	batches := slices.Collect(slices.Chunk(slices.Compact(arns), describeAtMost))
	found := make([][]types.ServiceRevision, len(batches))
	errs := forEach(batches, func(i int, batch []string) error {
		out, err := c.ECS.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: batch})
		if err != nil {
			return call.Wrap("service-revision", err)
		}
		found[i] = out.ServiceRevisions
		return nil
	})
	definitions := map[string]string{}
	for i, revisions := range found {
		if errs[i] != nil {
			return nil, errs[i]
		}
		for _, r := range revisions {
			definitions[deref(r.ServiceRevisionArn)] = deref(r.TaskDefinition)
		}
	}
	return definitions, nil
}

// rollbackDepth is how many deployments are looked at for one to go back to.
const rollbackDepth = 100

// A RollbackState is what planning a rollback has to know.
type RollbackState struct {
	ServiceState
	History []Deployment // newest first
}

// ObserveRollback reads all that planning needs. to is the revision or the deployment to go back to, "" for the last one
// that succeeded and differs.
func ObserveRollback(ctx context.Context, c *Clients, w *ServiceWant, to string) (*RollbackState, error) {
	s := &RollbackState{}
	only, err := ObserveServiceOnly(ctx, c, w)
	if err != nil {
		return nil, err
	}
	s.ServiceState = *only
	if s.Service == nil {
		return nil, w.missingError()
	}
	if strings.Contains(to, ":") && !strings.HasPrefix(to, "arn:") {
		w.Revision = to
		return s, s.observeRevision(ctx, c, w)
	}
	s.History, err = History(ctx, c, w.Cluster, w.Name(), rollbackDepth)
	return s, err
}

// Rollback plans to go back: to the revision that is named, by stopping the deployment that is under way, or to the last
// deployment that succeeded with another revision.
func Rollback(w *ServiceWant, s *RollbackState, to string) (Plan, error) {
	serves := deref(s.Service.TaskDefinition)
	if w.Revision != "" {
		if s.Family.Match.ARN == serves {
			return Plan{{Action: "keep", On: w.on(), Why: "serves " + w.Revision + " already"}, w.waitStep(&s.ServiceState)}, nil
		}
		return w.planBack(s, s.Family.Match.ARN, "is asked for"), nil
	}
	if to == "" && len(s.History) > 0 && s.History[0].underWay() {
		return w.planStopDeployment(&s.History[0]), nil
	}
	for _, d := range s.History {
		switch {
		case to != "" && to != d.ID && to != d.ARN:
		case to != "" && d.definition == "":
			return nil, fmt.Errorf("ECS no longer knows the task definition of deployment %s", to)
		case to != "" || d.Status == string(types.ServiceDeploymentStatusSuccessful) && d.definition != "" && d.definition != serves:
			return w.planBack(s, d.definition, fmt.Sprintf("deployment %s of it is %s", d.ID, d.Status)), nil
		}
	}
	if to != "" {
		return nil, fmt.Errorf("%s has no deployment %s: see ecsctl compose service history", w.on(), to)
	}
	return nil, fmt.Errorf("%s has no deployment that succeeded with another revision than %s: name one with --to FAMILY:NUMBER",
		w.on(), revisionName(serves))
}

// planBack plans to serve an earlier revision.
func (w *ServiceWant) planBack(s *RollbackState, definition, why string) Plan {
	name := revisionName(definition)
	return w.planCount(&s.ServiceState, fmt.Sprintf("serves %s, is to serve %s: %s", revisionName(deref(s.Service.TaskDefinition)),
		name, why), &ecs.UpdateServiceInput{Service: s.Service.ServiceName, Cluster: &w.Cluster, TaskDefinition: &name})
}

// planStopDeployment plans to stop the deployment that is under way: ECS goes back to what ran before.
func (w *ServiceWant) planStopDeployment(d *Deployment) Plan {
	in := &ecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: &d.ARN, StopType: types.StopServiceDeploymentStopTypeRollback,
	}
	return Plan{{
		Action: "ecs:StopServiceDeployment", On: w.on(), Why: "the deployment of " + d.Revision + " is under way", request: in,
		do: func(ctx context.Context, x *Execution) error {
			if _, err := x.ECS.StopServiceDeployment(ctx, in); err != nil {
				return call.Wrap("service-deployment/"+d.ID, err)
			}
			return nil
		},
	}, w.rolledBackStep(d)}
}

func (w *ServiceWant) rolledBackStep(d *Deployment) Step {
	return Step{
		Action: "wait", On: w.on(), Why: "until it is rolled back",
		do: func(ctx context.Context, x *Execution) error { return x.waitRolledBack(ctx, w, d) },
	}
}

// waitRolledBack looks at a service deployment until it is rolled back.
func (x *Execution) waitRolledBack(ctx context.Context, w *ServiceWant, d *Deployment) error {
	f := &rollout{cluster: w.Cluster, service: w.Name(), record: d.ARN, revision: d.Revision}
	return x.poll(ctx, func(elapsed time.Duration) (bool, error) {
		s, r, err := f.look(ctx, x)
		switch {
		case err != nil:
			return false, err
		case f.denied:
			return true, fmt.Errorf("the rollback of %s goes on, and how it ends may not be seen: see ecsctl compose service ps", w.on())
		case s == nil || r == nil:
			return true, fmt.Errorf("%s or its deployment %s is gone", w.on(), d.ID)
		}
		x.Report(Event{Rollout: newProgress(s, f, r, elapsed)})
		switch r.Status {
		case types.ServiceDeploymentStatusRollbackSuccessful:
			x.Uses = &Revision{ARN: deref(primary(s).TaskDefinition)}
			return true, nil
		case types.ServiceDeploymentStatusRollbackFailed, types.ServiceDeploymentStatusStopped,
			types.ServiceDeploymentStatusSuccessful:
			return true, f.failed(Failed, fmt.Sprintf("was not rolled back: it is %s%s", r.Status, because(r.StatusReason)))
		}
		return false, nil
	}, func() error { return fmt.Errorf("%w after %s: the rollback goes on", ErrTimeout, x.Timeout) })
}

// A ServiceEvent is something that ECS says happened to a service.
type ServiceEvent struct {
	ID      string    `json:"id"`
	At      time.Time `json:"createdAt"`
	Message string    `json:"message"`
}

// ServiceEvents returns the events of a service, oldest first: ECS keeps the last hundred.
func ServiceEvents(ctx context.Context, c *Clients, w *ServiceWant) ([]ServiceEvent, error) {
	s, _, err := describeService(ctx, c, w.Cluster, w.Name())
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, w.missingError()
	}
	events := []ServiceEvent{}
	for _, e := range slices.Backward(s.Events) {
		events = append(events, ServiceEvent{deref(e.Id), deref(e.CreatedAt), deref(e.Message)})
	}
	return events, nil
}
