// Package ecsparams reads ecs-params files: what a task definition, a task and a service need and a compose file
// cannot say.
//
// The schema is ecs-cli's version 1, unchanged, and the rest of the ECS API by one naming rule: a key is the API's own
// word in snake_case, its value the API's own word; lists of key and value are mappings.
package ecsparams

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/compose/source"
)

// Params is what the ecs-params files of a project come to. Members that no file sets are zero.
type Params struct {
	Version        string         // of the schema: 1; nothing depends on it
	TaskDefinition TaskDefinition // what ecs:RegisterTaskDefinition is told
	RunParams      RunParams      // what ecs:RunTask, ecs:CreateService and ecs:UpdateService are told

	// Root is the merged file as a tree; each value knows where it was written. It is nil if there is no file.
	Root *source.Node `yaml:"-"`
	// Files are the names of the files read.
	Files []string `yaml:"-"`
}

// A TaskDefinition holds the task-level settings of ecs:RegisterTaskDefinition.
type TaskDefinition struct {
	Family                      string                // default: the project name
	NetworkMode                 types.NetworkMode     `yaml:"ecs_network_mode"`
	TaskRoleARN                 string                `yaml:"task_role_arn"`       // name or ARN
	TaskExecutionRole           string                `yaml:"task_execution_role"` // name or ARN
	TaskSize                    TaskSize              // needed on Fargate
	PIDMode                     types.PidMode         `yaml:"pid_mode"`
	IPCMode                     types.IpcMode         `yaml:"ipc_mode"`
	RequiresCompatibilities     []types.Compatibility // default: the launch type
	RuntimePlatform             *types.RuntimePlatform
	EphemeralStorage            *types.EphemeralStorage // 21 to 200 GiB, Fargate
	EnableFaultInjection        *bool
	ProxyConfiguration          *types.ProxyConfiguration // App Mesh only, whose service ends
	PlacementConstraints        []types.TaskDefinitionPlacementConstraint
	Tags                        map[string]string
	Services                    map[string]*Container // by name of the compose service
	DockerVolumes               []DockerVolume
	EFSVolumes                  []EFSVolume                  `yaml:"efs_volumes"`
	S3FilesVolumes              []S3FilesVolume              `yaml:"s3files_volumes"`
	FSxWindowsFileServerVolumes []FSxWindowsFileServerVolume `yaml:"fsx_windows_file_server_volumes"`
}

// TaskSize is the size of a whole task.
type TaskSize struct {
	CPULimit string `yaml:"cpu_limit"` // CPU units (1024 is one vCPU), or "1 vCPU"
	MemLimit string `yaml:"mem_limit"` // MiB, or "2GB"
}

// A Container holds what one container needs besides its compose service.
type Container struct {
	Skip                  bool   // leave the service out of the task definition: a template, or for local use only
	Name                  string // of the container; default: the name of the service
	Essential             *bool  // whether the task stops with it; default true
	CPUShares             int32  `yaml:"cpu_shares"` // CPU units; overrides compose
	MemLimit              Bytes  // hard limit; overrides compose
	MemReservation        Bytes  // soft limit; overrides compose
	InitProcessEnabled    *bool
	RepositoryCredentials *types.RepositoryCredentials
	Healthcheck           *HealthCheck // each member overrides that of compose
	Logging               *Logging
	FirelensConfiguration *types.FirelensConfiguration
	Secrets               []types.Secret
	GPU                   string                      `yaml:"gpu"` // number of GPUs
	DependsOn             []types.ContainerDependency // on containers of the task
	EnvironmentFiles      []string                    // ARNs of S3 objects whose names end in .env
	PortMappings          []types.PortMapping         // besides those of compose
	RestartPolicy         *types.ContainerRestartPolicy
	SharedMemorySize      *int32 // MiB
	MaxSwap               *int32 // MiB
	Swappiness            *int32 // 0 to 100
	StartTimeout          *int32 // seconds
	StopTimeout           *int32 // seconds
	VersionConsistency    types.VersionConsistency
	DisableNetworking     *bool
	SystemControls        map[string]string // kernel parameters
	ResourceRequirements  []types.ResourceRequirement
	CredentialSpecs       []string // credentialspec:ARN
}

// Logging completes the logging of a compose service.
type Logging struct {
	SecretOptions []types.Secret // options whose values are secrets
}

// HealthCheck overrides members of a compose healthcheck. Test and Command say the same thing.
type HealthCheck struct {
	Test        Test
	Command     Test
	Interval    *Seconds
	Timeout     *Seconds
	StartPeriod *Seconds
	Retries     *int32
}

// A DockerVolume is a volume of a Docker volume driver.
type DockerVolume struct {
	Name          string
	Scope         types.Scope
	Autoprovision *bool
	Driver        string
	DriverOpts    map[string]string
	Labels        map[string]string
}

// An EFSVolume is a volume in an Amazon EFS file system.
type EFSVolume struct {
	Name                  string
	FilesystemID          string `yaml:"filesystem_id"`
	RootDirectory         string
	TransitEncryption     types.EFSTransitEncryption
	TransitEncryptionPort *int32
	AccessPoint           string                          // id; needs transit encryption
	IAM                   types.EFSAuthorizationConfigIAM `yaml:"iam"` // needs transit encryption
}

// An S3FilesVolume is a volume in an Amazon S3 Files file system.
type S3FilesVolume struct {
	Name string
	types.S3FilesVolumeConfiguration
}

// An FSxWindowsFileServerVolume is a volume in an Amazon FSx for Windows File Server file system.
type FSxWindowsFileServerVolume struct {
	Name string
	types.FSxWindowsFileServerVolumeConfiguration
}
