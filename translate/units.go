package translate

import (
	"math"
	"strconv"
	"strings"
	"time"

	composetypes "github.com/compose-spec/compose-go/v2/types"
)

const mebibyte = 1 << 20

// mebibytes returns a size in whole MiB, rounded down as ecs-cli rounds it. It reports a size that comes to nothing.
func (c *container) mebibytes(at place, bytes int64) *int32 {
	switch {
	case bytes == 0: // not set
		return nil
	case bytes < 0:
		c.t.errorf(at, "T03", "must not be negative: without a limit, leave the key out")
		return nil
	case bytes < mebibyte:
		c.t.warnf(at, "T03", "%d bytes are less than one MiB and set nothing: write a unit, such as %dm", bytes, bytes)
		return nil
	case bytes/mebibyte > math.MaxInt32:
		c.t.errorf(at, "T03", "more memory than any machine has")
		return nil
	}
	return new(int32(bytes / mebibyte))
}

// seconds returns a duration in whole seconds, rounded up with a note.
func (c *container) seconds(at place, d composetypes.Duration) *int32 {
	s := math.Ceil(time.Duration(d).Seconds())
	if time.Duration(s)*time.Second != time.Duration(d) {
		c.t.notef(at, "T12", "%s is rounded up to %.0f s: ECS counts whole seconds", d, s)
	}
	return new(int32(max(min(s, math.MaxInt32), math.MinInt32)))
}

// maxCPU is how many CPU units a container asks for at most (API reference, ContainerDefinition).
const maxCPU = 262144

// cpuUnits returns a number of CPUs in CPU units, of which a CPU has 1024.
func cpuUnits(cpus float64) float64 { return math.Round(cpus * 1024) }

// cpu returns a number of CPU units, or 0 with a diagnostic if no container can have so many.
func (c *container) cpu(at place, units float64) int32 {
	if !(units >= 0 && units <= maxCPU) {
		c.t.errorf(at, "C10", "must be 0 to %d CPU units, of which a CPU has 1024", maxCPU)
		return 0
	}
	return int32(units)
}

var taskSize = newRegexp(`(?i)^\s*(\d*\.?\d+)\s*(vcpu|gb|gib|mb|mib)?\s*$`)

// parseTaskSize reads the CPU or the memory of a task as ECS does: CPU units or MiB, "1 vCPU", "2GB".
// It returns units or MiB.
func parseTaskSize(s string) (int, bool) {
	m := taskSize().FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, false
	}
	switch strings.ToLower(m[2]) {
	case "vcpu", "gb", "gib":
		n *= 1024
	}
	if n != math.Trunc(n) || n > math.MaxInt32 {
		return 0, false
	}
	return int(n), true
}
