package translate

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	composetypes "github.com/compose-spec/compose-go/v2/types"
)

// CPU, memory, GPUs.

// setCPU sets the CPU units of the container, unless another key has done so: ECS has one number for what Docker calls
// shares, limit and reservation.
func (c *container) setCPU(at place, units float64) {
	n := c.cpu(at, units)
	switch {
	case n == 0:
	case c.def.Cpu == 0:
		c.def.Cpu, c.cpuAt = n, at
	case c.def.Cpu != n:
		c.t.warnf(at, "K01", "is left out: ECS has one number for the CPU of a container, which %s at %s gives",
			c.cpuAt.path, c.cpuAt.pos)
	}
	delete(c.set, container1+"cpu")
	if c.def.Cpu != 0 {
		c.set[container1+"cpu"] = c.cpuAt
	}
}

func applyCPUShares(c *container, at place) { c.setCPU(at, float64(c.svc.CPUShares)) }

func applyCPUs(c *container, at place) { c.setCPU(at, cpuUnits(float64(c.svc.CPUS))) }

// applyCPUCount counts CPUs where Docker does so: on Windows.
func applyCPUCount(c *container, at place) {
	if strings.HasPrefix(c.svc.Platform, "windows") {
		c.setCPU(at, cpuUnits(float64(c.svc.CPUCount)))
	} else if c.svc.CPUCount != 0 {
		c.t.warnf(at, "K01", "counts CPUs on Windows only: use cpus")
	}
}

// limits and reservations return what deploy.resources says, never nil.
func (c *container) limits() *composetypes.Resource {
	if c.svc.Deploy == nil || c.svc.Deploy.Resources.Limits == nil {
		return &composetypes.Resource{}
	}
	return c.svc.Deploy.Resources.Limits
}

func (c *container) reservations() *composetypes.Resource {
	if c.svc.Deploy == nil || c.svc.Deploy.Resources.Reservations == nil {
		return &composetypes.Resource{}
	}
	return c.svc.Deploy.Resources.Reservations
}

func applyLimitCPUs(c *container, at place) {
	cpus := float64(c.limits().NanoCPUs)
	if cpus != 0 && c.svc.CPUS != 0 && float64(c.svc.CPUS) != cpus {
		c.t.errorf(at, "C12", "cpus at %s says otherwise: keep one of them", c.at("cpus").pos)
		return
	}
	c.setCPU(at, cpuUnits(cpus))
}

func applyReservedCPUs(c *container, at place) {
	c.setCPU(at, cpuUnits(float64(c.reservations().NanoCPUs)))
}

func applyMemLimit(c *container, at place) {
	c.def.Memory = c.mebibytes(at, int64(c.svc.MemLimit))
}

func applyMemReservation(c *container, at place) {
	c.def.MemoryReservation = c.mebibytes(at, int64(c.svc.MemReservation))
}

func applyLimitMemory(c *container, at place) {
	if c.limits().MemoryBytes != 0 && c.svc.MemLimit != 0 && c.svc.MemLimit != c.limits().MemoryBytes {
		c.t.errorf(at, "C12", "mem_limit at %s says otherwise: keep one of them", c.at("mem_limit").pos)
	}
	c.def.Memory = c.mebibytes(at, int64(c.limits().MemoryBytes))
}

func applyReservedMemory(c *container, at place) {
	if c.reservations().MemoryBytes != 0 && c.svc.MemReservation != 0 && c.svc.MemReservation != c.reservations().MemoryBytes {
		c.t.errorf(at, "C12", "mem_reservation at %s says otherwise: keep one of them", c.at("mem_reservation").pos)
	}
	c.def.MemoryReservation = c.mebibytes(at, int64(c.reservations().MemoryBytes))
}

func applyShmSize(c *container, at place) {
	if size := c.mebibytes(at, int64(c.svc.ShmSize)); size != nil {
		c.linux().SharedMemorySize = size
	}
}

// applySwap turns Docker's limit of memory and swap together into ECS's limit of swap.
func applySwap(c *container, at place) {
	limit, total := int64(c.svc.MemLimit), int64(c.svc.MemSwapLimit)
	if limit == 0 {
		limit = int64(c.limits().MemoryBytes)
	}
	switch {
	case total == 0: // not set
		delete(c.set, linux+"maxSwap")
	case total < 0:
		c.t.warnf(at, "K01", "ECS has no swap without limit: set services.<service>.max_swap in ecs-params")
	case limit == 0:
		c.t.warnf(at, "K01", "says nothing without mem_limit: it is the limit of memory and swap together")
	case total < limit:
		c.t.errorf(at, "T15", "must be mem_limit or more: it is the limit of memory and swap together")
	default:
		c.linux().MaxSwap = new(int32((total - limit) / mebibyte))
	}
}

func applySwappiness(c *container, _ place) {
	c.linux().Swappiness = new(int32(max(min(c.svc.MemSwappiness, math.MaxInt32), math.MinInt32)))
}

// keyAt returns the path of a key below its service.
func (c *container) keyAt(at place) string { return strings.TrimPrefix(at.path, c.path.String()+".") }

func applyGPUs(c *container, at place) { c.devices(at, c.svc.Gpus, true) }

func applyReservedDevices(c *container, at place) { c.devices(at, c.reservations().Devices, false) }

// devices turns requests for devices into a number of GPUs, which is all that ECS gives.
func (c *container) devices(at place, requests []composetypes.DeviceRequest, gpus bool) {
	for i, r := range requests {
		item := place{at.pos, at.path + "[" + strconv.Itoa(i) + "]", at.node}
		if !gpus && !slices.Contains(r.Capabilities, "gpu") || r.Driver != "" && r.Driver != "nvidia" {
			c.t.refuse(item, "T24", c.keyAt(at), "ECS gives access to NVIDIA GPUs only: name the device under devices")
			continue
		}
		switch {
		case r.Count > 0:
			c.addGPUs(item, strconv.FormatInt(int64(r.Count), 10))
		case r.Count < 0 || len(r.IDs) == 0:
			c.t.refuse(item, "T24", c.keyAt(at), "ECS needs the number of GPUs: all of them is no number")
		}
	}
}

func applyGenericResources(c *container, at place) {
	for i, r := range c.reservations().GenericResources {
		if r.DiscreteResourceSpec == nil {
			continue
		}
		item := place{at.pos, at.path + "[" + strconv.Itoa(i) + "]", at.node}
		if kind := strings.ToLower(r.DiscreteResourceSpec.Kind); kind != "gpu" && kind != "gpus" {
			c.t.refuse(item, "T24", c.keyAt(at), "ECS knows resources of the kind GPU only")
			continue
		}
		c.addGPUs(item, strconv.FormatInt(r.DiscreteResourceSpec.Value, 10))
	}
}

func (c *container) addGPUs(at place, count string) {
	c.set[container1+"resourceRequirements"] = at
	c.def.ResourceRequirements = append(c.def.ResourceRequirements,
		types.ResourceRequirement{Type: types.ResourceTypeGpu, Value: new(count)})
}
