package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A service is what is decided about a service; the scheduler brings it about. See scheduler.go.
type service struct {
	Service     sdk[types.Service]        `json:"service"` // without deployments, events and what can be counted
	Deployments []*deployment             `json:"deployments"`
	Events      []sdk[types.ServiceEvent] `json:"events,omitempty"` // newest first, at most a hundred
	Wake        time.Time                 `json:"wake"`             // when the scheduler looks at it again
	NotBefore   time.Time                 `json:"notBefore"`        // no task is started before
	Streak      int                       `json:"streak"`           // tasks that failed one after another
	Unsteady    bool                      `json:"unsteady,omitempty"`
}

// A deployment is a deployment of a service, the last one first. It is also a service revision, and the service
// deployment that led to it.
type deployment struct {
	Deployment sdk[types.Deployment]        `json:"deployment"` // its status is INACTIVE when it has no tasks any more
	Revision   sdk[types.ServiceRevision]   `json:"revision"`
	Record     sdk[types.ServiceDeployment] `json:"record"`
	Good       bool                         `json:"good,omitempty"`   // it was completed once
	Undoes     string                       `json:"undoes,omitempty"` // id of the deployment that this one rolls back
	Course     *course                      `json:"course,omitempty"` // nil if it is rolling
	Rang       []string                     `json:"rang,omitempty"`   // alarms that ended it
}

func (d *deployment) id() string { return *d.Deployment.v.Id }

func (s *service) name() string { return *s.Service.v.ServiceName }

func (s *service) clusterName() string { return shortName(*s.Service.v.ClusterArn) }

func (s *service) active() bool { return *s.Service.v.Status == "ACTIVE" }

// primary returns the deployment that the service is to have.
func (s *service) primary() *deployment {
	for _, d := range s.Deployments {
		if *d.Deployment.v.Status == "PRIMARY" {
			return d
		}
	}
	return s.Deployments[0] // of a service that was deleted
}

func (s *service) deployment(id string) *deployment {
	for _, d := range s.Deployments {
		if d.id() == id {
			return d
		}
	}
	return nil
}

// tasks returns the service's tasks that are remembered, oldest first.
func (s *service) tasks(r *region) []*task {
	var list []*task
	for _, t := range r.Tasks {
		if t.Group == "service:"+s.name() && s.deployment(t.StartedBy) != nil {
			list = append(list, t)
		}
	}
	return list
}

// event remembers a service event.
func (s *service) event(r *region, message string) {
	e := sdk[types.ServiceEvent]{types.ServiceEvent{
		Id: new(r.uuid()), CreatedAt: new(r.now()), Message: new("(service " + s.name() + ") " + message),
	}}
	s.Events = append([]sdk[types.ServiceEvent]{e}, s.Events...)
	s.Events = s.Events[:min(len(s.Events), 100)]
}

// service returns the service of a name or ARN in the cluster, or nil.
func (r *region) service(c *cluster, name string) *service {
	s := r.Services[c.name()+"/"+shortName(name)]
	if s != nil && strings.HasPrefix(name, "arn:") && *s.Service.v.ServiceArn != name {
		return nil
	}
	return s
}

// activeServices counts the services of a cluster.
func (r *region) activeServices(cluster string) int32 {
	n := int32(0)
	for _, s := range r.Services {
		if s.clusterName() == cluster && s.active() {
			n++
		}
	}
	return n
}

// describeService returns a service as it is now.
func (r *region) describeService(s *service, withTags bool) types.Service {
	v := s.Service.v
	v.Deployments, v.Events, v.Tags = []types.Deployment{}, []types.ServiceEvent{}, nil
	empty(&v.LoadBalancers)
	empty(&v.PlacementConstraints)
	empty(&v.PlacementStrategy)
	empty(&v.ServiceRegistries)
	if withTags {
		v.Tags = r.tags(*v.ServiceArn)
	}
	for _, e := range s.Events {
		v.Events = append(v.Events, e.v)
	}
	for _, t := range s.tasks(r) {
		r.count(t, &v.PendingCount, &v.RunningCount)
	}
	if *v.Status == "INACTIVE" {
		return v
	}
	for _, d := range s.Deployments {
		if *d.Deployment.v.Status == "INACTIVE" {
			continue
		}
		dv := d.Deployment.v
		for _, t := range s.tasks(r) {
			if t.StartedBy == d.id() {
				r.count(t, &dv.PendingCount, &dv.RunningCount)
			}
		}
		dv.DesiredCount = dv.PendingCount + dv.RunningCount
		if *dv.Status == "PRIMARY" {
			dv.DesiredCount = v.DesiredCount
		}
		v.Deployments = append(v.Deployments, dv)
		v.CurrentServiceRevisions = append(v.CurrentServiceRevisions, types.ServiceCurrentRevisionSummary{
			Arn: d.Revision.v.ServiceRevisionArn, RequestedTaskCount: dv.DesiredCount,
			PendingTaskCount: dv.PendingCount, RunningTaskCount: dv.RunningCount,
		})
	}
	slices.SortStableFunc(v.Deployments, func(a, b types.Deployment) int { return strings.Compare(*b.Status, *a.Status) })
	for _, d := range s.Deployments {
		if underWay(d.Record.v.Status) {
			v.CurrentServiceDeployment = d.Record.v.ServiceDeploymentArn
		}
	}
	return v
}

// count adds a task to the pending or the running ones.
func (r *region) count(t *task, pending, running *int32) {
	switch t.timeline(r).status(r.now()) {
	case "RUNNING":
		*running++
	case "PROVISIONING", "PENDING":
		*pending++
	}
}

// describeServices: at most ten; those that are DRAINING or INACTIVE can still be described.
func describeServices(r *region, in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	c, err := r.cluster(in.Cluster)
	switch {
	case err != nil:
		return nil, err
	case len(in.Services) == 0:
		return nil, invalidParameter("Services cannot be empty.")
	case len(in.Services) > 10:
		return nil, invalidParameter("Services cannot have more than 10 elements.")
	}
	out := &ecs.DescribeServicesOutput{Services: []types.Service{}, Failures: []types.Failure{}}
	for _, name := range in.Services {
		s := r.service(c, name)
		if s == nil {
			arn := r.arn("service/" + c.name() + "/" + shortName(name))
			out.Failures = append(out.Failures, types.Failure{Arn: new(arn), Reason: new("MISSING")})
			continue
		}
		out.Services = append(out.Services, r.describeService(s, slices.Contains(in.Include, types.ServiceFieldTags)))
	}
	return out, nil
}

// listServices: "If this parameter isn't used, then ListServices returns up to 10 results".
func listServices(r *region, in *ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, key := range slices.Sorted(maps.Keys(r.Services)) {
		s := r.Services[key]
		v := &s.Service.v
		if s.clusterName() == c.name() && *v.Status != "INACTIVE" &&
			(in.LaunchType == "" || in.LaunchType == v.LaunchType) &&
			(in.SchedulingStrategy == "" || in.SchedulingStrategy == v.SchedulingStrategy) {
			arns = append(arns, *v.ServiceArn)
		}
	}
	arns, next, err := page(arns, in.MaxResults, in.NextToken, 10, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListServicesOutput{ServiceArns: arns, NextToken: next}, nil
}

// deleteService: a service with tasks must be scaled to 0 before, or force is given. It is DRAINING until its tasks
// have stopped, then INACTIVE.
func deleteService(r *region, in *ecs.DeleteServiceInput) (*ecs.DeleteServiceOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	s := r.service(c, value(in.Service))
	v := types.Service{}
	if s != nil {
		v = r.describeService(s, false)
	}
	switch {
	case s == nil:
		return nil, serviceNotFound()
	case !s.active():
		return nil, &apiError{400, "ServiceNotActiveException", "Service was not ACTIVE."}
	case !value(in.Force) && v.DesiredCount > 0 && v.SchedulingStrategy == types.SchedulingStrategyReplica:
		return nil, invalidParameter("The service cannot be stopped while it is scaled above 0.")
	}
	s.Service.v.Status, s.Service.v.DesiredCount = new("DRAINING"), 0
	for _, d := range s.Deployments {
		if underWay(d.Record.v.Status) {
			s.close(r, d, types.ServiceDeploymentStatusStopped, "Service deployment stopped because the service was deleted.")
		}
	}
	s.Wake = r.now()
	v = r.describeService(s, false)
	return &ecs.DeleteServiceOutput{Service: &v}, nil
}

func serviceNotFound() error { return &apiError{400, "ServiceNotFoundException", "Service not found."} }
