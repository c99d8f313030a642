package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A family is the task definitions of one name. Revisions count from 1 and are never given twice, deleted or not.
type family struct {
	Revisions []*revision `json:"revisions"` // revision n is at n-1; nil when deleted
}

// A revision is a registered task definition.
type revision struct {
	Definition sdk[types.TaskDefinition] `json:"definition"`
}

func (v *revision) arn() string { return *v.Definition.v.TaskDefinitionArn }

func (v *revision) status() types.TaskDefinitionStatus { return v.Definition.v.Status }

// latest returns the newest ACTIVE revision, or nil.
func (f *family) latest() *revision {
	if f == nil {
		return nil
	}
	for _, v := range slices.Backward(f.Revisions) {
		if v != nil && v.status() == types.TaskDefinitionStatusActive {
			return v
		}
	}
	return nil
}

// revision returns the task definition of a name: family (the latest ACTIVE one), family:revision or an ARN. It returns
// nil for an unknown one. See taskDefinition of DescribeTaskDefinition.
func (r *region) revision(name string) (*family, *revision) {
	if arn, ok := strings.CutPrefix(name, r.arn("task-definition/")); ok {
		name = arn
	}
	name, number, numbered := strings.Cut(name, ":")
	f := r.Families[name]
	if f == nil || !numbered {
		return f, f.latest()
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(f.Revisions) {
		return f, nil
	}
	return f, f.Revisions[n-1]
}

// registerTaskDefinition: "Registers a new task definition from the supplied family and containerDefinitions."
func registerTaskDefinition(r *region, in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	//lint:ignore SA1019 it is named to be refused
	if len(in.InferenceAccelerators) > 0 {
		return nil, clientException("Amazon Elastic Inference is no longer available.")
	}
	td := types.TaskDefinition{
		ContainerDefinitions:    in.ContainerDefinitions,
		Cpu:                     in.Cpu,
		EnableFaultInjection:    in.EnableFaultInjection,
		EphemeralStorage:        in.EphemeralStorage,
		ExecutionRoleArn:        in.ExecutionRoleArn,
		Family:                  in.Family,
		IpcMode:                 in.IpcMode,
		Memory:                  in.Memory,
		NetworkMode:             in.NetworkMode,
		PidMode:                 in.PidMode,
		PlacementConstraints:    in.PlacementConstraints,
		ProxyConfiguration:      in.ProxyConfiguration,
		RequiresCompatibilities: in.RequiresCompatibilities,
		RuntimePlatform:         in.RuntimePlatform,
		TaskRoleArn:             in.TaskRoleArn,
		Volumes:                 in.Volumes,
	}
	if err := fillDefinition(&td); err != nil {
		return nil, err
	}
	if err := checkDefinition(&td); err != nil {
		return nil, err
	}
	td.Compatibilities = compatibilities(&td)
	td.RequiresAttributes = requiredAttributes(&td)
	td.RegisteredAt, td.RegisteredBy = new(r.now()), new(Principal)
	td.Status = types.TaskDefinitionStatusActive
	f := r.Families[*td.Family]
	if f == nil {
		f = &family{}
		r.Families[*td.Family] = f
	}
	td.Revision = int32(len(f.Revisions) + 1)
	td.TaskDefinitionArn = new(r.arn(fmt.Sprintf("task-definition/%s:%d", *td.Family, td.Revision)))
	f.Revisions = append(f.Revisions, &revision{sdk[types.TaskDefinition]{td}})
	r.setTags(*td.TaskDefinitionArn, in.Tags)
	return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &td, Tags: r.tags(*td.TaskDefinitionArn)}, nil
}

func describeTaskDefinition(r *region, in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	_, v := r.revision(value(in.TaskDefinition))
	if v == nil {
		return nil, clientException("Unable to describe task definition.")
	}
	out := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &v.Definition.v}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = r.tags(v.arn())
	}
	return out, nil
}

// listTaskDefinitions: familyPrefix is the full name of a family here; "The status filter defaults to ACTIVE".
func listTaskDefinitions(r *region, in *ecs.ListTaskDefinitionsInput) (*ecs.ListTaskDefinitionsOutput, error) {
	status := in.Status
	if status == "" {
		status = types.TaskDefinitionStatusActive
	}
	var arns []string
	for _, name := range slices.Sorted(maps.Keys(r.Families)) {
		if in.FamilyPrefix != nil && *in.FamilyPrefix != name {
			continue
		}
		for _, v := range r.Families[name].Revisions {
			if v != nil && v.status() == status {
				arns = append(arns, v.arn())
			}
		}
	}
	if in.Sort == types.SortOrderDesc {
		slices.Reverse(arns)
	}
	arns, next, err := page(arns, in.MaxResults, in.NextToken, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: arns, NextToken: next}, nil
}

// listTaskDefinitionFamilies: the status is ALL unless it says otherwise; a family with an ACTIVE revision is ACTIVE.
func listTaskDefinitionFamilies(
	r *region, in *ecs.ListTaskDefinitionFamiliesInput,
) (*ecs.ListTaskDefinitionFamiliesOutput, error) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.Families)) {
		status := types.TaskDefinitionFamilyStatusInactive
		if r.Families[name].latest() != nil {
			status = types.TaskDefinitionFamilyStatusActive
		}
		if !strings.HasPrefix(name, value(in.FamilyPrefix)) {
			continue
		}
		if in.Status == "" || in.Status == types.TaskDefinitionFamilyStatusAll || in.Status == status {
			names = append(names, name)
		}
	}
	names, next, err := page(names, in.MaxResults, in.NextToken, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTaskDefinitionFamiliesOutput{Families: names, NextToken: next}, nil
}

// deregisterTaskDefinition: tasks and services that run an INACTIVE task definition go on, new ones cannot start.
func deregisterTaskDefinition(
	r *region, in *ecs.DeregisterTaskDefinitionInput,
) (*ecs.DeregisterTaskDefinitionOutput, error) {
	name := value(in.TaskDefinition)
	if !strings.Contains(shortName(name), ":") {
		return nil, clientException("Invalid revision number. Number: %s", shortName(name))
	}
	_, v := r.revision(name)
	if v == nil {
		return nil, clientException("The specified task definition does not exist.")
	}
	td := &v.Definition.v
	if td.Status == types.TaskDefinitionStatusActive {
		td.Status, td.DeregisteredAt = types.TaskDefinitionStatusInactive, new(r.now())
	}
	return &ecs.DeregisterTaskDefinitionOutput{TaskDefinition: td}, nil
}

// deleteTaskDefinitions: at most ten, which must have been deregistered.
func deleteTaskDefinitions(r *region, in *ecs.DeleteTaskDefinitionsInput) (*ecs.DeleteTaskDefinitionsOutput, error) {
	if n := len(in.TaskDefinitions); n < 1 || n > 10 {
		return nil, invalidParameter("Task definitions must have between 1 and 10 items.")
	}
	out := &ecs.DeleteTaskDefinitionsOutput{TaskDefinitions: []types.TaskDefinition{}, Failures: []types.Failure{}}
	for _, name := range in.TaskDefinitions {
		f, v := r.revision(name)
		switch {
		case v == nil:
			out.Failures = append(out.Failures, types.Failure{Arn: new(name), Reason: new("MISSING")})
		case v.status() == types.TaskDefinitionStatusActive:
			out.Failures = append(out.Failures, types.Failure{
				Arn: new(v.arn()), Reason: new("The specified task definition is still in ACTIVE status. " +
					"Please deregister the target and try again."),
			})
		default:
			td := &v.Definition.v
			td.Status, td.DeleteRequestedAt = types.TaskDefinitionStatusDeleteInProgress, new(r.now())
			out.TaskDefinitions = append(out.TaskDefinitions, *td)
			if !r.uses(v.arn()) {
				f.Revisions[td.Revision-1] = nil
				delete(r.Tags, v.arn())
			}
		}
	}
	return out, nil
}

// uses says whether a task or a service deployment that is remembered is of the task definition, which then stays
// DELETE_IN_PROGRESS.
func (r *region) uses(arn string) bool {
	for _, s := range r.Services {
		for _, d := range s.Deployments {
			if *d.Deployment.v.TaskDefinition == arn {
				return true
			}
		}
	}
	return slices.ContainsFunc(r.Tasks, func(t *task) bool { return t.Definition == arn })
}
