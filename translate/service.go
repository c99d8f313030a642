package translate

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/ecsparams"
)

// A Service is what ecs:CreateService, ecs:UpdateService and ecs:RunTask are told besides the task definition. Members
// that both APIs have carry the APIs' own names and types; zero means not set.
type Service struct {
	// of services and tasks
	CapacityProviderStrategy []types.CapacityProviderStrategyItem
	EnableECSManagedTags     *bool
	EnableExecuteCommand     *bool
	LaunchType               types.LaunchType
	NetworkConfiguration     *types.NetworkConfiguration
	PlacementConstraints     []types.PlacementConstraint
	PlacementStrategy        []types.PlacementStrategy
	PlatformVersion          *string
	PropagateTags            types.PropagateTags
	Tags                     []types.Tag
	VolumeConfigurations     []types.TaskVolumeConfiguration

	// of services
	ServiceName                   *string
	AvailabilityZoneRebalancing   types.AvailabilityZoneRebalancing
	DeploymentConfiguration       *types.DeploymentConfiguration
	DeploymentController          *types.DeploymentController
	DesiredCount                  *int32
	GatewayConnectors             []types.GatewayConnector
	HealthCheckGracePeriodSeconds *int32
	LoadBalancers                 []ecsparams.LoadBalancer
	Monitoring                    *types.MonitoringConfiguration
	SchedulingStrategy            types.SchedulingStrategy
	ServiceConnectConfiguration   *types.ServiceConnectConfiguration
	VpcLatticeConfigurations      []types.VpcLatticeConfiguration

	// of tasks
	Group     *string
	Overrides *types.TaskOverride

	// of the neighbours of ECS
	Discovery   *ecsparams.ServiceDiscovery
	AutoScaling *ecsparams.AutoScaling
	Schedule    *ecsparams.Schedule
	Daemon      *ecsparams.Daemon
	Express     *ecsparams.ExpressGatewayService
	Logs        *ecsparams.Logs

	BeforeDeploy []ecsparams.BeforeDeploy // tasks before the service gets a new revision
}
