package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/ecsparams"
	"github.com/ecsctl/ecsctl/translate"
)

// A serviceFlags holds the flags of the commands for services. What they say wins over the files.
type serviceFlags struct {
	deployFlags
	force      bool
	skipBefore bool
	revision   string
	role       string

	desiredCount      optionalNumber
	maxPercent        optionalNumber
	minHealthyPercent optionalNumber
	gracePeriod       optionalNumber
	strategy          string
	targetGroups      []string
	targetGroupARN    string
	loadBalancer      string
	containerName     string
	containerPort     optionalNumber

	timeout    minutes
	noWait     bool
	noFailFast bool
}

// An optionalNumber is a flag that may be left out: n is nil then.
type optionalNumber struct{ n *int32 }

// Set reads a number that is not negative.
func (v *optionalNumber) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return errors.New("write a number, 0 or more")
	}
	v.n = new(int32(n))
	return nil
}

func (v *optionalNumber) String() string {
	if v.n == nil {
		return ""
	}
	return strconv.Itoa(int(*v.n))
}

// Type is the word for it in the help.
func (v *optionalNumber) Type() string { return "int" }

// addDefinition adds the flags that say what the service is to be.
func (o *serviceFlags) addDefinition(cmd *cobra.Command) {
	o.deployFlags.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.noManagedTags, "disable-ecs-managed-tags", false, "without the tags that ECS gives to tasks")
	f.Var(&o.desiredCount, "desired-count", "how many tasks; default: as many as there are")
	f.Var(&o.maxPercent, "deployment-max-percent", "how many tasks may run in a deployment, in percent")
	f.Var(&o.minHealthyPercent, "deployment-min-healthy-percent", "how many tasks must run and be healthy in a deployment, in percent")
	f.Var(&o.gracePeriod, "health-check-grace-period", "seconds in which failed health checks of new tasks are ignored")
	f.StringVar(&o.strategy, "scheduling-strategy", "", "REPLICA, or DAEMON for one task on each container instance")
	f.StringArrayVar(&o.targetGroups, "target-groups", nil, "load balancer, as `KEY=VALUE,...` of targetGroupArn, containerName and containerPort, "+
		"or loadBalancerName in place of targetGroupArn; repeatable")
	f.StringVar(&o.targetGroupARN, "target-group-arn", "", "target group, with --container-name and --container-port")
	f.StringVar(&o.loadBalancer, "load-balancer-name", "", "Classic Load Balancer, with --container-name and --container-port")
	f.StringVar(&o.containerName, "container-name", "", "container that the load balancer sends to")
	f.Var(&o.containerPort, "container-port", "port of it")
	f.StringVar(&o.role, "role", "", "role of a Classic Load Balancer, name or ARN")
}

// addWait adds the flags that say how to wait.
func (o *serviceFlags) addWait(cmd *cobra.Command) {
	f := cmd.Flags()
	o.timeout.Duration = 10 * time.Minute
	f.Var(&o.timeout, "timeout", "how long to wait, as a `duration` such as 90s, or in minutes; 0 waits on")
	f.BoolVar(&o.noWait, "no-wait", false, "do not wait")
	f.BoolVar(&o.noFailFast, "no-fail-fast", false, "wait on also if tasks cannot start")
}

// minutes is a duration that may be written as a number of minutes, as ecs-cli has it.
type minutes struct{ time.Duration }

// Set reads "90s" and "1.5".
func (m *minutes) Set(s string) error {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		m.Duration = time.Duration(n * float64(time.Minute))
	} else if m.Duration, err = time.ParseDuration(s); err != nil {
		return fmt.Errorf("write a duration such as 90s or 10m, or a number of minutes")
	}
	if m.Duration < 0 {
		return fmt.Errorf("it must not be negative")
	}
	return nil
}

// Type is the word for it in the help.
func (m *minutes) Type() string { return "duration" }

// apply puts what the flags say in place of what the files say.
func (o *serviceFlags) apply(t *translation) error {
	s := &t.result.Service
	if o.maxPercent.n != nil || o.minHealthyPercent.n != nil {
		k := types.DeploymentConfiguration{}
		if s.DeploymentConfiguration != nil {
			k = *s.DeploymentConfiguration
		}
		if o.maxPercent.n != nil {
			k.MaximumPercent = o.maxPercent.n
		}
		if o.minHealthyPercent.n != nil {
			k.MinimumHealthyPercent = o.minHealthyPercent.n
		}
		s.DeploymentConfiguration = &k
	}
	if o.gracePeriod.n != nil {
		s.HealthCheckGracePeriodSeconds = o.gracePeriod.n
	}
	if o.strategy != "" {
		s.SchedulingStrategy = types.SchedulingStrategy(strings.ToUpper(o.strategy))
		if !slices.Contains(s.SchedulingStrategy.Values(), s.SchedulingStrategy) {
			return usageError{fmt.Errorf("--scheduling-strategy must be REPLICA or DAEMON, not %q", o.strategy)}
		}
	}
	balancers, err := o.loadBalancers()
	if err != nil {
		return err
	}
	for _, lb := range balancers {
		if err := checkContainer(t.result, *lb.ContainerName); err != nil {
			return err
		}
	}
	if balancers != nil {
		s.LoadBalancers = balancers
	}
	return nil
}

func checkContainer(r *translate.Result, name string) error {
	var names []string
	for _, c := range r.Task.ContainerDefinitions {
		names = append(names, *c.Name)
	}
	if slices.Contains(names, name) {
		return nil
	}
	return usageError{fmt.Errorf("there is no container %s for the load balancer%s: there are %s", name,
		diag.Suggest(name, names), strings.Join(names, ", "))}
}

// loadBalancers returns the load balancers that the flags name, in both of ecs-cli's ways.
func (o *serviceFlags) loadBalancers() ([]ecsparams.LoadBalancer, error) {
	single := o.targetGroupARN != "" || o.loadBalancer != "" || o.containerName != "" || o.containerPort.n != nil
	switch {
	case single && len(o.targetGroups) > 0:
		return nil, usageError{fmt.Errorf("--target-groups excludes --target-group-arn, --load-balancer-name, --container-name " +
			"and --container-port")}
	case single:
		lb, err := newBalancer(o.targetGroupARN, o.loadBalancer, o.containerName, o.containerPort.String())
		return []ecsparams.LoadBalancer{lb}, err
	}
	var all []ecsparams.LoadBalancer
	for _, text := range o.targetGroups {
		values := map[string]string{"targetGroupArn": "", "loadBalancerName": "", "containerName": "", "containerPort": ""}
		for part := range strings.SplitSeq(text, ",") {
			key, value, _ := strings.Cut(part, "=")
			if old, known := values[key]; !known || old != "" || value == "" {
				return nil, usageError{fmt.Errorf("--target-groups: %q: write targetGroupArn=ARN,containerName=NAME,containerPort=PORT, "+
					"each once", text)}
			}
			values[key] = value
		}
		lb, err := newBalancer(values["targetGroupArn"], values["loadBalancerName"], values["containerName"], values["containerPort"])
		if err != nil {
			return nil, err
		}
		all = append(all, lb)
	}
	return all, nil
}

func newBalancer(targetGroup, classic, container, port string) (ecsparams.LoadBalancer, error) {
	n, err := strconv.ParseInt(port, 10, 32)
	switch {
	case (targetGroup == "") == (classic == ""):
		return ecsparams.LoadBalancer{}, usageError{fmt.Errorf("a load balancer is either a target group or a Classic Load Balancer: " +
			"give one of the two")}
	case container == "":
		return ecsparams.LoadBalancer{}, usageError{fmt.Errorf("a load balancer needs the name of a container")}
	case err != nil || n < 1 || n > 65535:
		return ecsparams.LoadBalancer{}, usageError{fmt.Errorf("a load balancer needs the port of a container, 1 to 65535")}
	}
	lb := ecsparams.LoadBalancer{LoadBalancer: types.LoadBalancer{ContainerName: &container, ContainerPort: new(int32(n))}}
	if targetGroup != "" {
		lb.TargetGroupArn = &targetGroup
	} else {
		lb.LoadBalancerName = &classic
	}
	return lb, nil
}
