package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A Container is one container of a task, as ps shows it.
type Container struct {
	Name           string     `json:"name"` // "0123abcd/web"
	Task           string     `json:"task"` // ARN
	State          string     `json:"state"`
	ExitCode       *int32     `json:"exitCode,omitempty"`
	Reason         string     `json:"reason,omitempty"` // why it or its task stopped
	Ports          []Port     `json:"ports"`
	TaskDefinition string     `json:"taskDefinition"` // "shop:3"
	Health         string     `json:"health"`
	Started        *time.Time `json:"startedAt,omitempty"`
}

// A Port is where a port of a container can be reached.
type Port struct {
	Address   string `json:"address,omitempty"` // public if there is one, else private
	Host      int32  `json:"hostPort"`
	Container int32  `json:"containerPort"`
	Protocol  string `json:"protocol"`
}

// String is as docker writes it: "203.0.113.7:80->8080/tcp".
func (p Port) String() string {
	s := fmt.Sprintf("%d->%d/%s", p.Host, p.Container, p.Protocol)
	if p.Address != "" {
		s = p.Address + ":" + s
	}
	return s
}

// A Listing is the containers of a project, and what could not be seen.
type Listing struct {
	Containers []Container
	Warnings   []string
}

// A TaskList is tasks that belong together: those of a project, or of a service.
type TaskList interface {
	cluster() string
	list(context.Context, *Clients, types.DesiredStatus) ([]types.Task, error) // oldest first
}

// Ps lists the containers of tasks, running ones first. status is RUNNING or STOPPED, "" for both.
// Its calls go three deep: what can be asked for side by side is.
func Ps(ctx context.Context, c *Clients, of TaskList, status types.DesiredStatus) (*Listing, error) {
	statuses := []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped}
	if status != "" {
		statuses = []types.DesiredStatus{status}
	}
	l := &lookups{c: c, cluster: of.cluster()}
	found := make([][]types.Task, len(statuses))
	calls := []func() error{func() error { return l.instances(ctx) }}
	for i, s := range statuses {
		calls = append(calls, func() (err error) { found[i], err = of.list(ctx, c, s); return err })
	}
	for _, err := range sideBySide(calls...) {
		if err != nil {
			return nil, err
		}
	}
	tasks := slices.Concat(found...)
	if err := l.addresses(ctx, tasks); err != nil {
		return nil, err
	}
	listing := &Listing{Warnings: l.warnings}
	for i := range tasks {
		listing.Containers = append(listing.Containers, l.containers(&tasks[i])...)
	}
	slices.SortStableFunc(listing.Containers, func(a, b Container) int {
		return cmp.Compare(rank(a.State), rank(b.State))
	})
	return listing, nil
}

func rank(state string) int {
	if state == "STOPPED" {
		return 1
	}
	return 0
}

// A lookups finds the addresses of tasks.
type lookups struct {
	c           *Clients
	cluster     string
	hosts       map[string]string                // EC2 instances by ARN of the container instance
	definitions map[string]*types.TaskDefinition // by ARN
	public      map[string]string                // addresses by instance and by network interface
	warnings    []string
}

// instances finds the EC2 instances of the cluster. It does so beside the tasks, so as not to wait for them: a cluster
// has as many as it has, whatever the project runs.
func (l *lookups) instances(ctx context.Context) error {
	l.hosts = map[string]string{}
	in := &ecs.ListContainerInstancesInput{Cluster: &l.cluster}
	for {
		list, err := l.c.ECS.ListContainerInstances(ctx, in)
		if call.IsDenied(err) {
			l.withoutInstances("ecs:ListContainerInstances")
			return nil
		}
		if err != nil {
			return call.Wrap("cluster/"+clusterName(l.cluster), err)
		}
		if len(list.ContainerInstanceArns) > 0 {
			out, err := l.c.ECS.DescribeContainerInstances(ctx, &ecs.DescribeContainerInstancesInput{
				Cluster: &l.cluster, ContainerInstances: list.ContainerInstanceArns,
			})
			if call.IsDenied(err) {
				l.withoutInstances("ecs:DescribeContainerInstances")
				return nil
			}
			if err != nil {
				return call.Wrap("cluster/"+clusterName(l.cluster), err)
			}
			for _, i := range out.ContainerInstances {
				l.hosts[deref(i.ContainerInstanceArn)] = deref(i.Ec2InstanceId)
			}
		}
		if list.NextToken == nil {
			return nil
		}
		in.NextToken = list.NextToken
	}
}

func (l *lookups) withoutInstances(action string) {
	l.warnings = append(l.warnings, action+" is denied: addresses of container instances are not shown")
}

// addresses finds what is needed to say where the tasks can be reached, side by side.
func (l *lookups) addresses(ctx context.Context, tasks []types.Task) error {
	var definitions, interfaces, instances []string
	for _, t := range tasks {
		if deref(t.LastStatus) == "STOPPED" {
			continue
		}
		if eni := attachment(t, "networkInterfaceId"); eni != "" {
			definitions, interfaces = append(definitions, deref(t.TaskDefinitionArn)), append(interfaces, eni)
		}
		if id := l.hosts[deref(t.ContainerInstanceArn)]; id != "" {
			instances = append(instances, id)
		}
	}
	for _, list := range []*[]string{&definitions, &interfaces, &instances} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	l.definitions, l.public = map[string]*types.TaskDefinition{}, map[string]string{}
	described := make([]*Revision, len(definitions))
	addresses := make([]map[string]string, 2)
	errs := sideBySide(
		func() error {
			for _, err := range forEach(definitions, func(i int, arn string) (err error) {
				described[i], err = describeRevision(ctx, l.c, arn)
				return err
			}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		func() (err error) { addresses[0], err = l.interfaceAddresses(ctx, interfaces); return err },
		func() (err error) { addresses[1], err = l.instanceAddresses(ctx, instances); return err },
	)
	for _, err := range errs {
		if call.IsDenied(err) {
			l.warnings = append(l.warnings, err.Error()+": not all addresses are shown")
		} else if err != nil {
			return err
		}
	}
	for i, arn := range definitions {
		if described[i] != nil {
			l.definitions[arn] = described[i].Definition
		}
	}
	for _, m := range addresses {
		for id, address := range m {
			l.public[id] = address
		}
	}
	return nil
}

// ec2Batch is how many things EC2 is asked about in one call.
const ec2Batch = 200

func (l *lookups) interfaceAddresses(ctx context.Context, ids []string) (map[string]string, error) {
	return inBatches(ids, func(batch []string) (map[string]string, error) {
		// As a filter, one that is gone is no error.
		out, err := l.c.EC2.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{
			Filters: []ec2types.Filter{{Name: new("network-interface-id"), Values: batch}},
		})
		if err != nil {
			return nil, call.Wrap("network-interface", err)
		}
		found := map[string]string{}
		for _, i := range out.NetworkInterfaces {
			if i.Association != nil {
				found[deref(i.NetworkInterfaceId)] = deref(i.Association.PublicIp)
			}
		}
		return found, nil
	})
}

func (l *lookups) instanceAddresses(ctx context.Context, ids []string) (map[string]string, error) {
	return inBatches(ids, func(batch []string) (map[string]string, error) {
		out, err := l.c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{
			Filters: []ec2types.Filter{{Name: new("instance-id"), Values: batch}},
		})
		if err != nil {
			return nil, call.Wrap("instance", err)
		}
		found := map[string]string{}
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				found[deref(i.InstanceId)] = cmp.Or(deref(i.PublicIpAddress), deref(i.PrivateIpAddress))
			}
		}
		return found, nil
	})
}

// inBatches asks for batches side by side and joins the answers.
func inBatches(ids []string, ask func([]string) (map[string]string, error)) (map[string]string, error) {
	batches := slices.Collect(slices.Chunk(ids, ec2Batch))
	found := make([]map[string]string, len(batches))
	errs := forEach(batches, func(i int, batch []string) (err error) { found[i], err = ask(batch); return err })
	all := map[string]string{}
	for i, err := range errs {
		if err != nil {
			return nil, err
		}
		for id, address := range found[i] {
			all[id] = address
		}
	}
	return all, nil
}

// containers returns the containers of a task in order of their names.
func (l *lookups) containers(t *types.Task) []Container {
	stopped := deref(t.LastStatus) == "STOPPED"
	var all []Container
	for _, c := range t.Containers {
		row := Container{
			Name: TaskID(*t.TaskArn) + "/" + deref(c.Name), Task: *t.TaskArn,
			TaskDefinition: revisionName(deref(t.TaskDefinitionArn)),
			State:          deref(c.LastStatus), ExitCode: c.ExitCode, Health: string(c.HealthStatus), Started: t.StartedAt,
			Ports: []Port{},
		}
		if stopped {
			row.State = "STOPPED"
			row.Reason = cmp.Or(deref(c.Reason), deref(t.StoppedReason))
		} else {
			row.Ports = append(row.Ports, l.ports(t, &c)...)
		}
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// ports returns where the ports of a container can be reached.
func (l *lookups) ports(t *types.Task, c *types.Container) []Port {
	var ports []Port
	host := l.public[l.hosts[deref(t.ContainerInstanceArn)]]
	for _, b := range c.NetworkBindings {
		ports = append(ports, Port{host, deref(b.HostPort), deref(b.ContainerPort), string(b.Protocol)})
	}
	if len(ports) > 0 {
		return ports
	}
	address := cmp.Or(l.public[attachment(*t, "networkInterfaceId")], attachment(*t, "privateIPv4Address"))
	td := l.definitions[deref(t.TaskDefinitionArn)]
	if td == nil || address == "" {
		return nil
	}
	for _, d := range td.ContainerDefinitions {
		if deref(d.Name) != deref(c.Name) {
			continue
		}
		for _, m := range d.PortMappings {
			port := deref(m.ContainerPort)
			ports = append(ports, Port{address, port, port, cmp.Or(string(m.Protocol), "tcp")})
		}
	}
	return ports
}

// attachment returns a detail of a task's network interface.
func attachment(t types.Task, name string) string {
	for _, a := range t.Attachments {
		if deref(a.Type) != "ElasticNetworkInterface" {
			continue
		}
		for _, d := range a.Details {
			if deref(d.Name) == name {
				return deref(d.Value)
			}
		}
	}
	return ""
}
