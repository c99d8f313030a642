package ecsparams

import "github.com/aws/aws-sdk-go-v2/service/ecs/types"

// RunParams holds the settings of ecs:RunTask, ecs:CreateService and ecs:UpdateService. Those that only services have
// are ignored when the project runs as a task.
type RunParams struct {
	NetworkConfiguration          *types.NetworkConfiguration // network mode awsvpc only
	TaskPlacement                 TaskPlacement
	LaunchType                    types.LaunchType // excludes capacity_provider_strategy
	CapacityProviderStrategy      []types.CapacityProviderStrategyItem
	PlatformVersion               string // Fargate only
	EnableExecuteCommand          *bool
	EnableECSManagedTags          *bool `yaml:"enable_ecs_managed_tags"`
	PropagateTags                 types.PropagateTags
	Tags                          map[string]string // of services and tasks
	Group                         string            // of tasks; default task:<project>
	Overrides                     *types.TaskOverride
	VolumeConfigurations          []types.TaskVolumeConfiguration // EBS volumes made at launch
	DesiredCount                  *int32                          // when the service is created
	AvailabilityZoneRebalancing   types.AvailabilityZoneRebalancing
	DeploymentConfiguration       *types.DeploymentConfiguration
	DeploymentController          *types.DeploymentController // ECS only
	HealthCheckGracePeriodSeconds *int32
	LoadBalancers                 []LoadBalancer
	ServiceDiscovery              *ServiceDiscovery
	ServiceConnectConfiguration   *types.ServiceConnectConfiguration
	VPCLatticeConfigurations      []types.VpcLatticeConfiguration `yaml:"vpc_lattice_configurations"`
	Monitoring                    *types.MonitoringConfiguration
	GatewayConnectors             []types.GatewayConnector
	BeforeDeploy                  []BeforeDeploy // run before a service gets a new revision
	Logs                          *Logs          // log groups that are created
	AutoScaling                   *AutoScaling
	Schedule                      *Schedule
	Daemon                        *Daemon
	ExpressGatewayService         *ExpressGatewayService
}

// A BeforeDeploy is a task that runs to its end, of the new revision, before the service gets it. If it does not end with
// 0 the service stays as it is.
type BeforeDeploy struct {
	Service     string // whose container runs the command
	Command     Command
	Environment []types.KeyValuePair
	Timeout     *Seconds // after which the task is stopped; default 1h
}

// TaskPlacement says on which container instances tasks are placed.
type TaskPlacement struct {
	Strategy    []types.PlacementStrategy
	Constraints []types.PlacementConstraint
}

// A LoadBalancer joins a container port to a target group or a Classic Load Balancer.
type LoadBalancer struct {
	types.LoadBalancer
	TargetGroupName     string // in place of the ARN, which is looked up
	DeregistrationDelay *int32 // seconds, set on the target group
}

// ServiceDiscovery registers the tasks of a service with AWS Cloud Map.
type ServiceDiscovery struct {
	ContainerName           string
	ContainerPort           *int32
	PrivateDNSNamespace     *PrivateDNSNamespace     `yaml:"private_dns_namespace"`
	PublicDNSNamespace      *PublicDNSNamespace      `yaml:"public_dns_namespace"`
	ServiceDiscoveryService *ServiceDiscoveryService `yaml:"service_discovery_service"`
}

// A PrivateDNSNamespace is named by id, or by name and VPC.
type PrivateDNSNamespace struct {
	ID          string `yaml:"id"`
	Name        string
	VPC         string `yaml:"vpc"`
	Description string
}

// A PublicDNSNamespace is named by id or by name.
type PublicDNSNamespace struct {
	ID   string `yaml:"id"`
	Name string
}

// ServiceDiscoveryService is the Cloud Map service of the tasks.
type ServiceDiscoveryService struct {
	Name                    string // default: the name of the ECS service
	Description             string
	DNSConfig               *DNSConfig               `yaml:"dns_config"`
	HealthcheckCustomConfig *HealthcheckCustomConfig `yaml:"healthcheck_custom_config"`
}

// DNSConfig is the DNS record of each task.
type DNSConfig struct {
	Type DNSType // default: A in awsvpc, else SRV
	TTL  *int64  `yaml:"ttl"` // seconds; default 60
}

// A DNSType is a type of record that Cloud Map makes for tasks.
type DNSType string

// HealthcheckCustomConfig is deprecated by Cloud Map, which uses 1 whatever is written.
type HealthcheckCustomConfig struct {
	FailureThreshold *int32
}

// Logs are the settings of log groups that are created.
type Logs struct {
	RetentionInDays *int32
	LogGroupClass   LogGroupClass
	KMSKeyID        string `yaml:"kms_key_id"`
}

// A LogGroupClass is a class of CloudWatch log groups (logs:CreateLogGroup, logGroupClass).
type LogGroupClass string

// AutoScaling is the scalable target of a service (application-autoscaling:RegisterScalableTarget).
type AutoScaling struct {
	MinCapacity      *int32
	MaxCapacity      *int32
	CPU              *float64 `yaml:"cpu"` // short for a policy that tracks ECSServiceAverageCPUUtilization, percent
	Memory           *float64 // short for a policy that tracks ECSServiceAverageMemoryUtilization, percent
	SuspendedState   *SuspendedState
	Policies         []ScalingPolicy
	ScheduledActions []ScheduledAction
}

// SuspendedState says which kinds of scaling are suspended.
type SuspendedState struct {
	DynamicScalingInSuspended  *bool
	DynamicScalingOutSuspended *bool
	ScheduledScalingSuspended  *bool
}

// A ScalingPolicy is one policy (application-autoscaling:PutScalingPolicy). The configuration that goes with its type
// is kept as it is written.
type ScalingPolicy struct {
	PolicyName                               string
	PolicyType                               ScalingPolicyType
	TargetTrackingScalingPolicyConfiguration map[string]any
	StepScalingPolicyConfiguration           map[string]any
	PredictiveScalingPolicyConfiguration     map[string]any
}

// A ScalingPolicyType is a type of scaling policy.
type ScalingPolicyType string

// A ScheduledAction sets the limits at given times (application-autoscaling:PutScheduledAction).
type ScheduledAction struct {
	ScheduledActionName  string
	Schedule             string // at(…), rate(…) or cron(…)
	Timezone             string
	StartTime            string
	EndTime              string
	ScalableTargetAction *ScalableTargetAction
}

// ScalableTargetAction is what a scheduled action sets.
type ScalableTargetAction struct {
	MinCapacity *int32
	MaxCapacity *int32
}

// Schedule runs the project as a task at given times (scheduler:CreateSchedule).
type Schedule struct {
	Name                       string
	Description                string
	GroupName                  string
	State                      ScheduleState
	ScheduleExpression         string // at(…), rate(…) or cron(…)
	ScheduleExpressionTimezone string
	StartDate                  string
	EndDate                    string
	FlexibleTimeWindow         *FlexibleTimeWindow
	TaskCount                  *int32 // 1 to 10
	RoleARN                    string `yaml:"role_arn"`
	KMSKeyARN                  string `yaml:"kms_key_arn"`
	RetryPolicy                *RetryPolicy
	DeadLetterConfig           *DeadLetterConfig
}

// A ScheduleState says whether a schedule is on.
type ScheduleState string

// FlexibleTimeWindow lets a schedule start late.
type FlexibleTimeWindow struct {
	Mode                   FlexibleTimeWindowMode
	MaximumWindowInMinutes *int32
}

// A FlexibleTimeWindowMode says whether a schedule has a flexible window.
type FlexibleTimeWindowMode string

// RetryPolicy says how often a start is tried again.
type RetryPolicy struct {
	MaximumEventAgeInSeconds *int32
	MaximumRetryAttempts     *int32
}

// DeadLetterConfig names the queue of starts that failed.
type DeadLetterConfig struct {
	ARN string `yaml:"arn"`
}

// Daemon runs the project once on each Managed Instance (ecs:CreateDaemon).
type Daemon struct {
	CapacityProviderARNs    []string `yaml:"capacity_provider_arns"`
	DeploymentConfiguration *types.DaemonDeploymentConfiguration
}

// ExpressGatewayService runs one container behind a load balancer that ECS makes (ecs:CreateExpressGatewayService).
type ExpressGatewayService struct {
	ServiceName           string
	InfrastructureRoleARN string `yaml:"infrastructure_role_arn"`
	ExecutionRoleARN      string `yaml:"execution_role_arn"`
	TaskRoleARN           string `yaml:"task_role_arn"`
	CPU                   string `yaml:"cpu"`
	Memory                string
	CPUArchitecture       types.ExpressCpuArchitecture `yaml:"cpu_architecture"`
	HealthCheckPath       string
	PrimaryContainer      *types.ExpressGatewayContainer
	ScalingTarget         *types.ExpressGatewayScalingTarget
	NetworkConfiguration  *types.ExpressGatewayServiceNetworkConfiguration
	Tags                  map[string]string
}
