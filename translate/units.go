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
	case bytes == 0 || bytes < 0: // not set; without limit
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

// cpuUnits returns a number of CPUs in CPU units, of which a CPU has 1024.
func cpuUnits(cpus float64) int32 { return int32(min(math.Round(cpus*1024), math.MaxInt32)) }

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
