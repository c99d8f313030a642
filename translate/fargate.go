package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A fargateCPU is a CPU size of Fargate with the memory it goes with (ECS Developer Guide, "Task CPU and memory").
type fargateCPU struct {
	cpu            int // CPU units
	from, to, step int // MiB
}

var fargateCPUs = []fargateCPU{
	{256, 512, 2048, 0}, // 512, 1024, 2048
	{512, 1024, 4096, 1024},
	{1024, 2048, 8192, 1024},
	{2048, 4096, 16384, 1024},
	{4096, 8192, 30720, 1024},
	{8192, 16384, 61440, 4096},
	{16384, 32768, 122880, 8192},
}

// fits reports whether the size goes with memory.
func (f fargateCPU) fits(memory int) bool { return f.round(memory) == memory }

// round returns the smallest memory of the size that is at least memory, or -1.
func (f fargateCPU) round(memory int) int {
	switch {
	case memory > f.to:
		return -1
	case memory <= f.from:
		return f.from
	case f.step == 0:
		m := f.from
		for m < memory {
			m *= 2
		}
		return m
	}
	return f.from + (memory-f.from+f.step-1)/f.step*f.step
}

// smallest returns the smallest size of Fargate with at least that much CPU and memory; false if there is none.
func smallest(cpu, memory int) (c, m int, ok bool) {
	for _, f := range fargateCPUs {
		if m := f.round(memory); f.cpu >= cpu && m > 0 {
			return f.cpu, m, true
		}
	}
	return 0, 0, false
}

// fargateSize completes the size of the task: what no file says is what the containers need, rounded up.
func (t *translation) fargateSize() {
	task := &t.result.Task
	if task.Cpu != nil && task.Memory != nil {
		return
	}
	cpu, memory := t.containerSums()
	if cpu == 0 && memory == 0 {
		return // rule F01 says so
	}
	where := t.where("cpu")
	if task.Cpu != nil {
		cpu, _ = parseTaskSize(*task.Cpu)
	}
	if task.Memory != nil {
		memory, _ = parseTaskSize(*task.Memory)
		where = t.where("memory")
	}
	c, m, ok := smallest(cpu, memory)
	if !ok || task.Cpu != nil && c != cpu || task.Memory != nil && m != memory {
		return
	}
	t.notef(where, "F01", "the containers ask for %s: the task has the Fargate size %s",
		sizeOf(cpu, memory), sizeOf(c, m))
	task.Cpu, task.Memory = new(strconv.Itoa(c)), new(strconv.Itoa(m))
}

// containerSums returns how much CPU and memory the containers need together, in CPU units and MiB.
func (t *translation) containerSums() (cpu, memory int) {
	for _, c := range t.containers {
		cpu += int(c.def.Cpu)
		memory += int(max(value(c.def.Memory), value(c.def.MemoryReservation)))
	}
	return cpu, memory
}

func sizeOf(cpu, memory int) string { return fmt.Sprintf("%d CPU units and %d MiB", cpu, memory) }

// nearestSizes names the sizes of Fargate around one that is none.
func nearestSizes(cpu, memory int) string {
	var near []string
	if i := slices.IndexFunc(fargateCPUs, func(f fargateCPU) bool { return f.cpu == cpu }); i >= 0 {
		f := fargateCPUs[i]
		if below := f.below(memory); below > 0 {
			near = append(near, sizeOf(cpu, below))
		}
		if above := f.round(memory); above > 0 {
			near = append(near, sizeOf(cpu, above))
		}
	}
	if c, m, ok := smallest(cpu, memory); ok {
		if s := sizeOf(c, m); !slices.Contains(near, s) {
			near = append(near, s)
		}
	}
	return strings.Join(near, ", or ")
}

// below returns the largest memory of the size that is less than memory, or -1.
func (f fargateCPU) below(memory int) int {
	best := -1
	for m := f.from; m <= f.to; {
		if m < memory {
			best = m
		}
		if f.step == 0 {
			m *= 2
		} else {
			m += f.step
		}
	}
	return best
}
