package ecsparams

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// enums holds the words of each type that takes only certain words: those of the ECS API, and those of its neighbours.
var enums = map[reflect.Type][]string{
	enum[types.AccessType]():                            words[types.AccessType](),
	enum[types.ApplicationProtocol]():                   words[types.ApplicationProtocol](),
	enum[types.AssignPublicIp]():                        words[types.AssignPublicIp](),
	enum[types.AvailabilityZoneRebalancing]():           words[types.AvailabilityZoneRebalancing](),
	enum[types.Compatibility]():                         words[types.Compatibility](),
	enum[types.ContainerCondition]():                    words[types.ContainerCondition](),
	enum[types.CPUArchitecture]():                       words[types.CPUArchitecture](),
	enum[types.DeploymentControllerType]():              words[types.DeploymentControllerType](),
	enum[types.DeploymentLifecycleHookAction]():         words[types.DeploymentLifecycleHookAction](),
	enum[types.DeploymentLifecycleHookStage]():          words[types.DeploymentLifecycleHookStage](),
	enum[types.DeploymentLifecycleHookTargetType]():     words[types.DeploymentLifecycleHookTargetType](),
	enum[types.DeploymentStrategy]():                    words[types.DeploymentStrategy](),
	enum[types.EBSResourceType]():                       words[types.EBSResourceType](),
	enum[types.EFSAuthorizationConfigIAM]():             words[types.EFSAuthorizationConfigIAM](),
	enum[types.EFSTransitEncryption]():                  words[types.EFSTransitEncryption](),
	enum[types.EnvironmentFileType]():                   words[types.EnvironmentFileType](),
	enum[types.ExpressCpuArchitecture]():                words[types.ExpressCpuArchitecture](),
	enum[types.ExpressGatewayServiceScalingMetric]():    words[types.ExpressGatewayServiceScalingMetric](),
	enum[types.FirelensConfigurationType]():             words[types.FirelensConfigurationType](),
	enum[types.GatewayConnectorHealthCheckProtocol]():   words[types.GatewayConnectorHealthCheckProtocol](),
	enum[types.IpcMode]():                               words[types.IpcMode](),
	enum[types.LaunchType]():                            words[types.LaunchType](),
	enum[types.LogDriver]():                             words[types.LogDriver](),
	enum[types.NetworkMode]():                           words[types.NetworkMode](),
	enum[types.OSFamily]():                              words[types.OSFamily](),
	enum[types.PidMode]():                               words[types.PidMode](),
	enum[types.PlacementConstraintType]():               words[types.PlacementConstraintType](),
	enum[types.PlacementStrategyType]():                 words[types.PlacementStrategyType](),
	enum[types.PropagateTags]():                         words[types.PropagateTags](),
	enum[types.ProxyConfigurationType]():                words[types.ProxyConfigurationType](),
	enum[types.ResourceType]():                          words[types.ResourceType](),
	enum[types.Scope]():                                 words[types.Scope](),
	enum[types.ServiceConnectAccessLoggingFormat]():     words[types.ServiceConnectAccessLoggingFormat](),
	enum[types.ServiceConnectIncludeQueryParameters]():  words[types.ServiceConnectIncludeQueryParameters](),
	enum[types.ServiceRevisionCleanup]():                words[types.ServiceRevisionCleanup](),
	enum[types.ServiceConnectContainerLogLevel]():       words[types.ServiceConnectContainerLogLevel](),
	enum[types.TaskDefinitionPlacementConstraintType](): words[types.TaskDefinitionPlacementConstraintType](),
	enum[types.TaskFilesystemType]():                    words[types.TaskFilesystemType](),
	enum[types.ThresholdType]():                         words[types.ThresholdType](),
	enum[types.TransportProtocol]():                     words[types.TransportProtocol](),
	enum[types.VersionConsistency]():                    words[types.VersionConsistency](),
	reflect.TypeFor[DNSType]():                          {"A", "SRV"},
	reflect.TypeFor[LogGroupClass]():                    {"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"},
	reflect.TypeFor[ScalingPolicyType]():                {"TargetTrackingScaling", "StepScaling", "PredictiveScaling"},
	reflect.TypeFor[ScheduleState]():                    {"ENABLED", "DISABLED"},
	reflect.TypeFor[FlexibleTimeWindowMode]():           {"OFF", "FLEXIBLE"},
}

// unions holds, for each union of the ECS API, its members by key.
var unions = map[reflect.Type]map[string]reflect.Type{
	reflect.TypeFor[types.ServiceConnectContainerConfiguration](): {
		"log_level": reflect.TypeFor[types.ServiceConnectContainerConfigurationMemberLogLevel](),
	},
	reflect.TypeFor[types.SharingStrategy](): {
		"nvidia_mps": reflect.TypeFor[types.SharingStrategyMemberNvidiaMps](),
	},
}

// An apiEnum is a word of the ECS API, as the SDK has it.
type apiEnum[T any] interface {
	~string
	Values() []T
}

func enum[T apiEnum[T]]() reflect.Type { return reflect.TypeFor[T]() }

func words[T apiEnum[T]]() []string {
	var zero T
	var l []string
	for _, v := range zero.Values() {
		l = append(l, string(v))
	}
	return l
}
