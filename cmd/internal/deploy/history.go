package deploy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A RevisionRow is an ACTIVE revision of a family, as compose revisions shows it.
type RevisionRow struct {
	Revision    string            `json:"revision"` // "shop:3"
	ARN         string            `json:"taskDefinitionArn"`
	Registered  *time.Time        `json:"registeredAt,omitempty"`
	Images      map[string]string `json:"images"` // by container
	Fingerprint string            `json:"fingerprint"`
	Services    []string          `json:"services"` // that serve it, or roll it out
	Tasks       int               `json:"tasks"`    // of the project that run it, those of services left aside
}

// Revisions lists the ACTIVE revisions of a family, newest first, at most depth, and who uses them.
func Revisions(ctx context.Context, c *Clients, w *TasksWant, depth int) ([]RevisionRow, []string, error) {
	if depth <= 0 {
		depth = defaultReuseDepth
	}
	var rows []RevisionRow
	var tasks []types.Task
	var services map[string][]string
	var warnings []string
	errs := sideBySide(
		func() (err error) { rows, err = describeRevisions(ctx, c, *w.Task.Family, depth); return err },
		func() (err error) { tasks, err = ListTasks(ctx, c, w, types.DesiredStatusRunning); return err },
		func() (err error) { services, err = servicesByRevision(ctx, c, w.Cluster); return err },
	)
	for i, err := range errs {
		switch {
		case err == nil:
		case i > 0 && call.IsDenied(err):
			warnings = append(warnings, err.Error()+": it is not known who uses the revisions")
		default:
			return nil, nil, err
		}
	}
	for i := range rows {
		rows[i].Services = append([]string{}, services[rows[i].ARN]...)
		for _, t := range tasks {
			if deref(t.TaskDefinitionArn) == rows[i].ARN {
				rows[i].Tasks++
			}
		}
	}
	return rows, warnings, nil
}

func describeRevisions(ctx context.Context, c *Clients, family string, depth int) ([]RevisionRow, error) {
	arns, err := listRevisions(ctx, c, family, depth)
	if err != nil {
		return nil, err
	}
	var rows []RevisionRow
	for batch := range slices.Chunk(arns, describeAtOnce) {
		described := make([]*Revision, len(batch))
		errs := forEach(batch, func(i int, arn string) (err error) {
			described[i], err = describeRevision(ctx, c, arn)
			return err
		})
		for i, r := range described {
			switch {
			case call.IsDenied(errs[i]):
				rows = append(rows, RevisionRow{Revision: revisionName(batch[i]), ARN: batch[i], Images: map[string]string{}})
				continue
			case errs[i] != nil:
				return nil, errs[i]
			case r == nil: // deleted meanwhile
				continue
			}
			row := RevisionRow{
				Revision: r.Name(), ARN: r.ARN, Registered: r.Definition.RegisteredAt, Fingerprint: r.Fingerprint,
				Images: map[string]string{},
			}
			for _, d := range r.Definition.ContainerDefinitions {
				row.Images[deref(d.Name)] = deref(d.Image)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// servicesAtOnce is how many services ECS describes in one call.
const servicesAtOnce = 10

// servicesByRevision returns the names of a cluster's services by the ARN of the revisions that they serve.
func servicesByRevision(ctx context.Context, c *Clients, cluster string) (map[string][]string, error) {
	var arns []string
	in := &ecs.ListServicesInput{Cluster: &cluster, MaxResults: new(int32(100))}
	for {
		out, err := c.ECS.ListServices(ctx, in)
		if err != nil {
			return nil, call.Wrap("cluster/"+clusterName(cluster), err)
		}
		arns = append(arns, out.ServiceArns...)
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	batches := slices.Collect(slices.Chunk(arns, servicesAtOnce))
	found := make([][]types.Service, len(batches))
	errs := forEach(batches, func(i int, batch []string) error {
		out, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: batch})
		if err != nil {
			return call.Wrap("cluster/"+clusterName(cluster), err)
		}
		found[i] = out.Services
		return nil
	})
	users := map[string][]string{}
	for i, services := range found {
		if errs[i] != nil {
			return nil, errs[i]
		}
		for _, s := range services {
			revisions := []string{deref(s.TaskDefinition)}
			for _, d := range s.Deployments {
				revisions = append(revisions, deref(d.TaskDefinition))
			}
			slices.Sort(revisions)
			for _, arn := range slices.Compact(revisions) {
				users[arn] = append(users[arn], deref(s.ServiceName))
			}
		}
	}
	for _, names := range users {
		slices.SortFunc(names, strings.Compare)
	}
	return users, nil
}
