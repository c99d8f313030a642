package translate

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rules about Fargate. Managed Instances are not Fargate: they have GPUs, privileges and all.

func (t *translation) checkFargateSize() {
	if !t.fargate {
		return
	}
	task := &t.result.Task
	at := t.where("cpu")
	if task.Cpu == nil || task.Memory == nil {
		cpu, memory := t.containerSums()
		if c, m, ok := smallest(cpu, memory); ok {
			t.errorf(t.sizePlace(), "F01", "Fargate needs the size of the task: set task_definition.task_size in ecs-params, "+
				"or deploy.resources.limits in the compose file; the smallest that fits is %s", sizeOf(c, m))
		} else {
			t.errorf(t.sizePlace(), "F01", "the containers ask for %s, more than any size of Fargate", sizeOf(cpu, memory))
		}
		return
	}
	cpu, ok1 := parseTaskSize(*task.Cpu)
	memory, ok2 := parseTaskSize(*task.Memory)
	if !ok1 || !ok2 { // rule T05 says so
		return
	}
	for _, f := range fargateCPUs {
		if f.cpu == cpu && f.fits(memory) {
			return
		}
	}
	if near := nearestSizes(cpu, memory); near != "" {
		t.errorf(at, "F01", "%s are no size of Fargate: the nearest are %s", sizeOf(cpu, memory), near)
		return
	}
	t.errorf(at, "F01", "%s are more than any size of Fargate, whose largest is %s", sizeOf(cpu, memory), sizeOf(16384, 122880))
}

func (t *translation) sizePlace() place {
	for _, target := range []string{"cpu", "memory", "service.launchType", "requiresCompatibilities"} {
		if at, ok := t.set[target]; ok {
			return at
		}
	}
	return t.where("cpu")
}

func (t *translation) checkFargateLarge() {
	if !t.fargate {
		return
	}
	cpu, ok := parseTaskSize(value(t.result.Task.Cpu))
	switch v := value(t.result.Service.PlatformVersion); {
	case !ok:
	case t.windows() && (cpu < 1024 || cpu > 4096):
		t.errorf(t.where("cpu"), "F02", "Windows on Fargate has 1024 to 4096 CPU units, not %d", cpu)
	case cpu >= 8192 && v != "" && v != "LATEST" && v != "1.4.0":
		t.errorf(t.where("service.platformVersion"), "F02", "%d CPU units need platform version 1.4.0", cpu)
	}
}

func (t *translation) checkFargateNetwork() {
	if t.fargate && !t.awsvpc() {
		at := t.where("networkMode")
		t.errorf(at, "F03", "Fargate needs the network mode awsvpc, not %s: set task_definition.ecs_network_mode: awsvpc and "+
			"run_params.network_configuration in ecs-params", orBridge(t.result.Task.NetworkMode))
	}
}

// checkFargateUnavailable looks at what ecs-params sets; keys of compose have been looked at when they were read.
func (t *translation) checkFargateUnavailable() {
	if !t.fargate {
		return
	}
	for _, c := range t.containers {
		l := c.def.LinuxParameters
		if l == nil {
			l = &types.LinuxParameters{}
		}
		for _, m := range []struct {
			set    bool
			target string
			what   string
		}{
			{l.SharedMemorySize != nil, linux + "sharedMemorySize", "size of /dev/shm: mount a tmpfs there"},
			{l.MaxSwap != nil, linux + "maxSwap", "swap space"},
			{l.Swappiness != nil, linux + "swappiness", "swap space"},
			{c.def.DisableNetworking != nil, container1 + "disableNetworking", "containers without network"},
			{len(c.def.ResourceRequirements) > 0, container1 + "resourceRequirements", "GPUs: use EC2 or Managed Instances"},
		} {
			if m.set {
				t.errorf(c.where(m.target), "F04", "Fargate has no %s", m.what)
			}
		}
	}
	for _, name := range sortedKeys(t.volumes) {
		v := t.volumes[name]
		if v.DockerVolumeConfiguration != nil {
			t.errorf(v.at, "F04", "Fargate has no Docker volume drivers: use EFS")
		}
		if v.FsxWindowsFileServerVolumeConfiguration != nil {
			t.errorf(v.at, "F04", "Fargate has no FSx volumes")
		}
	}
	if t.result.Task.IpcMode != "" {
		t.errorf(t.where("ipcMode"), "F04", "Fargate tasks have no IPC mode")
	}
	if len(t.result.Task.PlacementConstraints) > 0 {
		t.errorf(t.where("placementConstraints"), "F04", "Fargate has no instances to place tasks on")
	}
	if len(t.result.Service.PlacementConstraints) > 0 {
		t.errorf(t.where("service.placementConstraints"), "F04", "Fargate has no instances to place tasks on")
	}
	if len(t.result.Service.PlacementStrategy) > 0 {
		t.errorf(t.where("service.placementStrategy"), "F04", "Fargate has no instances to place tasks on")
	}
}

const maxFargateFiles = 1048576

func (t *translation) checkFargateUlimits() {
	if !t.fargate {
		return
	}
	for _, c := range t.containers {
		var kept []types.Ulimit
		for _, u := range c.def.Ulimits {
			at := c.at("ulimits", string(u.Name))
			switch {
			case u.Name != types.UlimitNameNofile:
				t.warnFargateUlimit(at, string(u.Name))
				continue
			case u.HardLimit > maxFargateFiles || u.HardLimit < 0:
				t.errorf(at, "F06", "Fargate allows %d open files at most", maxFargateFiles)
			}
			kept = append(kept, u)
		}
		c.def.Ulimits = kept
	}
}

func (t *translation) warnFargateUlimit(at place, name string) {
	t.refuse(at, "F06", "ulimits", "Fargate sets the ulimit nofile only, not %s", name)
}

func (t *translation) checkFargatePID() {
	if t.fargate && t.result.Task.PidMode == types.PidModeHost {
		t.errorf(t.where("pidMode"), "F08", "Fargate has no host to share processes with: the PID mode is task or not set")
	}
}

func (t *translation) checkEphemeralStorage() {
	e := t.result.Task.EphemeralStorage
	if e == nil {
		return
	}
	at := t.where("ephemeralStorage")
	switch {
	case t.windows():
		t.errorf(at, "F10", "Windows on Fargate has 20 GiB, which cannot be changed")
	case e.SizeInGiB < 21 || e.SizeInGiB > 200:
		t.errorf(at, "F10", "must be 21 to 200 GiB, not %d", e.SizeInGiB)
	case !t.fargate && t.result.Service.LaunchType == types.LaunchTypeEc2:
		t.errorf(at, "F10", "is of Fargate: on EC2 the instance gives the storage")
	}
}

func (t *translation) checkExecutionRole() {
	if !t.fargate || t.result.Task.ExecutionRoleArn != nil {
		return
	}
	for _, c := range t.containers {
		why, at := "", place{}
		switch l := c.def.LogConfiguration; {
		case ecrImage.MatchString(value(c.def.Image)) && !strings.HasPrefix(*c.def.Image, "public.ecr.aws/"):
			why, at = "to pull from ECR", c.at("image")
		case l != nil && l.LogDriver == types.LogDriverAwslogs:
			why, at = "to write logs", c.where(container1+"logConfiguration")
		case len(c.def.Secrets) > 0 || l != nil && len(l.SecretOptions) > 0:
			why, at = "to read secrets", c.where(container1+"secrets")
		case c.def.RepositoryCredentials != nil:
			why, at = "to read the credentials of the registry", c.where(container1+"repositoryCredentials")
		case len(c.def.EnvironmentFiles) > 0:
			why, at = "to read environment files", c.where(container1+"environmentFiles")
		default:
			continue
		}
		t.errorf(at, "F11", "Fargate needs an execution role %s: set task_definition.task_execution_role in ecs-params", why)
		return
	}
}

func (t *translation) checkFargateDaemon() {
	if t.fargate && t.result.Service.SchedulingStrategy == types.SchedulingStrategyDaemon {
		t.errorf(t.where("service.schedulingStrategy"), "F12", "Fargate has no instances to run one task on each")
	}
}

func (t *translation) checkARM() {
	p := t.result.Task.RuntimePlatform
	if p != nil && p.CpuArchitecture == types.CPUArchitectureArm64 && t.windows() {
		t.errorf(t.where("runtimePlatform"), "F13", "Windows runs on X86_64 only")
	}
}

func (t *translation) checkFargateEBS() {
	for i, v := range t.result.Service.VolumeConfigurations {
		if e := v.ManagedEBSVolume; t.fargate && e != nil && value(e.VolumeType) == "standard" {
			t.errorf(t.launchVolumeAt(i), "F14", "Fargate has no volumes of type standard: use gp3")
		}
	}
}

// secretPart matches a Secrets Manager ARN with a JSON key, stage or version behind it.
var secretPart = newRegexp(`^(arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:]+):(.*)$`)

func (t *translation) checkFargateSecrets() {
	v := value(t.result.Service.PlatformVersion)
	if !t.fargate || v == "" || v == "LATEST" || v == "1.4.0" {
		return
	}
	for _, c := range t.containers {
		for _, s := range c.def.Secrets {
			if secretPart.MatchString(value(s.ValueFrom)) {
				t.errorf(c.where(secretTarget(value(s.Name))), "F15", "a key of a secret needs platform version 1.4.0, not %s", v)
			}
		}
	}
}
