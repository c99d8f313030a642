package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A launch is how to start tasks of one kind.
type launch struct {
	cluster     *cluster
	definition  *types.TaskDefinition
	group       string
	startedBy   string
	launchType  types.LaunchType
	strategy    []types.CapacityProviderStrategyItem
	platform    string
	network     *types.NetworkConfiguration
	overrides   *types.TaskOverride
	constraints []types.PlacementConstraint
	placement   []types.PlacementStrategy
	tags        []types.Tag
	exec        bool
}

// fargate says whether the tasks run on Fargate.
func (l *launch) fargate() bool {
	return l.launchType == types.LaunchTypeFargate || len(l.strategy) > 0
}

// checkLaunch holds a launch to the rules of launchType, capacityProviderStrategy and networkConfiguration in RunTask
// and CreateService, and settles what they leave open: the cluster's default strategy, else EC2.
func (r *region) checkLaunch(l *launch) error {
	if l.launchType != "" && len(l.strategy) > 0 {
		return invalidParameter("Specifying both a launch type and capacity provider strategy is not supported. " +
			"Remove one and try again.")
	}
	if l.launchType == "" && len(l.strategy) == 0 {
		if l.strategy = l.cluster.Cluster.v.DefaultCapacityProviderStrategy; len(l.strategy) == 0 {
			l.launchType = types.LaunchTypeEc2
		}
	}
	for _, s := range l.strategy {
		if name := value(s.CapacityProvider); !slices.Contains(l.cluster.Cluster.v.CapacityProviders, name) {
			return invalidParameter("The specified capacity provider '%s' was not found. "+
				"Specify a valid name or ARN and try again.", name)
		}
	}
	switch td := l.definition; {
	case l.launchType == types.LaunchTypeExternal || l.launchType == types.LaunchTypeManagedInstances:
		return invalidParameter("No Container Instances were found in your cluster.")
	case l.fargate() && !slices.Contains(td.Compatibilities, types.CompatibilityFargate):
		return invalidParameter("Task definition does not support launch_type FARGATE.")
	case !l.fargate() && len(l.cluster.Instances) == 0:
		return invalidParameter("No Container Instances were found in your cluster.")
	case l.fargate() && len(l.placement)+len(l.constraints) > 0:
		return invalidParameter("Placement strategies and constraints are not supported with FARGATE launch type.")
	case !l.fargate() && l.platform != "":
		return invalidParameter("The platform version must be null when specifying an EC2 launch type.")
	case l.exec && td.TaskRoleArn == nil && (l.overrides == nil || l.overrides.TaskRoleArn == nil):
		return invalidParameter("The task couldn't be started because a valid taskRoleArn is not being used. " +
			"Specify a valid task role in your task definition and try again.")
	}
	return checkNetwork(l)
}

// checkNetwork: "This parameter is required for task definitions that use the awsvpc network mode to receive their own
// elastic network interface, and it isn't supported for other network modes"; at most 16 subnets and 5 security groups.
func checkNetwork(l *launch) error {
	awsvpc := l.definition.NetworkMode == types.NetworkModeAwsvpc
	var vpc *types.AwsVpcConfiguration
	if l.network != nil {
		vpc = l.network.AwsvpcConfiguration
	}
	switch {
	case awsvpc && vpc == nil:
		return invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	case !awsvpc && vpc != nil:
		return invalidParameter("Network Configuration is not valid for the given networkMode of this task definition.")
	case vpc == nil:
		return nil
	case len(vpc.Subnets) == 0:
		return invalidParameter("subnets can not be empty.")
	case len(vpc.Subnets) > 16:
		return invalidParameter("subnets can have at most 16 items.")
	case len(vpc.SecurityGroups) > 5:
		return invalidParameter("securityGroups can have at most 5 items.")
	case !l.fargate() && vpc.AssignPublicIp == types.AssignPublicIpEnabled:
		return invalidParameter("Assign public IP is not supported for this launch type.")
	}
	for _, s := range vpc.Subnets {
		if !strings.HasPrefix(s, "subnet-") {
			return invalidParameter("The subnet ID '%s' does not exist", s)
		}
	}
	for _, s := range vpc.SecurityGroups {
		if !strings.HasPrefix(s, "sg-") {
			return invalidParameter("The security group '%s' does not exist", s)
		}
	}
	return nil
}

// launch starts a task, or says why it cannot.
func (r *region) launch(l *launch) (*task, []types.Failure) {
	td := l.definition
	if r.noRoom(td) {
		arns := []*string{nil}
		if !l.fargate() {
			arns = nil
			for _, i := range l.cluster.Instances {
				arns = append(arns, new(i.ARN))
			}
		}
		var failures []types.Failure
		for _, arn := range arns {
			failures = append(failures, types.Failure{Arn: arn, Reason: new("RESOURCE:MEMORY")})
		}
		return nil, failures
	}
	n := needs(td)
	t := &task{
		Cluster: l.cluster.name(), Definition: *td.TaskDefinitionArn, Created: r.now(), Group: l.group,
		StartedBy: l.startedBy, LaunchType: l.launchType, CPU: n.cpu, Memory: n.memory, Exec: l.exec,
	}
	if l.overrides != nil {
		t.Overrides = &sdk[types.TaskOverride]{*l.overrides}
		t.CPU, t.Memory = numberOr(l.overrides.Cpu, t.CPU), numberOr(l.overrides.Memory, t.Memory)
	}
	if l.fargate() {
		t.LaunchType, t.Platform = types.LaunchTypeFargate, fargatePlatform(l.platform)
		t.Zone = r.zone(len(r.Tasks))
		t.Provider = r.provider(l)
	} else {
		i, ports, failures := r.place(l.cluster, n, l.packs(), func(i *instance) bool { return r.barred(l, i) })
		if i == nil {
			return nil, failures
		}
		t.Instance, t.Ports, t.Zone = i.ARN, ports, i.Zone
	}
	t.ARN = r.arn("task/" + t.Cluster + "/" + r.id())
	if td.NetworkMode == types.NetworkModeAwsvpc {
		t.ENI = r.newENI(l.network.AwsvpcConfiguration)
	}
	t.Interrupted = r.interrupts(td)
	r.prepareLogs(t, td)
	r.Tasks = append(r.Tasks, t)
	r.setTags(t.ARN, l.tags)
	return t, nil
}

// noRoom says whether a label asks that there be no capacity now.
func (r *region) noRoom(td *types.TaskDefinition) bool {
	for i := range td.ContainerDefinitions {
		o := outcomeOf(&td.ContainerDefinitions[i], nil)
		if o.noRoom && o.noStart == "" && (o.roomAfter == 0 || !passed(r.now(), td.RegisteredAt.Add(o.roomAfter))) {
			return true
		}
	}
	return false
}

// interrupts says whether a label asks that the next task of the revision lose its capacity.
func (r *region) interrupts(td *types.TaskDefinition) bool {
	before, wanted := 0, 0
	for _, t := range r.Tasks {
		if t.Definition == *td.TaskDefinitionArn {
			before++
		}
	}
	for i := range td.ContainerDefinitions {
		wanted = max(wanted, outcomeOf(&td.ContainerDefinitions[i], nil).interrupt)
	}
	return before < wanted
}

func (l *launch) packs() bool {
	return len(l.placement) > 0 && l.placement[0].Type == types.PlacementStrategyTypeBinpack
}

// barred: distinctInstance wants "each task in a particular group" on another instance. The sandbox takes memberOf to
// be true of all its instances.
func (r *region) barred(l *launch, i *instance) bool {
	return slices.ContainsFunc(l.constraints, func(c types.PlacementConstraint) bool {
		return c.Type == types.PlacementConstraintTypeDistinctInstance
	}) && slices.ContainsFunc(r.Tasks, func(t *task) bool {
		return t.Instance == i.ARN && t.Group == l.group && !passed(r.now(), t.timeline(r).stopped)
	})
}

// fargatePlatform: "If one isn't specified, the LATEST platform version is used"; of Linux that is 1.4.0.
func fargatePlatform(version string) string {
	if version == "" || version == "LATEST" {
		return "1.4.0"
	}
	return version
}

// provider picks the capacity provider of the next task: "base" tasks of one first, then by "weight". See
// CapacityProviderStrategyItem.
func (r *region) provider(l *launch) string {
	running := map[string]int32{}
	for _, t := range r.Tasks {
		if t.Cluster == l.cluster.name() && t.Group == l.group && !passed(r.now(), t.timeline(r).stopped) {
			running[t.Provider]++
		}
	}
	best, share := "", float64(0)
	for _, s := range l.strategy {
		name := value(s.CapacityProvider)
		if running[name] < s.Base {
			return name
		}
		weight := s.Weight
		if len(l.strategy) == 1 {
			weight = 1
		}
		if weight == 0 {
			continue
		}
		if n := float64(running[name]-s.Base) / float64(weight); best == "" || n < share {
			best, share = name, n
		}
	}
	return best
}

func numberOr(s *string, n int32) int32 {
	if a, err := amount(s, "", "", 1); err == nil && a != nil {
		return number(a)
	}
	return n
}

// An eni is the network interface of a task in awsvpc mode.
type eni struct {
	ID         string   `json:"id"`
	Attachment string   `json:"attachment"`
	Private    string   `json:"private"`          // address
	Public     string   `json:"public,omitempty"` // address
	Subnet     string   `json:"subnet"`
	Groups     []string `json:"groups,omitempty"`
}

func (r *region) newENI(vpc *types.AwsVpcConfiguration) *eni {
	r.Interfaces++
	n := r.Interfaces
	e := &eni{
		ID:         "eni-" + r.id()[:17],
		Attachment: r.uuid(),
		Private:    fmt.Sprintf("10.0.%d.%d", 1+n/250%250, 4+n%250),
		Subnet:     vpc.Subnets[n%len(vpc.Subnets)],
		Groups:     vpc.SecurityGroups,
	}
	if vpc.AssignPublicIp == types.AssignPublicIpEnabled {
		e.Public = fmt.Sprintf("198.18.%d.%d", n/250%250, 1+n%250)
	}
	return e
}
