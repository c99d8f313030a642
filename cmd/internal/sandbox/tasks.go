package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A task is what is decided about a task; what happens to it is in its timeline.
type task struct {
	ARN         string                   `json:"arn"`
	Cluster     string                   `json:"cluster"`    // its name
	Definition  string                   `json:"definition"` // its ARN
	Created     time.Time                `json:"created"`
	Group       string                   `json:"group,omitempty"`
	StartedBy   string                   `json:"startedBy,omitempty"`
	LaunchType  types.LaunchType         `json:"launchType,omitempty"`
	Provider    string                   `json:"provider,omitempty"` // of capacity
	Platform    string                   `json:"platform,omitempty"` // version; of Fargate
	Zone        string                   `json:"zone"`
	CPU         int32                    `json:"cpu"`    // units it takes
	Memory      int32                    `json:"memory"` // MiB it takes
	Exec        bool                     `json:"exec,omitempty"`
	Instance    string                   `json:"instance,omitempty"` // ARN of its container instance
	Ports       []binding                `json:"ports,omitempty"`
	ENI         *eni                     `json:"eni,omitempty"`
	NoLogs      string                   `json:"noLogs,omitempty"` // the container whose log group is missing
	Overrides   *sdk[types.TaskOverride] `json:"overrides,omitempty"`
	Stop        *stop                    `json:"stop,omitempty"`
	Interrupted bool                     `json:"interrupted,omitempty"` // its capacity is taken away
	Noticed     bool                     `json:"noticed,omitempty"`     // as failed or as steady, by the scheduler

	line   *timeline // worked out when Stop was lineOf; nil if never
	lineOf *stop
}

// A stop is the decision of someone to stop a task.
type stop struct {
	At     time.Time          `json:"at"`
	Code   types.TaskStopCode `json:"code"`
	Reason string             `json:"reason"`
}

func (t *task) id() string { return shortName(t.ARN) }

// override returns what RunTask changed of the container, or nil.
func (t *task) override(container string) *types.ContainerOverride {
	if t.Overrides == nil {
		return nil
	}
	for i, o := range t.Overrides.v.ContainerOverrides {
		if value(o.Name) == container {
			return &t.Overrides.v.ContainerOverrides[i]
		}
	}
	return nil
}

// task returns the task of an id or ARN in the cluster, or nil.
func (r *region) task(c *cluster, name string) *task {
	for _, t := range r.Tasks {
		if t.Cluster == c.name() && (t.ARN == name || !strings.HasPrefix(name, "arn:") && t.id() == shortName(name)) {
			return t
		}
	}
	return nil
}

func stopTask(r *region, in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t := r.task(c, value(in.Task))
	if t == nil {
		return nil, invalidParameter("The referenced task was not found.")
	}
	if !passed(r.now(), t.timeline(r).stopping) {
		reason := value(in.Reason)
		if reason == "" {
			reason = "Task stopped by user"
		}
		t.Stop = &stop{r.now(), types.TaskStopCodeUserInitiated, reason}
		for _, s := range r.Services {
			if s.clusterName() == t.Cluster && s.deployment(t.StartedBy) != nil {
				s.Wake = earlier(s.Wake, r.now().Add(reaction))
			}
		}
	}
	v := r.describeTask(t, false)
	return &ecs.StopTaskOutput{Task: &v}, nil
}

// describeTasks: "A list of up to 100 task IDs or full ARN entries."
func describeTasks(r *region, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	c, err := r.cluster(in.Cluster)
	switch {
	case err != nil:
		return nil, err
	case len(in.Tasks) == 0:
		return nil, invalidParameter("Tasks cannot be empty.")
	case len(in.Tasks) > 100:
		return nil, invalidParameter("Tasks cannot have more than 100 elements.")
	}
	out := &ecs.DescribeTasksOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, name := range in.Tasks {
		t := r.task(c, name)
		if t == nil {
			arn := name
			if !strings.HasPrefix(name, "arn:") {
				arn = r.arn("task/" + c.name() + "/" + shortName(name))
			}
			out.Failures = append(out.Failures, types.Failure{Arn: new(arn), Reason: new("MISSING")})
			continue
		}
		out.Tasks = append(out.Tasks, r.describeTask(t, slices.Contains(in.Include, types.TaskFieldTags)))
	}
	return out, nil
}

// listTasks: "The default status filter is RUNNING"; tasks that have stopped are listed for about an hour; "When you
// specify startedBy as the filter, it must be the only filter that you use".
func listTasks(r *region, in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.ServiceName != nil && r.service(c, *in.ServiceName) == nil {
		return nil, serviceNotFound()
	}
	others := in.Family != nil || in.ServiceName != nil || in.ContainerInstance != nil || in.LaunchType != ""
	if in.StartedBy != nil && others {
		return nil, invalidParameter("startedBy must be the only filter.")
	}
	desired := string(in.DesiredStatus)
	if desired == "" {
		desired = "RUNNING"
	}
	var arns []string
	for _, t := range r.Tasks {
		_, service, _ := strings.Cut(t.Group, "service:")
		if t.Cluster == c.name() && t.desired(r) == desired &&
			matches(in.Family, familyOf(t.Definition)) &&
			matches(in.ServiceName, service) &&
			(in.StartedBy == nil || *in.StartedBy == t.StartedBy) &&
			matches(in.ContainerInstance, shortName(t.Instance)) &&
			(in.LaunchType == "" || in.LaunchType == t.LaunchType) {
			arns = append(arns, t.ARN)
		}
	}
	arns, next, err := page(arns, in.MaxResults, in.NextToken, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTasksOutput{TaskArns: arns, NextToken: next}, nil
}

// matches says whether a filter, a name or an ARN, lets a name pass.
func matches(filter *string, name string) bool { return filter == nil || shortName(*filter) == name }

// familyOf returns the family of a task definition's ARN.
func familyOf(arn string) string {
	name, _, _ := strings.Cut(shortName(arn), ":")
	return name
}

func (t *task) desired(r *region) string {
	if passed(r.now(), t.timeline(r).stopping) {
		return "STOPPED"
	}
	return "RUNNING"
}
