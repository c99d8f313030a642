package sandbox

import (
	"math"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// fillDefinition sets what ECS fills in: see the defaults in ContainerDefinition, PortMapping, HealthCheck and
// EFSVolumeConfiguration of the API reference, and the answers in its examples, where lists are never missing.
func fillDefinition(td *types.TaskDefinition) error {
	cpu, err := amount(td.Cpu, "cpu", "vcpu", 1024)
	if err != nil {
		return err
	}
	memory, err := amount(td.Memory, "memory", "gb", 1024)
	if err != nil {
		return err
	}
	td.Cpu, td.Memory = cpu, memory
	empty(&td.Volumes)
	orElse(&td.EnableFaultInjection, false)
	empty(&td.PlacementConstraints)
	for i := range td.ContainerDefinitions {
		fillContainer(&td.ContainerDefinitions[i], td.NetworkMode)
	}
	for i := range td.Volumes {
		if efs := td.Volumes[i].EfsVolumeConfiguration; efs != nil && efs.RootDirectory == nil {
			efs.RootDirectory = new("/")
		}
	}
	return nil
}

// empty makes a list that is missing an empty one.
func empty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

func fillContainer(c *types.ContainerDefinition, mode types.NetworkMode) {
	empty(&c.Environment)
	empty(&c.MountPoints)
	empty(&c.PortMappings)
	empty(&c.SystemControls)
	empty(&c.VolumesFrom)
	orElse(&c.Essential, true)
	for i := range c.PortMappings {
		p := &c.PortMappings[i]
		if p.Protocol == "" {
			p.Protocol = types.TransportProtocolTcp
		}
		if p.HostPort == nil && p.ContainerPort != nil {
			p.HostPort = new(int32(0)) // of bridge mode: any
			if mode == types.NetworkModeAwsvpc || mode == types.NetworkModeHost {
				p.HostPort = new(*p.ContainerPort)
			}
		}
	}
	if h := c.HealthCheck; h != nil {
		orElse(&h.Interval, 30)
		orElse(&h.Retries, 3)
		orElse(&h.Timeout, 5)
	}
}

func orElse[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}

// amount returns a task's cpu or memory as ECS keeps it, a whole number of units or of MiB: "It can be expressed … as
// an integer using CPU units (for example, 1024) or as a string using vCPUs (for example, 1 vCPU or 1 vcpu)", and
// memory as "1024", "1GB" or "1 GB".
func amount(s *string, name, unit string, each float64) (*string, error) {
	if s == nil {
		return nil, nil
	}
	text := strings.ToLower(strings.TrimSpace(*s))
	number, scaled := strings.CutSuffix(text, unit)
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if scaled {
		n *= each
	}
	if err != nil || n <= 0 || n != math.Trunc(n) || n > math.MaxInt32 {
		return nil, clientException("Invalid '%s' setting for task.", name)
	}
	return new(strconv.Itoa(int(n))), nil
}
