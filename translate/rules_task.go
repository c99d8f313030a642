package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Rules about the shape of a task.

func (t *translation) checkEssential() {
	if len(t.containers) == 0 || slices.ContainsFunc(t.containers, func(c *container) bool { return *c.def.Essential }) {
		return
	}
	at := t.containers[0].where(container1 + "essential")
	t.errorf(at, "T01", "no container of the task is essential: the task would end at once")
}

const minMemory = 6

func (t *translation) checkMemory() {
	for _, c := range t.containers {
		limit, reservation := value(c.def.Memory), value(c.def.MemoryReservation)
		if c.def.Memory != nil && limit < minMemory {
			t.errorf(c.where(container1+"memory"), "T03", "%d MiB are less than the %d that Docker needs", limit, minMemory)
		}
		if c.def.Memory != nil && reservation > limit {
			t.errorf(c.where(container1+"memoryReservation"), "T03", "the reservation of %d MiB is more than the limit of %d MiB",
				reservation, limit)
		}
	}
}

func (t *translation) checkSums() {
	taskCPU, okCPU := parseTaskSize(value(t.result.Task.Cpu))
	taskMemory, okMemory := parseTaskSize(value(t.result.Task.Memory))
	var cpu, memory int
	for _, c := range t.containers {
		cpu += int(c.def.Cpu)
		need := value(c.def.MemoryReservation)
		if need == 0 {
			need = value(c.def.Memory)
		}
		memory += int(need)
		if okMemory && int(value(c.def.Memory)) > taskMemory {
			t.errorf(c.where(container1+"memory"), "T04", "the limit of %d MiB is more than the %d MiB of the task",
				*c.def.Memory, taskMemory)
		}
	}
	if okCPU && cpu > taskCPU {
		t.errorf(t.where("cpu"), "T04", "the containers have %d CPU units together, more than the %d of the task", cpu, taskCPU)
	}
	if okMemory && memory > taskMemory {
		t.errorf(t.where("memory"), "T04", "the containers need %d MiB together, more than the %d MiB of the task", memory, taskMemory)
	}
}

func (t *translation) checkTaskSize() {
	if s := t.result.Task.Cpu; s != nil {
		n, ok := parseTaskSize(*s)
		switch {
		case !ok:
			t.errorf(t.where("cpu"), "T05", "%q is no CPU size: write CPU units (1024 is one vCPU), or 1 vCPU", *s)
		case !t.fargate && (n < 128 || n > 196608):
			t.errorf(t.where("cpu"), "T05", "%d CPU units are not between 128 and 196608", n)
		}
	}
	if s := t.result.Task.Memory; s != nil {
		if n, ok := parseTaskSize(*s); !ok || n < minMemory {
			t.errorf(t.where("memory"), "T05", "%q is no memory size: write MiB, or a number and GB, such as 2GB", *s)
		}
	}
}

func (t *translation) windows() bool {
	p := t.result.Task.RuntimePlatform
	return p != nil && strings.HasPrefix(string(p.OperatingSystemFamily), "WINDOWS")
}

func (t *translation) checkWindows() {
	if !t.windows() {
		return
	}
	task := &t.result.Task
	for _, c := range t.containers {
		d := &c.def
		for _, m := range []struct {
			set    bool
			target string
		}{
			{d.User != nil, "user"},
			{d.Privileged != nil, "privileged"},
			{d.ReadonlyRootFilesystem != nil, "readonlyRootFilesystem"},
			{len(d.Links) > 0, "links"},
			{len(d.DnsServers) > 0, "dnsServers"},
			{len(d.DnsSearchDomains) > 0, "dnsSearchDomains"},
			{len(d.ExtraHosts) > 0, "extraHosts"},
			{d.DisableNetworking != nil, "disableNetworking"},
			{len(d.Ulimits) > 0, "ulimits"},
			{len(d.SystemControls) > 0, "systemControls"},
		} {
			if m.set {
				t.errorf(c.where(container1+m.target), "T06", "Windows containers do not support %s", m.target)
			}
		}
		if d.LinuxParameters != nil {
			t.errorf(c.linuxPlace(), "T06", "Windows containers do not support Linux parameters")
		}
	}
	if task.PidMode != "" {
		t.errorf(t.where("pidMode"), "T06", "Windows tasks have no PID mode")
	}
	if task.IpcMode != "" {
		t.errorf(t.where("ipcMode"), "T06", "Windows tasks have no IPC mode")
	}
	if task.NetworkMode != "" && task.NetworkMode != types.NetworkModeAwsvpc {
		t.errorf(t.where("networkMode"), "T06", "Windows tasks have the default network mode or awsvpc, not %s", task.NetworkMode)
	}
	if s := t.result.Service.ServiceConnectConfiguration; s != nil && s.Enabled {
		t.errorf(t.where("service.serviceConnectConfiguration"), "T06", "Windows tasks have no Service Connect")
	}
	if !t.fargate && (task.Cpu != nil || task.Memory != nil) {
		t.warnf(t.where("cpu"), "T06", "the size of a Windows task is ignored: give the containers CPU and memory")
	}
}

// linuxPlace returns the place of one of the Linux parameters, the first by name.
func (c *container) linuxPlace() place {
	for _, target := range sortedKeys(c.set) {
		if strings.HasPrefix(target, linux) {
			return c.set[target]
		}
	}
	return c.at()
}

func (t *translation) checkExecReadOnly() {
	if !value(t.result.Service.EnableExecuteCommand) {
		return
	}
	for _, c := range t.containers {
		if value(c.def.ReadonlyRootFilesystem) {
			t.warnf(c.where(container1+"readonlyRootFilesystem"), "T14", "ECS Exec writes to the root file system: "+
				"it does not work in this container")
		}
	}
}

func (t *translation) checkGPUs() {
	for _, c := range t.containers {
		for _, r := range c.def.ResourceRequirements {
			at := c.where(container1 + "resourceRequirements")
			if r.Type == types.ResourceTypeInferenceAccelerator {
				t.errorf(at, "T24", "Elastic Inference is withdrawn: use a GPU")
				continue
			}
			if n, err := strconv.Atoi(value(r.Value)); r.Type == types.ResourceTypeGpu && r.SharingStrategy == nil &&
				(err != nil || n < 1) {
				t.errorf(at, "T24", "the number of GPUs must be a whole number from 1, not %q", value(r.Value))
			}
			if c.waitedFor() {
				t.warnf(at, "T24", "the GPU stays reserved when the container has ended, for as long as the task runs")
			}
		}
	}
}

var credentialSpec = newRegexp(`^credentialspec(domainless)?:arn:[a-z-]+:(ssm|s3):`)

func (t *translation) checkCredentialSpecs() {
	for _, c := range t.containers {
		at := c.where(container1 + "credentialSpecs")
		if len(c.def.CredentialSpecs) > 1 {
			t.errorf(at, "T25", "a container has one credential spec")
		}
		for _, s := range c.def.CredentialSpecs {
			if !credentialSpec.MatchString(s) {
				t.errorf(at, "T25", "%q is no ARN of an SSM parameter or S3 object: write credentialspec: or "+
					"credentialspecdomainless: and one", strings.TrimPrefix(s, "credentialspec:"))
			}
		}
	}
}

func (t *translation) checkFaultInjection() {
	mode := t.result.Task.NetworkMode
	if value(t.result.Task.EnableFaultInjection) && mode != types.NetworkModeAwsvpc && mode != types.NetworkModeHost {
		t.warnf(t.where("enableFaultInjection"), "T26", "needs the network mode awsvpc or host, not %s", orBridge(mode))
	}
}

func orBridge(mode types.NetworkMode) string {
	if mode == "" {
		return "the default"
	}
	return fmt.Sprint(mode)
}
