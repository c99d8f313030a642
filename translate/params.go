package translate

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/ecsparams"
)

// A paramKey says what becomes of one key of ecs-params.
type paramKey struct {
	path   string                                       // * is any key
	target string                                       // the member of the ECS API that it sets; below it, all members
	apply  func(t *translation, c *container, at place) // c is nil for keys that are not of a container
}

const (
	ofTask    = "task_definition."
	ofService = "task_definition.services.*."
	ofRun     = "run_params."
)

// balancer is a load balancer of ecs-params.
type balancer = ecsparams.LoadBalancer

// paramKeys has a row for each key of ecs-params, sorted by path. A row covers the keys below it. Where a row has the
// target of a compose key, ecs-params wins, and a note says so.
var paramKeys = []paramKey{
	{ofRun + "auto_scaling", "autoscaling", func(t *translation, _ *container, at place) {
		t.result.Service.AutoScaling = t.params.RunParams.AutoScaling
		t.later(at)
	}},
	{ofRun + "availability_zone_rebalancing", "service.availabilityZoneRebalancing", func(t *translation, _ *container, _ place) {
		t.result.Service.AvailabilityZoneRebalancing = t.params.RunParams.AvailabilityZoneRebalancing
	}},
	{ofRun + "before_deploy", "beforeDeploy", func(t *translation, _ *container, _ place) {
		t.result.Service.BeforeDeploy = t.params.RunParams.BeforeDeploy
	}},
	{ofRun + "capacity_provider_strategy", "service.capacityProviderStrategy", func(t *translation, _ *container, _ place) {
		t.result.Service.CapacityProviderStrategy = t.params.RunParams.CapacityProviderStrategy
	}},
	{ofRun + "daemon", "daemon", func(t *translation, _ *container, at place) {
		t.result.Service.Daemon = t.params.RunParams.Daemon
		t.later(at)
	}},
	{ofRun + "deployment_configuration", "service.deploymentConfiguration", paramDeployment},
	{ofRun + "deployment_controller", "service.deploymentController", func(t *translation, _ *container, _ place) {
		t.result.Service.DeploymentController = t.params.RunParams.DeploymentController
	}},
	{ofRun + "desired_count", "service.desiredCount", func(t *translation, _ *container, at place) {
		t.notNegative(at, t.params.RunParams.DesiredCount)
		t.result.Service.DesiredCount = t.params.RunParams.DesiredCount
	}},
	{ofRun + "enable_ecs_managed_tags", "service.enableECSManagedTags", func(t *translation, _ *container, _ place) {
		t.result.Service.EnableECSManagedTags = t.params.RunParams.EnableECSManagedTags
	}},
	{ofRun + "enable_execute_command", "service.enableExecuteCommand", func(t *translation, _ *container, _ place) {
		t.result.Service.EnableExecuteCommand = t.params.RunParams.EnableExecuteCommand
	}},
	{ofRun + "express_gateway_service", "express", func(t *translation, _ *container, at place) {
		t.result.Service.Express = t.params.RunParams.ExpressGatewayService
		t.later(at)
	}},
	{ofRun + "gateway_connectors", "service.gatewayConnectors", func(t *translation, _ *container, _ place) {
		t.result.Service.GatewayConnectors = t.params.RunParams.GatewayConnectors
	}},
	{ofRun + "group", "task.group", func(t *translation, _ *container, _ place) {
		t.result.Service.Group = nonEmpty(t.params.RunParams.Group)
	}},
	{ofRun + "health_check_grace_period_seconds", "service.healthCheckGracePeriodSeconds", func(t *translation, _ *container, _ place) {
		t.result.Service.HealthCheckGracePeriodSeconds = t.params.RunParams.HealthCheckGracePeriodSeconds
	}},
	{ofRun + "launch_type", "service.launchType", func(t *translation, _ *container, _ place) {
		t.result.Service.LaunchType = t.params.RunParams.LaunchType
	}},
	{ofRun + "load_balancers", "service.loadBalancers", func(t *translation, _ *container, _ place) {
		t.result.Service.LoadBalancers = t.params.RunParams.LoadBalancers
	}},
	{ofRun + "logs", "logs", func(t *translation, _ *container, _ place) {
		t.result.Service.Logs = t.params.RunParams.Logs
	}},
	{ofRun + "monitoring", "service.monitoring", func(t *translation, _ *container, _ place) {
		t.result.Service.Monitoring = t.params.RunParams.Monitoring
	}},
	{ofRun + "network_configuration", "service.networkConfiguration", paramNetwork},
	{ofRun + "overrides", "task.overrides", func(t *translation, _ *container, _ place) {
		t.result.Service.Overrides = t.params.RunParams.Overrides
	}},
	{ofRun + "platform_version", "service.platformVersion", func(t *translation, _ *container, _ place) {
		t.result.Service.PlatformVersion = nonEmpty(t.params.RunParams.PlatformVersion)
	}},
	{ofRun + "propagate_tags", "service.propagateTags", func(t *translation, _ *container, _ place) {
		t.result.Service.PropagateTags = t.params.RunParams.PropagateTags
	}},
	{ofRun + "schedule", "schedule", func(t *translation, _ *container, at place) {
		t.result.Service.Schedule = t.params.RunParams.Schedule
		t.later(at)
	}},
	{ofRun + "service_connect_configuration", "service.serviceConnectConfiguration", func(t *translation, _ *container, _ place) {
		t.result.Service.ServiceConnectConfiguration = t.params.RunParams.ServiceConnectConfiguration
	}},
	{ofRun + "service_discovery", "service.serviceRegistries", func(t *translation, _ *container, _ place) {
		t.result.Service.Discovery = t.params.RunParams.ServiceDiscovery
	}},
	{ofRun + "tags", "service.tags", func(t *translation, _ *container, _ place) {
		for _, key := range slices.Sorted(maps.Keys(t.params.RunParams.Tags)) {
			t.paramTag(t.paramsAt("run_params", "tags", key), key, t.params.RunParams.Tags[key])
		}
	}},
	{ofRun + "task_placement.constraints", "service.placementConstraints", func(t *translation, _ *container, _ place) {
		t.result.Service.PlacementConstraints = t.params.RunParams.TaskPlacement.Constraints
	}},
	{ofRun + "task_placement.strategy", "service.placementStrategy", func(t *translation, _ *container, _ place) {
		t.result.Service.PlacementStrategy = t.params.RunParams.TaskPlacement.Strategy
	}},
	{ofRun + "volume_configurations", "service.volumeConfigurations", func(t *translation, _ *container, _ place) {
		t.result.Service.VolumeConfigurations = t.params.RunParams.VolumeConfigurations
	}},
	{ofRun + "vpc_lattice_configurations", "service.vpcLatticeConfigurations", func(t *translation, _ *container, _ place) {
		t.result.Service.VpcLatticeConfigurations = t.params.RunParams.VPCLatticeConfigurations
	}},
	{ofTask + "docker_volumes", "volumes[].dockerVolumeConfiguration", nil},
	{ofTask + "ecs_network_mode", "networkMode", func(t *translation, _ *container, _ place) {
		t.result.Task.NetworkMode = t.params.TaskDefinition.NetworkMode
	}},
	{ofTask + "efs_volumes", "volumes[].efsVolumeConfiguration", nil},
	{ofTask + "enable_fault_injection", "enableFaultInjection", func(t *translation, _ *container, _ place) {
		t.result.Task.EnableFaultInjection = t.params.TaskDefinition.EnableFaultInjection
	}},
	{ofTask + "ephemeral_storage", "ephemeralStorage", func(t *translation, _ *container, _ place) {
		t.result.Task.EphemeralStorage = t.params.TaskDefinition.EphemeralStorage
	}},
	{ofTask + "family", "family", func(t *translation, _ *container, _ place) {
		t.result.Task.Family = nonEmpty(t.params.TaskDefinition.Family)
	}},
	{ofTask + "fsx_windows_file_server_volumes", "volumes[].fsxWindowsFileServerVolumeConfiguration", nil},
	{ofTask + "ipc_mode", "ipcMode", func(t *translation, _ *container, _ place) {
		t.result.Task.IpcMode = t.params.TaskDefinition.IPCMode
	}},
	{ofTask + "pid_mode", "pidMode", func(t *translation, _ *container, _ place) {
		t.result.Task.PidMode = t.params.TaskDefinition.PIDMode
	}},
	{ofTask + "placement_constraints", "placementConstraints", func(t *translation, _ *container, _ place) {
		t.result.Task.PlacementConstraints = t.params.TaskDefinition.PlacementConstraints
	}},
	{ofTask + "proxy_configuration", "proxyConfiguration", func(t *translation, _ *container, at place) {
		t.result.Task.ProxyConfiguration = t.params.TaskDefinition.ProxyConfiguration
		t.warnf(at, "K01", "App Mesh ends: use Service Connect")
	}},
	{ofTask + "requires_compatibilities", "requiresCompatibilities", func(t *translation, _ *container, _ place) {
		t.result.Task.RequiresCompatibilities = t.params.TaskDefinition.RequiresCompatibilities
	}},
	{ofTask + "runtime_platform", "runtimePlatform", func(t *translation, _ *container, _ place) {
		t.result.Task.RuntimePlatform = t.params.TaskDefinition.RuntimePlatform
	}},
	{ofTask + "s3files_volumes", "volumes[].s3filesVolumeConfiguration", nil},
	{ofService + "cpu_shares", container1 + "cpu", func(_ *translation, c *container, at place) {
		if n := c.cpu(at, float64(c.params.CPUShares)); n != 0 {
			c.def.Cpu = n
		} else {
			delete(c.set, container1+"cpu")
		}
	}},
	{ofService + "credential_specs", container1 + "credentialSpecs", func(_ *translation, c *container, _ place) {
		c.def.CredentialSpecs = c.params.CredentialSpecs
	}},
	{ofService + "depends_on", container1 + "dependsOn", func(t *translation, c *container, at place) {
		for i, d := range c.params.DependsOn {
			c.paramDependency(t.paramsAt("task_definition", "services", c.key, "depends_on", i), d)
		}
	}},
	{ofService + "disable_networking", container1 + "disableNetworking", func(_ *translation, c *container, _ place) {
		c.def.DisableNetworking = c.params.DisableNetworking
	}},
	{ofService + "environment_files", container1 + "environmentFiles", func(_ *translation, c *container, _ place) {
		for _, arn := range c.params.EnvironmentFiles {
			c.def.EnvironmentFiles = append(c.def.EnvironmentFiles,
				types.EnvironmentFile{Type: types.EnvironmentFileTypeS3, Value: new(arn)})
		}
	}},
	{ofService + "essential", container1 + "essential", func(_ *translation, c *container, _ place) {
		if c.params.Essential != nil {
			c.def.Essential = c.params.Essential
		}
	}},
	{ofService + "firelens_configuration", container1 + "firelensConfiguration", func(_ *translation, c *container, _ place) {
		c.def.FirelensConfiguration = c.params.FirelensConfiguration
	}},
	{ofService + "gpu", container1 + "resourceRequirements", func(t *translation, c *container, at place) {
		if c.params.GPU == "" { // not set
			delete(c.set, container1+"resourceRequirements")
			return
		}
		c.def.ResourceRequirements = nil
		c.addGPUs(at, c.params.GPU)
	}},
	{ofService + "healthcheck.command", health + "command", paramTest},
	{ofService + "healthcheck.interval", health + "interval", func(_ *translation, c *container, _ place) {
		c.healthcheck().Interval = (*int32)(c.params.Healthcheck.Interval)
	}},
	{ofService + "healthcheck.retries", health + "retries", func(_ *translation, c *container, _ place) {
		c.healthcheck().Retries = c.params.Healthcheck.Retries
	}},
	{ofService + "healthcheck.start_period", health + "startPeriod", func(_ *translation, c *container, _ place) {
		c.healthcheck().StartPeriod = (*int32)(c.params.Healthcheck.StartPeriod)
	}},
	{ofService + "healthcheck.test", health + "command", paramTest},
	{ofService + "healthcheck.timeout", health + "timeout", func(_ *translation, c *container, _ place) {
		c.healthcheck().Timeout = (*int32)(c.params.Healthcheck.Timeout)
	}},
	{ofService + "init_process_enabled", linux + "initProcessEnabled", func(_ *translation, c *container, _ place) {
		c.linux().InitProcessEnabled = c.params.InitProcessEnabled
	}},
	{ofService + "logging.secret_options", container1 + "logConfiguration.secretOptions", paramSecretOptions},
	{ofService + "max_swap", linux + "maxSwap", func(_ *translation, c *container, _ place) {
		c.linux().MaxSwap = c.params.MaxSwap
	}},
	{ofService + "mem_limit", container1 + "memory", func(_ *translation, c *container, at place) {
		if m := c.mebibytes(at, int64(c.params.MemLimit)); m != nil {
			c.def.Memory = m
		} else {
			delete(c.set, container1+"memory")
		}
	}},
	{ofService + "mem_reservation", container1 + "memoryReservation", func(_ *translation, c *container, at place) {
		if m := c.mebibytes(at, int64(c.params.MemReservation)); m != nil {
			c.def.MemoryReservation = m
		} else {
			delete(c.set, container1+"memoryReservation")
		}
	}},
	{ofService + "name", container1 + "name", nil},
	{ofService + "port_mappings", container1 + "portMappings", paramPorts},
	{ofService + "repository_credentials", container1 + "repositoryCredentials", func(_ *translation, c *container, _ place) {
		c.def.RepositoryCredentials = c.params.RepositoryCredentials
	}},
	{ofService + "resource_requirements", container1 + "resourceRequirements", func(_ *translation, c *container, _ place) {
		c.def.ResourceRequirements = c.params.ResourceRequirements
	}},
	{ofService + "restart_policy", container1 + "restartPolicy", func(_ *translation, c *container, _ place) {
		c.def.RestartPolicy = c.params.RestartPolicy
	}},
	{ofService + "secrets", container1 + "secrets", func(t *translation, c *container, _ place) {
		for i, s := range c.params.Secrets {
			c.paramSecret(t.paramsAt("task_definition", "services", c.key, "secrets", i), s)
		}
	}},
	{ofService + "shared_memory_size", linux + "sharedMemorySize", func(t *translation, c *container, at place) {
		t.notNegative(at, c.params.SharedMemorySize)
		c.linux().SharedMemorySize = c.params.SharedMemorySize
	}},
	{ofService + "skip", "", nil},
	{ofService + "start_timeout", container1 + "startTimeout", func(_ *translation, c *container, _ place) {
		c.def.StartTimeout = c.params.StartTimeout
	}},
	{ofService + "stop_timeout", container1 + "stopTimeout", func(_ *translation, c *container, _ place) {
		c.def.StopTimeout = c.params.StopTimeout
	}},
	{ofService + "swappiness", linux + "swappiness", func(_ *translation, c *container, _ place) {
		c.linux().Swappiness = c.params.Swappiness
	}},
	{ofService + "system_controls", container1 + "systemControls", func(_ *translation, c *container, _ place) {
		c.def.SystemControls = nil
		for _, name := range slices.Sorted(maps.Keys(c.params.SystemControls)) {
			c.def.SystemControls = append(c.def.SystemControls,
				types.SystemControl{Namespace: new(name), Value: new(c.params.SystemControls[name])})
		}
	}},
	{ofService + "version_consistency", container1 + "versionConsistency", func(_ *translation, c *container, _ place) {
		c.def.VersionConsistency = c.params.VersionConsistency
	}},
	{ofTask + "tags", "tags", func(t *translation, _ *container, _ place) {
		for _, key := range slices.Sorted(maps.Keys(t.params.TaskDefinition.Tags)) {
			t.addTag(&t.result.Tags, key, t.params.TaskDefinition.Tags[key])
		}
	}},
	{ofTask + "task_execution_role", "executionRoleArn", func(t *translation, _ *container, _ place) {
		t.result.Task.ExecutionRoleArn = nonEmpty(t.params.TaskDefinition.TaskExecutionRole)
	}},
	{ofTask + "task_role_arn", "taskRoleArn", func(t *translation, _ *container, _ place) {
		t.result.Task.TaskRoleArn = nonEmpty(t.params.TaskDefinition.TaskRoleARN)
	}},
	{ofTask + "task_size.cpu_limit", "cpu", func(t *translation, _ *container, _ place) {
		t.result.Task.Cpu = nonEmpty(t.params.TaskDefinition.TaskSize.CPULimit)
	}},
	{ofTask + "task_size.mem_limit", "memory", func(t *translation, _ *container, _ place) {
		t.result.Task.Memory = nonEmpty(t.params.TaskDefinition.TaskSize.MemLimit)
	}},
	{"version", "", func(t *translation, _ *container, at place) {
		if v := t.params.Version; v != "" && v != "1" && v != "1.0" {
			t.warnf(at, "C10", "there is the version 1 only: the file is read as that")
		}
	}},
}
