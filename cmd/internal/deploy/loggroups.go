package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
	"github.com/ecsctl/ecsctl/translate"
)

// A LogGroup is a group of CloudWatch Logs that containers write to and that is not yet as it is wanted.
type LogGroup struct {
	Name, Region string // Region as the container says it
	missing      bool
	retention    *int32 // days for which events are to be kept, nil if that is as it is wanted
	class        logstypes.LogGroupClass
	key          *string // that encrypts it
	tags         map[string]string
}

// logGroups returns the groups that containers write to with the awslogs driver, each once, in order.
func logGroups(r *translate.Result) []LogGroup {
	var groups []LogGroup
	for _, c := range r.Task.ContainerDefinitions {
		l := c.LogConfiguration
		if l == nil || l.LogDriver != types.LogDriverAwslogs {
			continue
		}
		g := LogGroup{Name: l.Options["awslogs-group"], Region: l.Options["awslogs-region"]}
		if s := r.Service.Logs; s != nil {
			g.retention, g.class = s.RetentionInDays, logstypes.LogGroupClass(s.LogGroupClass)
			if s.KMSKeyID != "" {
				g.key = &s.KMSKeyID
			}
		}
		for _, t := range r.Tags {
			if g.tags == nil {
				g.tags = map[string]string{}
			}
			g.tags[*t.Key] = deref(t.Value)
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b LogGroup) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(groups, func(a, b LogGroup) bool { return a.Region == b.Region && a.Name == b.Name })
}

// observeLogGroups looks which log groups are missing, if they are to be made.
func (w *CreateWant) observeLogGroups(ctx context.Context, c *Clients) ([]LogGroup, error) {
	if !w.CreateLogGroups {
		return nil, nil
	}
	groups := logGroups(w.Result)
	for _, err := range forEach(groups, func(i int, _ LogGroup) error { return groups[i].observe(ctx, c) }) {
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(groups, func(g LogGroup) bool { return !g.missing && g.retention == nil }), nil
}

// observe looks whether the group is there. To a caller who may not look it is missing: making it is no harm.
func (g *LogGroup) observe(ctx context.Context, c *Clients) error {
	g.missing = true
	in := &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &g.Name}
	for {
		out, err := c.Logs(g.Region).DescribeLogGroups(ctx, in)
		if call.IsDenied(err) {
			return nil
		}
		if err != nil {
			return call.Wrap("log-group:"+g.Name, err)
		}
		for _, have := range out.LogGroups {
			if deref(have.LogGroupName) == g.Name {
				g.missing = false
				if g.retention != nil && deref(have.RetentionInDays) == *g.retention {
					g.retention = nil
				}
				return nil
			}
		}
		if out.NextToken == nil {
			return nil
		}
		in.NextToken = out.NextToken
	}
}

// planLogGroups plans what it takes that the groups are as they are wanted.
func planLogGroups(groups []LogGroup) Plan {
	var p Plan
	for _, g := range groups {
		on := "log-group:" + g.Name
		if g.missing {
			in := &cloudwatchlogs.CreateLogGroupInput{
				LogGroupName: &g.Name, LogGroupClass: g.class, KmsKeyId: g.key, Tags: g.tags,
			}
			p = append(p, Step{
				Action: "logs:CreateLogGroup", On: on, request: in,
				Why: "containers write to it in " + cmp.Or(g.Region, "this region"),
				do: func(ctx context.Context, x *Execution) error {
					_, err := x.Logs(g.Region).CreateLogGroup(ctx, in)
					if err != nil && !call.IsCode(err, "ResourceAlreadyExistsException") {
						return call.Wrap(on, err)
					}
					return nil
				},
			})
		}
		if g.retention != nil {
			in := &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &g.Name, RetentionInDays: g.retention}
			p = append(p, Step{
				Action: "logs:PutRetentionPolicy", On: on, request: in,
				Why: fmt.Sprintf("events are kept for %d days", *g.retention),
				do: func(ctx context.Context, x *Execution) error {
					if _, err := x.Logs(g.Region).PutRetentionPolicy(ctx, in); err != nil {
						return call.Wrap(on, err)
					}
					return nil
				},
			})
		}
	}
	return p
}
