package deploy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
	"github.com/ecsctl/ecsctl/ecsparams"
)

// A drain is a target group that is to wait for another time before it lets go of a target.
type drain struct {
	name, arn string
	have      string // seconds
	want      int32  // seconds
}

// delayKey is the attribute of a target group that says how long it waits, in seconds.
const delayKey = "deregistration_delay.timeout_seconds"

// resolveTargetGroups gives the load balancers that files name by their target group its ARN, and finds out which
// groups are to let go of targets after another time.
func (w *ServiceWant) resolveTargetGroups(ctx context.Context, c *Clients) ([]drain, error) {
	balancers := w.Service.LoadBalancers
	if err := resolveNames(ctx, c, balancers); err != nil {
		return nil, err
	}
	drains := make([]drain, len(balancers))
	errs := forEach(balancers, func(i int, lb ecsparams.LoadBalancer) error {
		if lb.DeregistrationDelay == nil || lb.TargetGroupArn == nil {
			return nil
		}
		out, err := c.ELB.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{
			TargetGroupArn: lb.TargetGroupArn,
		})
		if err != nil {
			return call.Wrap("target-group/"+targetGroupName(*lb.TargetGroupArn), err)
		}
		for _, a := range out.Attributes {
			if deref(a.Key) == delayKey && deref(a.Value) != strconv.Itoa(int(*lb.DeregistrationDelay)) {
				drains[i] = drain{targetGroupName(*lb.TargetGroupArn), *lb.TargetGroupArn, *a.Value, *lb.DeregistrationDelay}
			}
		}
		return nil
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(drains, func(d drain) bool { return d.arn == "" }), nil
}

func resolveNames(ctx context.Context, c *Clients, balancers []ecsparams.LoadBalancer) error {
	var names []string
	for _, lb := range balancers {
		if lb.TargetGroupName != "" {
			names = append(names, lb.TargetGroupName)
		}
	}
	if names == nil {
		return nil
	}
	slices.Sort(names)
	names = slices.Compact(names)
	out, err := c.ELB.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: names})
	if err != nil {
		return call.Wrap("target-group/"+strings.Join(names, ","), err)
	}
	for i := range balancers {
		for _, g := range out.TargetGroups {
			if name := balancers[i].TargetGroupName; name != "" && name == deref(g.TargetGroupName) {
				balancers[i].TargetGroupArn = g.TargetGroupArn
			}
		}
	}
	return nil
}

// targetGroupName returns the name that stands in the ARN of a target group.
func targetGroupName(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) > 1 {
		return parts[1]
	}
	return arn
}

// planDrains plans how long target groups wait before they let go of a target.
func planDrains(drains []drain) Plan {
	var p Plan
	for _, d := range drains {
		in := &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &d.arn, Attributes: []elbtypes.TargetGroupAttribute{
			{Key: new(delayKey), Value: new(strconv.Itoa(int(d.want)))},
		}}
		p = append(p, Step{
			Action: "elasticloadbalancing:ModifyTargetGroupAttributes", On: "target-group/" + d.name,
			Why: fmt.Sprintf("it lets go of targets after %d s, not %s s", d.want, d.have),
			do: func(ctx context.Context, x *Execution) error {
				if _, err := x.ELB.ModifyTargetGroupAttributes(ctx, in); err != nil {
					return call.Wrap("target-group/"+d.name, err)
				}
				return nil
			},
		})
	}
	return p
}

// tellTargets tells which targets of the service's target groups are not healthy, and why, as far as that may be read.
func (f *rollout) tellTargets(ctx context.Context, x *Execution, groups []string) {
	for _, arn := range groups {
		out, err := x.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &arn})
		if err != nil {
			x.Report(Event{Note: call.Wrap("target-group/"+targetGroupName(arn), err).Error()})
			continue
		}
		for _, t := range out.TargetHealthDescriptions {
			if t.TargetHealth == nil || t.Target == nil || t.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				continue
			}
			x.Report(Event{Note: fmt.Sprintf("target %s:%d of target-group/%s is %s: %s %s", deref(t.Target.Id),
				deref(t.Target.Port), targetGroupName(arn), t.TargetHealth.State, t.TargetHealth.Reason,
				deref(t.TargetHealth.Description))})
		}
	}
}
