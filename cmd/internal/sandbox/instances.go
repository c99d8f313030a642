package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	defaultInstances = 3     // of the cluster default
	instanceCPU      = 16384 // units of each
	instanceMemory   = 63488 // MiB of each
	firstDynamicPort = 32768 // see hostPort in PortMapping: the ephemeral port range
	lastDynamicPort  = 60999
)

// reservedPorts are taken on every instance; see hostPort in PortMapping.
var reservedPorts = []int32{22, 2375, 2376, 51678, 51679, 51680}

// An instance is a container instance.
type instance struct {
	ARN        string    `json:"arn"`
	ID         string    `json:"id"` // of EC2
	PrivateIP  string    `json:"privateIP"`
	PublicIP   string    `json:"publicIP"`
	Zone       string    `json:"zone"`
	Registered time.Time `json:"registered"`
}

func (r *region) newInstance(cluster string, i int) instance {
	return instance{
		ARN:        r.arn("container-instance/" + cluster + "/" + r.id()),
		ID:         "i-" + r.id()[:17],
		PrivateIP:  fmt.Sprintf("10.0.0.%d", 11+i),
		PublicIP:   fmt.Sprintf("203.0.113.%d", 11+i),
		Zone:       r.zone(i),
		Registered: r.now(),
	}
}

// hostOf returns the EC2 id of the instance that a task is on, "" if it is on none.
func (r *region) hostOf(t *task) string {
	for _, c := range r.Clusters {
		for _, i := range c.Instances {
			if i.ARN == t.Instance {
				return i.ID
			}
		}
	}
	return ""
}

// zone returns the name of the nth availability zone, of which there are three.
func (r *region) zone(n int) string { return r.name + string(rune('a'+n%3)) }

// A load is what the tasks on an instance take of it.
type load struct {
	cpu, memory      int32
	running, pending int32
	ports            []string // "80/tcp"
}

// load returns what the tasks that have not stopped take of the instance.
func (r *region) load(i *instance) load {
	var l load
	for _, t := range r.Tasks {
		if t.Instance != i.ARN {
			continue
		}
		switch t.timeline(r).status(r.now()) {
		case "STOPPED":
			continue
		case "RUNNING":
			l.running++
		case "PROVISIONING", "PENDING":
			l.pending++
		}
		l.cpu += t.CPU
		l.memory += t.Memory
		for _, p := range t.Ports {
			l.ports = append(l.ports, p.host())
		}
	}
	return l
}

// A binding is a port of a container that is reachable at a port of its instance.
type binding struct {
	Container     string                  `json:"container"`
	ContainerPort int32                   `json:"containerPort"`
	HostPort      int32                   `json:"hostPort"`
	Protocol      types.TransportProtocol `json:"protocol"`
}

func (b binding) host() string { return fmt.Sprintf("%d/%s", b.HostPort, b.Protocol) }

// A need is what a task needs of an instance.
type need struct {
	cpu, memory int32
	ports       []binding // with host port 0 for any
}

// needs returns what a task of the definition takes: what the task says, or else its containers together.
func needs(td *types.TaskDefinition) need {
	n := need{cpu: number(td.Cpu), memory: number(td.Memory)}
	for _, c := range td.ContainerDefinitions {
		if td.Cpu == nil {
			n.cpu += c.Cpu
		}
		if td.Memory == nil {
			if c.MemoryReservation != nil {
				n.memory += *c.MemoryReservation
			} else {
				n.memory += value(c.Memory)
			}
		}
		for _, p := range c.PortMappings {
			if td.NetworkMode != types.NetworkModeAwsvpc && td.NetworkMode != types.NetworkModeNone && p.ContainerPort != nil {
				n.ports = append(n.ports, binding{*c.Name, *p.ContainerPort, value(p.HostPort), p.Protocol})
			}
		}
	}
	return n
}

// place finds an instance for a task, or says for each of them why not. See "API failure reasons" in the developer
// guide for the reasons. Tasks are spread over the instances, unless the strategy is binpack.
func (r *region) place(
	c *cluster, n need, pack bool, barred func(*instance) bool,
) (*instance, []binding, []types.Failure) {
	var best *instance
	var bestLoad load
	var failures []types.Failure
	for i := range c.Instances {
		inst := &c.Instances[i]
		l := r.load(inst)
		reason := l.refuses(n)
		if reason == "" && barred(inst) {
			reason = "MemberOf placement constraint unsatisfied."
		}
		if reason != "" {
			failures = append(failures, types.Failure{Arn: new(inst.ARN), Reason: new(reason)})
			continue
		}
		if best == nil || pack && l.memory > bestLoad.memory || !pack && l.memory < bestLoad.memory {
			best, bestLoad = inst, l
		}
	}
	if best == nil {
		return nil, nil, failures
	}
	return best, bestLoad.bind(n.ports), nil
}

func (l load) refuses(n need) string {
	switch {
	case l.memory+n.memory > instanceMemory:
		return "RESOURCE:MEMORY"
	case l.cpu+n.cpu > instanceCPU:
		return "RESOURCE:CPU"
	}
	for _, p := range n.ports {
		if p.HostPort != 0 && (slices.Contains(l.ports, p.host()) || slices.Contains(reservedPorts, p.HostPort)) {
			return "RESOURCE:PORTS"
		}
	}
	return ""
}

// bind gives each port that may be any the lowest one of the ephemeral range that is free.
func (l load) bind(ports []binding) []binding {
	var bound []binding
	taken := slices.Clone(l.ports)
	for _, p := range ports {
		if p.HostPort == 0 {
			for p.HostPort = firstDynamicPort; p.HostPort < lastDynamicPort && slices.Contains(taken, p.host()); {
				p.HostPort++
			}
		}
		taken = append(taken, p.host())
		bound = append(bound, p)
	}
	return bound
}

func (r *region) describeInstance(i *instance) types.ContainerInstance {
	l := r.load(i)
	resources := func(cpu, memory int32, ports []string) []types.Resource {
		tcp := []string{}
		for _, p := range reservedPorts {
			tcp = append(tcp, number32(p))
		}
		for _, p := range ports {
			if port, ok := strings.CutSuffix(p, "/tcp"); ok {
				tcp = append(tcp, port)
			}
		}
		return []types.Resource{
			{Name: new("CPU"), Type: new("INTEGER"), IntegerValue: cpu},
			{Name: new("MEMORY"), Type: new("INTEGER"), IntegerValue: memory},
			{Name: new("PORTS"), Type: new("STRINGSET"), StringSetValue: tcp},
		}
	}
	return types.ContainerInstance{
		AgentConnected:       true,
		Attachments:          []types.Attachment{},
		Attributes:           []types.Attribute{{Name: new("ecs.availability-zone"), Value: new(i.Zone)}},
		ContainerInstanceArn: new(i.ARN),
		Ec2InstanceId:        new(i.ID),
		PendingTasksCount:    l.pending,
		RegisteredAt:         new(i.Registered),
		RegisteredResources:  resources(instanceCPU, instanceMemory, nil),
		RemainingResources:   resources(instanceCPU-l.cpu, instanceMemory-l.memory, l.ports),
		RunningTasksCount:    l.running,
		Status:               new("ACTIVE"),
		Tags:                 []types.Tag{},
		Version:              1,
		VersionInfo: &types.VersionInfo{
			AgentHash: new("00000000"), AgentVersion: new("1.99.0"), DockerVersion: new("DockerVersion: 25.0.8"),
		},
	}
}

func listContainerInstances(
	r *region, in *ecs.ListContainerInstancesInput,
) (*ecs.ListContainerInstancesOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if value(in.Filter) != "" {
		return nil, invalidParameter("the sandbox does not know filters of container instances")
	}
	var arns []string
	for _, i := range c.Instances {
		if in.Status == "" || in.Status == types.ContainerInstanceStatusActive {
			arns = append(arns, i.ARN)
		}
	}
	arns, next, err := page(arns, in.MaxResults, in.NextToken, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListContainerInstancesOutput{ContainerInstanceArns: arns, NextToken: next}, nil
}

func describeContainerInstances(
	r *region, in *ecs.DescribeContainerInstancesInput,
) (*ecs.DescribeContainerInstancesOutput, error) {
	c, err := r.cluster(in.Cluster)
	switch {
	case err != nil:
		return nil, err
	case len(in.ContainerInstances) == 0:
		return nil, invalidParameter("Container instances cannot be empty.")
	case len(in.ContainerInstances) > 100:
		return nil, invalidParameter("Container instances cannot have more than 100 elements.")
	}
	out := &ecs.DescribeContainerInstancesOutput{
		ContainerInstances: []types.ContainerInstance{}, Failures: []types.Failure{},
	}
	for _, name := range in.ContainerInstances {
		i := slices.IndexFunc(c.Instances, func(i instance) bool { return shortName(i.ARN) == shortName(name) })
		if i < 0 {
			out.Failures = append(out.Failures, types.Failure{
				Arn: new(r.arn("container-instance/" + c.name() + "/" + shortName(name))), Reason: new("MISSING"),
			})
			continue
		}
		out.ContainerInstances = append(out.ContainerInstances, r.describeInstance(&c.Instances[i]))
	}
	return out, nil
}
