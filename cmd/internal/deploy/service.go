package deploy

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A ServiceWant is what compose service up and its like are asked for.
type ServiceWant struct {
	CreateWant
	Cluster  string
	Count    *int32 // tasks that are asked for; nil keeps those that there are
	Force    bool   // begins a deployment also if nothing has changed
	Role     string // of a Classic Load Balancer; when the service is made
	Revision string // "shop:3", to be served in place of what the files describe; "" for that
	Project  string

	SkipBefore bool          // leaves out what the files want to be run before a deployment
	Output     func() Output // of what is run before; nil if nobody cares
}

// Name returns the name of the service.
func (w *ServiceWant) Name() string { return *w.Service.ServiceName }

func (w *ServiceWant) on() string { return "service/" + w.Name() }

// A ServiceState is what ECS has of it.
type ServiceState struct {
	CreateState
	Service  *types.Service // nil if there is none
	Inactive bool           // there was one, and it is deleted
	drains   []drain
}

// ObserveService reads all that planning needs.
func ObserveService(ctx context.Context, c *Clients, w *ServiceWant) (*ServiceState, error) {
	s := &ServiceState{}
	errs := sideBySide(
		func() (err error) {
			s.Service, s.Inactive, err = describeService(ctx, c, w.Cluster, w.Name())
			return err
		},
		func() (err error) { s.drains, err = w.resolveTargetGroups(ctx, c); return err },
		func() error {
			if w.Revision != "" {
				return s.observeRevision(ctx, c, w)
			}
			created, err := ObserveCreate(ctx, c, &w.CreateWant)
			if err == nil {
				s.CreateState = *created
			}
			return err
		},
	)
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return s, s.check(w)
}

// ObserveServiceOnly reads what the service is, and nothing of task definitions.
func ObserveServiceOnly(ctx context.Context, c *Clients, w *ServiceWant) (*ServiceState, error) {
	s := &ServiceState{}
	var err error
	if s.Service, s.Inactive, err = describeService(ctx, c, w.Cluster, w.Name()); err != nil {
		return nil, err
	}
	return s, s.check(w)
}

// observeRevision finds the revision that is asked for by its name.
func (s *ServiceState) observeRevision(ctx context.Context, c *Clients, w *ServiceWant) error {
	r, err := describeRevision(ctx, c, w.Revision)
	switch {
	case err != nil:
		return err
	case r == nil || r.Definition.Status != types.TaskDefinitionStatusActive:
		return fmt.Errorf("there is no ACTIVE revision %s: see ecsctl compose revisions", w.Revision)
	}
	s.Family = &Family{Name: r.Family(), Match: r, Latest: r}
	return nil
}

// check refuses services that are deployed by something else.
func (s *ServiceState) check(w *ServiceWant) error {
	if s.Service == nil {
		return nil
	}
	if s.Service.ResourceManagementType == types.ResourceManagementTypeEcs {
		return fmt.Errorf("%s is an Express service, which ECS manages itself: update it with aws ecs update-express-gateway-service",
			w.on())
	}
	if k := s.Service.DeploymentController; k != nil && k.Type != "" && k.Type != types.DeploymentControllerTypeEcs {
		return fmt.Errorf("%s is deployed by %s: make a service with the controller ECS, which has blue/green deployments "+
			"of its own (run_params.deployment_configuration.strategy)", w.on(), k.Type)
	}
	return nil
}

// describeService returns a service that is ACTIVE or DRAINING, nil if there is none, and whether there was one.
func describeService(ctx context.Context, c *Clients, cluster, name string) (s *types.Service, inactive bool, err error) {
	out, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &cluster, Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags},
	})
	if err != nil {
		return nil, false, call.Wrap("service/"+name, err)
	}
	for i := range out.Services {
		if s := &out.Services[i]; deref(s.Status) != "INACTIVE" {
			return s, false, nil
		}
		inactive = true
	}
	for _, f := range out.Failures {
		if deref(f.Reason) != "MISSING" {
			return nil, false, fmt.Errorf("ecs:DescribeServices service/%s: %s %s", name, deref(f.Reason), deref(f.Detail))
		}
	}
	return nil, inactive, nil
}

// primary returns the deployment that a service is on its way to, or has come to; nil if it has none.
func primary(s *types.Service) *types.Deployment {
	for i := range s.Deployments {
		if deref(s.Deployments[i].Status) == "PRIMARY" {
			return &s.Deployments[i]
		}
	}
	return nil
}

// missingError says that there is no service, and how one is made.
func (w *ServiceWant) missingError() error {
	return fmt.Errorf("there is no %s in cluster %s: make it with ecsctl compose service up", w.on(), clusterName(w.Cluster))
}

// isDaemon reports whether a service runs one task on each container instance: it has no count.
func isDaemon(s types.SchedulingStrategy) bool { return strings.EqualFold(string(s), "DAEMON") }
