package sandbox

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var (
	nameOK  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	imageOK = regexp.MustCompile(`^[A-Za-z0-9_./:@-]{1,255}$`)
)

// A definitionRule is a rule about a whole task definition: it returns what ECS says, or "".
type definitionRule func(*types.TaskDefinition) string

// A containerRule is a rule about a container definition.
type containerRule func(*types.TaskDefinition, *types.ContainerDefinition) string

// definitionRules are the rules for family, containerDefinitions, volumes, cpu and memory in RegisterTaskDefinition.
var definitionRules = []definitionRule{
	func(td *types.TaskDefinition) string {
		return unless(nameOK.MatchString(value(td.Family)), "Family contains invalid characters.")
	},
	func(td *types.TaskDefinition) string {
		return unless(len(td.ContainerDefinitions) > 0, "Container list cannot be empty.")
	},
	func(td *types.TaskDefinition) string {
		essential := func(c types.ContainerDefinition) bool { return *c.Essential }
		return unless(slices.ContainsFunc(td.ContainerDefinitions, essential),
			"The task definition must have at least one essential container.")
	},
	uniqueNames,
	sumsFit,
	volumesOK,
	noCircle,
	func(td *types.TaskDefinition) string {
		return unless(len(td.PlacementConstraints) <= 10, "Too many placement constraints: there can be at most 10.")
	},
}

// containerRules are the rules for ContainerDefinition.
var containerRules = []containerRule{
	func(_ *types.TaskDefinition, c *types.ContainerDefinition) string {
		return unless(nameOK.MatchString(value(c.Name)), "Container.name contains invalid characters.")
	},
	func(_ *types.TaskDefinition, c *types.ContainerDefinition) string {
		return unless(value(c.Image) != "", "Container.image should not be null or empty.")
	},
	func(_ *types.TaskDefinition, c *types.ContainerDefinition) string {
		repository, _, _ := strings.Cut(*c.Image, "@sha256:")
		return unless(imageOK.MatchString(repository), "Container.image contains invalid characters.")
	},
	memoryOK,
	portsOK,
	secretsOK,
	loggingOK,
	referencesOK,
	healthOK,
}

func unless(ok bool, message string) string {
	if ok {
		return ""
	}
	return message
}

// checkDefinition returns the first rule that a task definition breaks, in ECS's words.
func checkDefinition(td *types.TaskDefinition) error {
	for _, rule := range definitionRules[:2] {
		if m := rule(td); m != "" {
			return clientException("%s", m)
		}
	}
	for i := range td.ContainerDefinitions {
		for _, rule := range containerRules {
			if m := rule(td, &td.ContainerDefinitions[i]); m != "" {
				return clientException("%s", m)
			}
		}
	}
	for _, rule := range definitionRules[2:] {
		if m := rule(td); m != "" {
			return clientException("%s", m)
		}
	}
	if slices.Contains(td.RequiresCompatibilities, types.CompatibilityFargate) {
		if m := fargate(td); m != "" {
			return clientException("%s", m)
		}
	}
	return nil
}

func uniqueNames(td *types.TaskDefinition) string {
	seen := map[string]bool{}
	for _, c := range td.ContainerDefinitions {
		if seen[*c.Name] {
			return "Container names should be unique. Duplicate container name: '" + *c.Name + "'."
		}
		seen[*c.Name] = true
	}
	return ""
}

// sumsFit: the cpu of all containers, and the memoryReservation of all, cannot be above those of the task; nor can the
// memory of one.
func sumsFit(td *types.TaskDefinition) string {
	cpu, memory := int32(0), int32(0)
	for _, c := range td.ContainerDefinitions {
		cpu += c.Cpu
		memory += value(c.MemoryReservation)
		if td.Memory != nil && value(c.Memory) > number(td.Memory) {
			return "Invalid 'memory' setting for container '" + *c.Name + "': it is above the 'memory' of the task."
		}
	}
	if td.Cpu != nil && cpu > number(td.Cpu) {
		return "The sum of the 'cpu' of all containers is above the 'cpu' of the task."
	}
	if td.Memory != nil && memory > number(td.Memory) {
		return "The sum of the 'memoryReservation' of all containers is above the 'memory' of the task."
	}
	return ""
}

func volumesOK(td *types.TaskDefinition) string {
	seen := map[string]bool{}
	for _, v := range td.Volumes {
		name := value(v.Name)
		switch {
		case !nameOK.MatchString(name):
			return "Volume.name contains invalid characters."
		case seen[name]:
			return "Volume names should be unique. Duplicate volume name: '" + name + "'."
		}
		seen[name] = true
	}
	return ""
}

// memoryOK: "If a task-level memory value is not specified, you must specify a non-zero integer for one or both of
// memory or memoryReservation"; "If you specify both, memory must be greater than memoryReservation"; at least 6 MiB.
func memoryOK(td *types.TaskDefinition, c *types.ContainerDefinition) string {
	setting := "Invalid setting for container '" + *c.Name + "'. "
	switch {
	case td.Memory == nil && c.Memory == nil && c.MemoryReservation == nil:
		return setting + "At least one of 'memory' or 'memoryReservation' must be specified."
	case c.Memory != nil && *c.Memory < 6 || c.MemoryReservation != nil && *c.MemoryReservation < 6:
		return setting + "'memory' and 'memoryReservation' must be at least 6."
	case c.Memory != nil && value(c.MemoryReservation) > *c.Memory:
		return setting + "The 'memoryReservation' value must be less than or equal to the 'memory' value."
	}
	return ""
}

// portsOK: see hostPort in PortMapping.
func portsOK(td *types.TaskDefinition, c *types.ContainerDefinition) string {
	same := td.NetworkMode == types.NetworkModeAwsvpc || td.NetworkMode == types.NetworkModeHost
	seen := map[int32]bool{}
	for _, p := range c.PortMappings {
		port, host := value(p.ContainerPort), value(p.HostPort)
		switch {
		case p.ContainerPort == nil && p.ContainerPortRange == nil:
			return "Port mappings must have a containerPort or a containerPortRange."
		case p.ContainerPort != nil && (port < 1 || port > 65535) || host < 0 || host > 65535:
			return "Invalid port: ports are between 1 and 65535."
		case same && p.ContainerPort != nil && port != host:
			return "When networkMode=" + string(td.NetworkMode) +
				", the host ports and container ports in port mappings must match."
		case p.Name != nil && seen[port] && same && p.Protocol == types.TransportProtocolTcp:
			return "Duplicate container port " + number32(port) + " in container '" + *c.Name + "'."
		}
		seen[port] = true
	}
	if len(c.Links) > 0 && td.NetworkMode != types.NetworkModeBridge && td.NetworkMode != "" {
		return "Links are not supported when networkMode=" + string(td.NetworkMode) + "."
	}
	return ""
}

// secretsOK: the agent reads secrets with the execution role.
func secretsOK(td *types.TaskDefinition, c *types.ContainerDefinition) string {
	if len(c.Secrets) > 0 && value(td.ExecutionRoleArn) == "" {
		return "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
	}
	seen := map[string]bool{}
	for _, e := range c.Environment {
		seen[value(e.Name)] = true
	}
	for _, s := range c.Secrets {
		if seen[value(s.Name)] {
			return "The secret name must be unique and not shared with any new or existing environment variables " +
				"set on the container, such as '" + value(s.Name) + "'."
		}
		seen[value(s.Name)] = true
	}
	return ""
}

// loggingOK: "awslogs-region" and "awslogs-group" are required; see LogConfiguration.
func loggingOK(td *types.TaskDefinition, c *types.ContainerDefinition) string {
	l := c.LogConfiguration
	if l == nil || l.LogDriver != types.LogDriverAwslogs {
		return ""
	}
	needs := []string{"awslogs-group", "awslogs-region"}
	if slices.Contains(td.RequiresCompatibilities, types.CompatibilityFargate) {
		needs = append(needs, "awslogs-stream-prefix")
	}
	for _, option := range needs {
		if l.Options[option] == "" {
			return "Log driver awslogs requires options: " + strings.Join(needs, ", ")
		}
	}
	return ""
}

// referencesOK: containers and volumes that a container names are in the task definition.
func referencesOK(td *types.TaskDefinition, c *types.ContainerDefinition) string {
	container := func(name string) bool {
		return slices.ContainsFunc(td.ContainerDefinitions, func(o types.ContainerDefinition) bool {
			return value(o.Name) == name
		})
	}
	for _, m := range c.MountPoints {
		if !slices.ContainsFunc(td.Volumes, func(v types.Volume) bool { return value(v.Name) == value(m.SourceVolume) }) {
			return "Unknown volume '" + value(m.SourceVolume) + "'."
		}
	}
	for _, v := range c.VolumesFrom {
		if !container(value(v.SourceContainer)) {
			return "Unknown container '" + value(v.SourceContainer) + "' in volumesFrom."
		}
	}
	for _, d := range c.DependsOn {
		name := value(d.ContainerName)
		if !container(name) || name == *c.Name {
			return "Unknown container '" + name + "' in dependsOn of container '" + *c.Name + "'."
		}
		if d.Condition == types.ContainerConditionHealthy && healthCheckOf(td, name) == nil {
			return "Container '" + name + "' must have a health check: container '" + *c.Name + "' depends on it."
		}
	}
	return ""
}

// noCircle: containers cannot wait for one another. Each round leaves out those that wait for none that is left.
func noCircle(td *types.TaskDefinition) string {
	left := map[string][]types.ContainerDependency{}
	for _, c := range td.ContainerDefinitions {
		left[*c.Name] = c.DependsOn
	}
	for range td.ContainerDefinitions {
		for name, on := range left {
			if !slices.ContainsFunc(on, func(d types.ContainerDependency) bool { _, ok := left[*d.ContainerName]; return ok }) {
				delete(left, name)
			}
		}
	}
	return unless(len(left) == 0, "Containers cannot depend on each other in a circle.")
}

func healthCheckOf(td *types.TaskDefinition, container string) *types.HealthCheck {
	for _, c := range td.ContainerDefinitions {
		if value(c.Name) == container {
			return c.HealthCheck
		}
	}
	return nil
}

// healthOK: see HealthCheck: interval 5–300, timeout 2–60, retries 1–10, startPeriod 0–300.
func healthOK(_ *types.TaskDefinition, c *types.ContainerDefinition) string {
	h := c.HealthCheck
	if h == nil {
		return ""
	}
	for _, limit := range []struct {
		name      string
		v         *int32
		low, high int32
	}{
		{"interval", h.Interval, 5, 300},
		{"timeout", h.Timeout, 2, 60},
		{"retries", h.Retries, 1, 10},
		{"startPeriod", h.StartPeriod, 0, 300},
	} {
		if limit.v != nil && (*limit.v < limit.low || *limit.v > limit.high) {
			return "Health check '" + limit.name + "' of container '" + *c.Name + "' must be between " +
				number32(limit.low) + " and " + number32(limit.high) + "."
		}
	}
	return unless(len(h.Command) > 0, "Health check command of container '"+*c.Name+"' must not be empty.")
}
