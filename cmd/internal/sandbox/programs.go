package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// programs are the commands that jobs of the sandbox know. All others do nothing, and that well.
var programs = map[string]func(*outcome, *types.ContainerDefinition, *types.ContainerOverride){
	"echo": func(o *outcome, _ *types.ContainerDefinition, v *types.ContainerOverride) {
		o.lines = []string{strings.Join(v.Command[1:], " ")}
	},
	"exit": func(o *outcome, _ *types.ContainerDefinition, v *types.ContainerOverride) {
		if n, err := strconv.ParseInt(strings.Join(v.Command[1:], " "), 10, 32); err == nil {
			o.exit = int32(n)
		}
	},
	"printenv": func(o *outcome, c *types.ContainerDefinition, v *types.ContainerOverride) {
		for _, name := range v.Command[1:] {
			text, ok := variable(slices.Concat(c.Environment, v.Environment), name)
			if !ok {
				o.exit = 1
				continue
			}
			o.lines = append(o.lines, text)
		}
	},
	"sleep": func(o *outcome, _ *types.ContainerDefinition, v *types.ContainerOverride) {
		if s, err := strconv.ParseFloat(strings.Join(v.Command[1:], " "), 64); err == nil && s >= 0 && s < 1e9 {
			o.runFor = time.Duration(s * float64(time.Second))
		}
	},
}

// variable returns the last value of a variable.
func variable(all []types.KeyValuePair, name string) (text string, ok bool) {
	for _, p := range all {
		if value(p.Name) == name {
			text, ok = value(p.Value), true
		}
	}
	return text, ok
}
