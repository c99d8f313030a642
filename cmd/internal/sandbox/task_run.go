package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

const tokensFor = 24 * time.Hour // how long a client token is remembered

// A token is a client token that was used: the request that came with it and what was made.
type token struct {
	Request string    `json:"request"` // its SHA-256
	Made    []string  `json:"made"`    // ARNs
	At      time.Time `json:"at"`
}

// digest returns what tells one request from another.
func digest(request []byte) string {
	sum := sha256.Sum256(request)
	return hex.EncodeToString(sum[:])
}

// remembered returns the token if it was used for the same request, and a ConflictException if it was used for another
// one: "The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a
// different RunTask request. The resourceIds are the existing task ARNs which are already associated with the
// clientToken."
func (r *region) remembered(action string, clientToken *string, request string) (*token, error) {
	t, ok := r.Tokens[action+"/"+value(clientToken)]
	if clientToken == nil || !ok || passed(r.now(), t.At.Add(tokensFor)) {
		return nil, nil
	}
	if t.Request != request {
		return nil, &conflictError{&apiError{400, "ConflictException",
			"The provided clientToken is already in use with a different " + action + " request."}, t.Made}
	}
	return &t, nil
}

func (r *region) remember(action string, clientToken *string, t token) {
	if clientToken != nil {
		r.Tokens[action+"/"+*clientToken] = t
	}
}

// runTask: "Starts a new task using the specified task definition."
func runTask(r *region, in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	request := digest(awsjson.Marshal(in))
	used, err := r.remembered("RunTask", in.ClientToken, request)
	if err != nil {
		return nil, err
	}
	out := &ecs.RunTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	if used != nil {
		for _, t := range r.Tasks {
			if slices.Contains(used.Made, t.ARN) {
				out.Tasks = append(out.Tasks, r.describeTask(t, true))
			}
		}
		return out, nil
	}
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	td, err := r.runnable(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	l := &launch{
		cluster: c, definition: td, group: value(in.Group), startedBy: value(in.StartedBy), network: in.NetworkConfiguration,
		launchType: in.LaunchType, strategy: in.CapacityProviderStrategy, platform: value(in.PlatformVersion),
		overrides: in.Overrides, exec: in.EnableExecuteCommand, constraints: in.PlacementConstraints,
		placement: in.PlacementStrategy,
	}
	if l.group == "" {
		l.group = "family:" + *td.Family
	}
	if l.tags, err = r.taskTags(in, td, c); err != nil {
		return nil, err
	}
	count := int32(1)
	if in.Count != nil {
		count = *in.Count
	}
	if err := checkRunTask(in, td, count); err != nil {
		return nil, err
	}
	if err := r.checkLaunch(l); err != nil {
		return nil, err
	}
	made := []string{}
	for range count {
		t, failures := r.launch(l)
		if t == nil {
			out.Failures = append(out.Failures, failures...)
			continue
		}
		made = append(made, t.ARN)
		out.Tasks = append(out.Tasks, r.describeTask(t, true))
	}
	r.remember("RunTask", in.ClientToken, token{request, made, r.now()})
	return out, nil
}

// runnable returns an ACTIVE task definition.
func (r *region) runnable(name *string) (*types.TaskDefinition, error) {
	_, v := r.revision(value(name))
	switch {
	case v == nil:
		return nil, clientException("TaskDefinition not found.")
	case v.status() != types.TaskDefinitionStatusActive:
		return nil, clientException("TaskDefinition is inactive")
	}
	return &v.Definition.v, nil
}

func checkRunTask(in *ecs.RunTaskInput, td *types.TaskDefinition, count int32) error {
	switch {
	case count < 1 || count > 10:
		return invalidParameter("count must be between 1 and 10.")
	case len(value(in.StartedBy)) > 128:
		return invalidParameter("startedBy cannot be longer than 128 characters.")
	case len(value(in.ClientToken)) > 64:
		return invalidParameter("clientToken cannot be longer than 64 characters.")
	case in.Overrides == nil:
		return nil
	case len(awsjson.Marshal(in.Overrides)) > 8192:
		return invalidParameter("Container Overrides length must be at most 8192")
	}
	for _, o := range in.Overrides.ContainerOverrides {
		if !slices.ContainsFunc(td.ContainerDefinitions, func(c types.ContainerDefinition) bool {
			return *c.Name == value(o.Name)
		}) {
			return invalidParameter("Override for container named %s is not a container in the TaskDefinition.", value(o.Name))
		}
	}
	return nil
}

// taskTags returns the tags of new tasks: those of the request, propagated ones, and the managed ones. See "Tag keys
// managed by Amazon ECS" in the developer guide.
func (r *region) taskTags(in *ecs.RunTaskInput, td *types.TaskDefinition, c *cluster) ([]types.Tag, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	tags := slices.Clone(in.Tags)
	switch in.PropagateTags {
	case types.PropagateTagsService:
		return nil, invalidParameter("propagateTags: SERVICE is only for the tasks of a service.")
	case types.PropagateTagsTaskDefinition:
		for _, t := range r.tags(*td.TaskDefinitionArn) {
			if !slices.ContainsFunc(tags, func(o types.Tag) bool { return *o.Key == *t.Key }) {
				tags = append(tags, t)
			}
		}
	}
	if in.EnableECSManagedTags {
		tags = append(tags, types.Tag{Key: new("aws:ecs:clusterName"), Value: new(c.name())})
	}
	return tags, nil
}
