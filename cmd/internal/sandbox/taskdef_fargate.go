package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A fargateSize is what memory goes with a cpu, from low to high in steps, all in MiB. See cpu in
// RegisterTaskDefinition.
type fargateSize struct{ low, high, step int32 }

var fargateSizes = map[int32]fargateSize{
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
	32768: {65536, 249856, 8192},
}

func fargateFits(cpu, memory int32) bool {
	if cpu == 256 {
		return memory == 512 || memory == 1024 || memory == 2048
	}
	s, ok := fargateSizes[cpu]
	return ok && memory >= s.low && memory <= s.high && (memory-s.low)%s.step == 0
}

// fargate returns why a task definition cannot run on Fargate, in ECS's words, or "". See "Amazon ECS task definition
// differences for Fargate" in the developer guide.
func fargate(td *types.TaskDefinition) string {
	switch {
	case td.NetworkMode != types.NetworkModeAwsvpc:
		return "Fargate only supports network mode ‘awsvpc’."
	case td.Cpu == nil:
		return "Fargate requires that 'cpu' be defined at the task level."
	case td.Memory == nil:
		return "Fargate requires that 'memory' be defined at the task level."
	case !fargateFits(number(td.Cpu), number(td.Memory)):
		return fmt.Sprintf("No Fargate configuration exists for given values: %s CPU, %s memory. "+
			"See the Amazon ECS documentation for the valid values.", *td.Cpu, *td.Memory)
	case len(td.PlacementConstraints) > 0:
		return "Fargate compatible task definitions do not support placement constraints."
	case td.IpcMode != "" || td.PidMode == types.PidModeHost:
		return "Fargate compatible task definitions do not support ipcMode and pidMode 'host'."
	}
	if s := td.EphemeralStorage; s != nil && (s.SizeInGiB < 21 || s.SizeInGiB > 200) {
		return "Ephemeral storage must be between 21 and 200 GiB."
	}
	for _, v := range td.Volumes {
		if v.Host != nil && v.Host.SourcePath != nil {
			return "host.sourcePath should not be set for volumes in Fargate."
		}
		if v.DockerVolumeConfiguration != nil {
			return "Fargate compatible task definitions do not support dockerVolumeConfiguration."
		}
	}
	for i := range td.ContainerDefinitions {
		if m := fargateContainer(td, &td.ContainerDefinitions[i]); m != "" {
			return m
		}
	}
	return ""
}

// fargateDrivers are the log drivers of Fargate; see logDriver in LogConfiguration.
var fargateDrivers = []types.LogDriver{types.LogDriverAwsfirelens, types.LogDriverAwslogs, types.LogDriverSplunk}

func fargateContainer(td *types.TaskDefinition, c *types.ContainerDefinition) string {
	const lacks = "Fargate compatible task definitions do not support "
	role := value(td.ExecutionRoleArn) != ""
	l := c.LogConfiguration
	switch {
	case !role && strings.Contains(*c.Image, ".dkr.ecr."):
		return "Fargate requires task definition to have execution role ARN to support ECR images."
	case !role && l != nil && l.LogDriver == types.LogDriverAwslogs:
		return "Fargate requires task definition to have execution role ARN to support log driver awslogs."
	case l != nil && !slices.Contains(fargateDrivers, l.LogDriver):
		return lacks + "log driver " + string(l.LogDriver) + "."
	case value(c.Privileged):
		return lacks + "privileged"
	case value(c.DisableNetworking):
		return lacks + "disableNetworking"
	case len(c.DnsServers) > 0:
		return lacks + "dnsServers"
	case len(c.DnsSearchDomains) > 0:
		return lacks + "dnsSearchDomains"
	case len(c.ExtraHosts) > 0:
		return lacks + "extraHosts"
	case len(c.DockerSecurityOptions) > 0:
		return lacks + "dockerSecurityOptions"
	case len(c.ResourceRequirements) > 0:
		return "Tasks using the Fargate launch type do not support GPU resource requirements."
	case c.StopTimeout != nil && *c.StopTimeout > 120:
		return "The stopTimeout of containers on Fargate must be at most 120 seconds."
	}
	for _, u := range c.Ulimits {
		if u.Name != types.UlimitNameNofile {
			return lacks + "ulimit " + string(u.Name)
		}
	}
	p := c.LinuxParameters
	switch {
	case p == nil:
		return ""
	case len(p.Devices) > 0:
		return lacks + "devices"
	case p.SharedMemorySize != nil:
		return lacks + "sharedMemorySize"
	case p.MaxSwap != nil || p.Swappiness != nil:
		return lacks + "maxSwap and swappiness"
	case p.Capabilities != nil && slices.ContainsFunc(p.Capabilities.Add, notPtrace):
		return lacks + "adding Linux capabilities other than SYS_PTRACE"
	}
	return ""
}

// compatibilities are the launch types that a task definition could run on: "The task launch types the task definition
// validated against during task definition registration". The sandbox knows no managed instances.
func compatibilities(td *types.TaskDefinition) []types.Compatibility {
	if td.NetworkMode != types.NetworkModeAwsvpc {
		return []types.Compatibility{types.CompatibilityExternal, types.CompatibilityEc2}
	}
	if fargate(td) != "" {
		return []types.Compatibility{types.CompatibilityEc2}
	}
	return []types.Compatibility{types.CompatibilityEc2, types.CompatibilityFargate}
}

// number returns a task's cpu or memory, which fillDefinition made whole.
func number(s *string) int32 {
	n, _ := strconv.Atoi(value(s))
	return int32(n)
}

func number32(n int32) string { return strconv.Itoa(int(n)) }

func notPtrace(capability string) bool { return capability != "SYS_PTRACE" }
