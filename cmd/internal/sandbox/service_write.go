package sandbox

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

const reaction = time.Second // what the scheduler takes to see that something is asked of it

// createService: "Runs and maintains your desired number of tasks from a specified task definition."
func createService(r *region, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	request := digest(awsjson.Marshal(in))
	used, err := r.remembered("CreateService", in.ClientToken, request)
	if err != nil {
		return nil, err
	}
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	key := c.name() + "/" + value(in.ServiceName)
	if s := r.Services[key]; s != nil {
		switch {
		case used != nil && s.active():
			v := r.describeService(s, true)
			return &ecs.CreateServiceOutput{Service: &v}, nil
		case s.active():
			return nil, invalidParameter("Creation of service was not idempotent.")
		case *s.Service.v.Status == "DRAINING":
			return nil, invalidParameter("Unable to Start a service that is still Draining.")
		}
	}
	if !nameOK.MatchString(value(in.ServiceName)) {
		return nil, invalidParameter("Invalid service name: names have 1 to 255 letters, digits, hyphens and underscores.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := checkBakeTime(in.DeploymentConfiguration, ""); err != nil {
		return nil, err
	}
	td, err := r.runnable(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	s := r.newService(in, c)
	d := s.newDeployment(r, td, nil)
	setShared(d, in.ServiceConnectConfiguration, in.VolumeConfigurations, in.VpcLatticeConfigurations)
	if err := r.checkService(s, d, c, td); err != nil {
		return nil, err
	}
	r.Services[key] = s
	r.setTags(*s.Service.v.ServiceArn, in.Tags)
	r.remember("CreateService", in.ClientToken, token{request, []string{*s.Service.v.ServiceArn}, r.now()})
	v := r.describeService(s, true)
	return &ecs.CreateServiceOutput{Service: &v}, nil
}

// newService returns the service that the request describes, with ECS's defaults.
func (r *region) newService(in *ecs.CreateServiceInput, c *cluster) *service {
	v := types.Service{
		AvailabilityZoneRebalancing:   in.AvailabilityZoneRebalancing,
		CapacityProviderStrategy:      in.CapacityProviderStrategy,
		ClusterArn:                    c.Cluster.v.ClusterArn,
		CreatedAt:                     new(r.now()),
		CreatedBy:                     new(Principal),
		DeploymentConfiguration:       in.DeploymentConfiguration,
		DeploymentController:          in.DeploymentController,
		DesiredCount:                  value(in.DesiredCount),
		EnableECSManagedTags:          in.EnableECSManagedTags,
		EnableExecuteCommand:          in.EnableExecuteCommand,
		HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds,
		LaunchType:                    in.LaunchType,
		LoadBalancers:                 in.LoadBalancers,
		NetworkConfiguration:          in.NetworkConfiguration,
		PlacementConstraints:          in.PlacementConstraints,
		PlacementStrategy:             in.PlacementStrategy,
		PlatformVersion:               in.PlatformVersion,
		PropagateTags:                 in.PropagateTags,
		RoleArn:                       in.Role,
		SchedulingStrategy:            in.SchedulingStrategy,
		ServiceArn:                    new(r.arn("service/" + c.name() + "/" + value(in.ServiceName))),
		ServiceName:                   in.ServiceName,
		ServiceRegistries:             in.ServiceRegistries,
		Status:                        new("ACTIVE"),
	}
	orEmpty(&v.SchedulingStrategy, types.SchedulingStrategyReplica)
	orEmpty(&v.PropagateTags, types.PropagateTagsNone)
	orEmpty(&v.AvailabilityZoneRebalancing, types.AvailabilityZoneRebalancingEnabled)
	if v.SchedulingStrategy == types.SchedulingStrategyDaemon {
		v.AvailabilityZoneRebalancing = types.AvailabilityZoneRebalancingDisabled
		v.DesiredCount = int32(len(c.Instances))
	}
	fillDeployment(&v)
	return &service{Service: sdk[types.Service]{v}}
}

func orEmpty[T ~string](p *T, v T) {
	if *p == "" {
		*p = v
	}
}

// fillDeployment sets the defaults of DeploymentConfiguration: 200 and 100 percent, for daemons 100 and 0.
func fillDeployment(v *types.Service) {
	c := types.DeploymentConfiguration{}
	if v.DeploymentConfiguration != nil {
		c = *v.DeploymentConfiguration
	}
	most, least := int32(200), int32(100)
	if v.SchedulingStrategy == types.SchedulingStrategyDaemon {
		most, least = 100, 0
	}
	orElse(&c.MaximumPercent, most)
	orElse(&c.MinimumHealthyPercent, least)
	orElse(&c.DeploymentCircuitBreaker, types.DeploymentCircuitBreaker{})
	orElse(&c.BakeTimeInMinutes, 0)
	orEmpty(&c.Strategy, types.DeploymentStrategyRolling)
	v.DeploymentConfiguration = &c
}

// launchOf returns how the tasks of a deployment start.
func (s *service) launchOf(d *deployment, c *cluster, td *types.TaskDefinition) *launch {
	v := &s.Service.v
	return &launch{
		cluster: c, definition: td, group: "service:" + s.name(), startedBy: d.id(), launchType: v.LaunchType,
		strategy: v.CapacityProviderStrategy, platform: value(v.PlatformVersion), network: v.NetworkConfiguration,
		constraints: v.PlacementConstraints, placement: v.PlacementStrategy, exec: v.EnableExecuteCommand,
	}
}

// newDeployment adds a deployment, which is the PRIMARY one from now on; it comes in place of one that it follows.
func (s *service) newDeployment(r *region, td *types.TaskDefinition, old *deployment) *deployment {
	sum := sha256.Sum256([]byte(r.id()))
	digits := new(big.Int).SetBytes(sum[:]).String()
	at, path := r.now(), s.clusterName()+"/"+s.name()+"/"
	d := &deployment{}
	d.Deployment.v = types.Deployment{
		Id: new("ecs-svc/" + digits[:19]), Status: new("PRIMARY"), TaskDefinition: td.TaskDefinitionArn,
		CreatedAt: new(at), UpdatedAt: new(at), RolloutState: types.DeploymentRolloutStateInProgress,
	}
	d.Deployment.v.RolloutStateReason = new("ECS deployment " + d.id() + " in progress.")
	d.Revision.v = types.ServiceRevision{
		ServiceRevisionArn: new(r.arn("service-revision/" + path + digits[19:38])), ServiceArn: s.Service.v.ServiceArn,
		ClusterArn: s.Service.v.ClusterArn, TaskDefinition: td.TaskDefinitionArn, CreatedAt: new(at),
	}
	for _, c := range td.ContainerDefinitions {
		image := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(*c.Image)))
		d.Revision.v.ContainerImages = append(d.Revision.v.ContainerImages, types.ContainerImage{
			ContainerName: c.Name, Image: c.Image, ImageDigest: new(image),
		})
	}
	d.Record.v = types.ServiceDeployment{
		ServiceDeploymentArn: new(r.arn("service-deployment/" + path + r.id()[:21])), ServiceArn: s.Service.v.ServiceArn,
		ClusterArn: s.Service.v.ClusterArn, CreatedAt: new(at), UpdatedAt: new(at),
		Status: types.ServiceDeploymentStatusPending,
	}
	if old != nil {
		d.Deployment.v.ServiceConnectConfiguration = old.Deployment.v.ServiceConnectConfiguration
		d.Deployment.v.VolumeConfigurations = old.Deployment.v.VolumeConfigurations
		d.Deployment.v.VpcLatticeConfigurations = old.Deployment.v.VpcLatticeConfigurations
		s.supersede(r, old)
	}
	d.copySettings(&s.Service.v)
	d.Course = s.newCourse(r)
	s.Deployments = append([]*deployment{d}, s.Deployments...)
	s.Service.v.TaskDefinition = td.TaskDefinitionArn
	s.Streak, s.NotBefore, s.Wake = 0, at, at.Add(reaction)
	return d
}

// copySettings gives the deployment and its revision the settings of the service.
func (d *deployment) copySettings(v *types.Service) {
	p, rev := &d.Deployment.v, &d.Revision.v
	p.LaunchType, p.CapacityProviderStrategy = v.LaunchType, v.CapacityProviderStrategy
	p.NetworkConfiguration, p.PlatformFamily, p.PlatformVersion = v.NetworkConfiguration, v.PlatformFamily, nil
	if v.PlatformVersion != nil {
		p.PlatformVersion = new(fargatePlatform(*v.PlatformVersion))
	}
	rev.LaunchType, rev.CapacityProviderStrategy = p.LaunchType, p.CapacityProviderStrategy
	rev.NetworkConfiguration, rev.PlatformFamily = p.NetworkConfiguration, p.PlatformFamily
	rev.PlatformVersion = p.PlatformVersion
	rev.LoadBalancers, rev.ServiceRegistries = v.LoadBalancers, v.ServiceRegistries
	rev.ServiceConnectConfiguration, rev.VolumeConfigurations = p.ServiceConnectConfiguration, p.VolumeConfigurations
	rev.VpcLatticeConfigurations = p.VpcLatticeConfigurations
	d.Record.v.DeploymentConfiguration = v.DeploymentConfiguration
}

// setShared sets what only a deployment has, and says whether that changes it; nil leaves it as it is.
func setShared(
	d *deployment, connect *types.ServiceConnectConfiguration, volumes []types.ServiceVolumeConfiguration,
	lattice []types.VpcLatticeConfiguration,
) (changed bool) {
	before := awsjson.Marshal(&d.Deployment.v)
	v, rev := &d.Deployment.v, &d.Revision.v
	pointer(&v.ServiceConnectConfiguration, connect)
	list(&v.VolumeConfigurations, volumes)
	list(&v.VpcLatticeConfigurations, lattice)
	rev.ServiceConnectConfiguration, rev.VolumeConfigurations = v.ServiceConnectConfiguration, v.VolumeConfigurations
	rev.VpcLatticeConfigurations = v.VpcLatticeConfigurations
	return !bytes.Equal(before, awsjson.Marshal(&d.Deployment.v))
}

// updateService: what is not given stays; what UpdateService says "triggers a new service deployment" does so when it
// differs from what the service has.
func updateService(r *region, in *ecs.UpdateServiceInput) (*ecs.UpdateServiceOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	s := r.service(c, value(in.Service))
	switch {
	case s == nil:
		return nil, serviceNotFound()
	case !s.active():
		return nil, &apiError{400, "ServiceNotActiveException", "Service was not ACTIVE."}
	}
	old := s.primary()
	td := r.definition(*old.Deployment.v.TaskDefinition)
	if in.TaskDefinition != nil {
		if td, err = r.runnable(in.TaskDefinition); err != nil {
			return nil, err
		}
	}
	if err := checkBakeTime(in.DeploymentConfiguration, s.Service.v.DeploymentConfiguration.Strategy); err != nil {
		return nil, err
	}
	n := &service{Service: s.Service}
	n.merge(in)
	trial := &deployment{Deployment: old.Deployment, Revision: old.Revision}
	shared := setShared(trial, in.ServiceConnectConfiguration, in.VolumeConfigurations, in.VpcLatticeConfigurations)
	if err := r.checkService(n, trial, c, td); err != nil {
		return nil, err
	}
	n.Service.v.TaskDefinition = td.TaskDefinitionArn
	deploys := in.ForceNewDeployment || shared || !bytes.Equal(deployed(&s.Service.v), deployed(&n.Service.v))
	s.Service = n.Service
	s.Wake = r.now().Add(reaction)
	if deploys {
		d := s.newDeployment(r, td, old)
		setShared(d, in.ServiceConnectConfiguration, in.VolumeConfigurations, in.VpcLatticeConfigurations)
	}
	v := r.describeService(s, true)
	return &ecs.UpdateServiceOutput{Service: &v}, nil
}

// deployed returns the settings of a service whose change starts a deployment.
func deployed(v *types.Service) []byte {
	return awsjson.Marshal(&types.Service{
		CapacityProviderStrategy: v.CapacityProviderStrategy, LoadBalancers: v.LoadBalancers,
		NetworkConfiguration: v.NetworkConfiguration, PlatformVersion: v.PlatformVersion,
		ServiceRegistries: v.ServiceRegistries, TaskDefinition: v.TaskDefinition,
	})
}

// merge sets what the request gives. An empty list removes what was there.
func (s *service) merge(in *ecs.UpdateServiceInput) {
	v := &s.Service.v
	given(&v.DesiredCount, in.DesiredCount)
	given(&v.EnableECSManagedTags, in.EnableECSManagedTags)
	given(&v.EnableExecuteCommand, in.EnableExecuteCommand)
	list(&v.LoadBalancers, in.LoadBalancers)
	list(&v.PlacementConstraints, in.PlacementConstraints)
	list(&v.PlacementStrategy, in.PlacementStrategy)
	list(&v.ServiceRegistries, in.ServiceRegistries)
	if in.CapacityProviderStrategy != nil {
		v.CapacityProviderStrategy, v.LaunchType = in.CapacityProviderStrategy, ""
	}
	if in.AvailabilityZoneRebalancing != "" {
		v.AvailabilityZoneRebalancing = in.AvailabilityZoneRebalancing
	}
	if in.PropagateTags != "" {
		v.PropagateTags = in.PropagateTags
	}
	pointer(&v.HealthCheckGracePeriodSeconds, in.HealthCheckGracePeriodSeconds)
	pointer(&v.NetworkConfiguration, in.NetworkConfiguration)
	pointer(&v.PlatformVersion, in.PlatformVersion)
	pointer(&v.DeploymentController, in.DeploymentController)
	if in.DeploymentConfiguration != nil {
		v.DeploymentConfiguration = mergeDeployment(*v.DeploymentConfiguration, in.DeploymentConfiguration)
	}
}

// mergeDeployment sets what the request gives of the deployment configuration. What is of another strategy than the one
// that is asked for does not stay.
func mergeDeployment(
	merged types.DeploymentConfiguration, k *types.DeploymentConfiguration,
) *types.DeploymentConfiguration {
	if k.Strategy != "" && k.Strategy != merged.Strategy {
		merged.Strategy, merged.LinearConfiguration, merged.CanaryConfiguration = k.Strategy, nil, nil
	}
	pointer(&merged.Alarms, k.Alarms)
	pointer(&merged.BakeTimeInMinutes, k.BakeTimeInMinutes)
	pointer(&merged.CanaryConfiguration, k.CanaryConfiguration)
	pointer(&merged.DeploymentCircuitBreaker, k.DeploymentCircuitBreaker)
	list(&merged.LifecycleHooks, k.LifecycleHooks)
	pointer(&merged.LinearConfiguration, k.LinearConfiguration)
	pointer(&merged.MaximumPercent, k.MaximumPercent)
	pointer(&merged.MinimumHealthyPercent, k.MinimumHealthyPercent)
	return &merged
}

func given[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}

func pointer[T any](dst **T, src *T) {
	if src != nil {
		*dst = src
	}
}

func list[T any](dst *[]T, src []T) {
	if src != nil {
		*dst = src
	}
}

// taskTagsOf returns the tags of a new task of the service; see propagateTags and enableECSManagedTags.
func (s *service) taskTagsOf(r *region, d *deployment) []types.Tag {
	v := &s.Service.v
	var tags []types.Tag
	switch v.PropagateTags {
	case types.PropagateTagsService:
		tags = r.tags(*v.ServiceArn)
	case types.PropagateTagsTaskDefinition:
		tags = r.tags(*d.Deployment.v.TaskDefinition)
	}
	tags = slices.DeleteFunc(tags, func(t types.Tag) bool { return strings.HasPrefix(*t.Key, "aws:") })
	if v.EnableECSManagedTags {
		tags = append(tags,
			types.Tag{Key: new("aws:ecs:clusterName"), Value: new(s.clusterName())},
			types.Tag{Key: new("aws:ecs:serviceName"), Value: new(s.name())})
	}
	return tags
}
