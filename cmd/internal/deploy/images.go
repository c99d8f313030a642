package deploy

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// An ImageUse is an image that ECS may pull again, or runs.
type ImageUse struct {
	Image string // as it is written there; of running tasks also by its digest
	By    string // "task-definition/shop:3", "task/1f0c…"
}

// ImagesInUse returns the images of all ACTIVE revisions, of the revisions of all services and their deployments, and
// of all tasks that run, in all clusters of the region. Schedules and rules start nothing else: an INACTIVE revision
// starts no task; see DeregisterTaskDefinition in the API reference.
func ImagesInUse(ctx context.Context, c *Clients) ([]ImageUse, error) {
	clusters, err := listClusters(ctx, c)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var uses []ImageUse
	revisions := map[string]bool{}
	add := func(more []ImageUse, arns ...string) {
		mu.Lock()
		defer mu.Unlock()
		uses = append(uses, more...)
		for _, arn := range arns {
			revisions[arn] = true
		}
	}
	jobs := []func() error{func() error {
		arns, err := activeRevisions(ctx, c)
		add(nil, arns...)
		return err
	}}
	for _, cluster := range clusters {
		jobs = append(jobs,
			func() error {
				more, err := imagesOfTasks(ctx, c, cluster)
				add(more)
				return err
			},
			func() error {
				arns, err := revisionsOfServices(ctx, c, cluster)
				add(nil, arns...)
				return err
			})
	}
	if err := cmp.Or(forEach(jobs, func(_ int, do func() error) error { return do() })...); err != nil {
		return nil, err
	}
	arns := slices.Sorted(maps.Keys(revisions))
	err = cmp.Or(forEach(arns, func(_ int, arn string) error {
		out, err := c.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
		if err != nil {
			return call.Wrap(onARN(arn), err)
		}
		for _, container := range out.TaskDefinition.ContainerDefinitions {
			add([]ImageUse{{deref(container.Image), onARN(arn)}})
		}
		return nil
	})...)
	slices.SortFunc(uses, func(a, b ImageUse) int { return cmp.Or(strings.Compare(a.By, b.By), strings.Compare(a.Image, b.Image)) })
	return uses, err
}

// onARN returns what an ARN is about: "task-definition/shop:3".
func onARN(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[len(parts)-1]
}

// imageName returns an image without tag and digest.
func imageName(image string) string {
	name, _, _ := strings.Cut(image, "@")
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name = name[:i]
	}
	return name
}

func listClusters(ctx context.Context, c *Clients) ([]string, error) {
	var arns []string
	pages := ecs.NewListClustersPaginator(c.ECS, &ecs.ListClustersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, call.Wrap("cluster", err)
		}
		arns = append(arns, page.ClusterArns...)
	}
	return arns, nil
}

func activeRevisions(ctx context.Context, c *Clients) ([]string, error) {
	var arns []string
	pages := ecs.NewListTaskDefinitionsPaginator(c.ECS, &ecs.ListTaskDefinitionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, call.Wrap("task-definition", err)
		}
		arns = append(arns, page.TaskDefinitionArns...)
	}
	return arns, nil
}

// imagesOfTasks returns the images of the tasks of a cluster that have not stopped.
func imagesOfTasks(ctx context.Context, c *Clients, cluster string) ([]ImageUse, error) {
	var arns []string
	pages := ecs.NewListTasksPaginator(c.ECS, &ecs.ListTasksInput{Cluster: &cluster})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, call.Wrap(onARN(cluster), err)
		}
		arns = append(arns, page.TaskArns...)
	}
	var uses []ImageUse
	for batch := range slices.Chunk(arns, 100) {
		out, err := c.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: batch})
		if err != nil {
			return nil, call.Wrap(onARN(cluster), err)
		}
		for _, task := range out.Tasks {
			uses = append(uses, imagesOfTask(task)...)
		}
	}
	return uses, nil
}

func imagesOfTask(task types.Task) []ImageUse {
	var uses []ImageUse
	for _, container := range task.Containers {
		image, by := deref(container.Image), onARN(deref(task.TaskArn))
		uses = append(uses, ImageUse{image, by})
		if digest := deref(container.ImageDigest); digest != "" {
			uses = append(uses, ImageUse{imageName(image) + "@" + digest, by})
		}
	}
	return uses
}

// revisionsOfServices returns the revisions of the services of a cluster and of their deployments.
func revisionsOfServices(ctx context.Context, c *Clients, cluster string) ([]string, error) {
	var names []string
	pages := ecs.NewListServicesPaginator(c.ECS, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: new(int32(100))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, call.Wrap(onARN(cluster), err)
		}
		names = append(names, page.ServiceArns...)
	}
	var arns []string
	for batch := range slices.Chunk(names, 10) {
		out, err := c.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: batch})
		if err != nil {
			return nil, call.Wrap(onARN(cluster), err)
		}
		for _, s := range out.Services {
			arns = append(arns, deref(s.TaskDefinition))
			for _, d := range s.Deployments {
				arns = append(arns, deref(d.TaskDefinition))
			}
		}
	}
	return slices.DeleteFunc(arns, func(arn string) bool { return arn == "" }), nil
}
