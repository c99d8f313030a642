package sandbox

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A cluster is a cluster, without what can be counted.
type cluster struct {
	Cluster   sdk[types.Cluster] `json:"cluster"`
	Instances []instance         `json:"instances,omitempty"`
}

func (c *cluster) name() string { return *c.Cluster.v.ClusterName }

// AddCluster adds a cluster with Fargate and container instances, as the region has one that is called default. One that
// is there already stays as it is.
func (a *Account) AddCluster(region, name string) (added bool, err error) {
	err = a.locked(writing, func() error {
		r := a.st.region(region)
		if added = r.Clusters[name] == nil; added {
			r.addCluster(name)
		}
		return nil
	})
	return added, err
}

// addCluster adds a cluster with container instances and with Fargate.
func (r *region) addCluster(name string) {
	c := &cluster{Cluster: sdk[types.Cluster]{types.Cluster{
		ClusterName:       &name,
		ClusterArn:        new(r.arn("cluster/" + name)),
		Status:            new("ACTIVE"),
		CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"},
	}}}
	for i := range defaultInstances {
		c.Instances = append(c.Instances, r.newInstance(name, i))
	}
	r.Clusters[name] = c
}

// cluster returns the ACTIVE cluster of a short name or ARN; "default" if there is none. "If you do not specify a
// cluster, the default cluster is assumed."
func (r *region) cluster(name *string) (*cluster, error) {
	c := r.Clusters["default"]
	if value(name) != "" {
		if c = r.Clusters[shortName(*name)]; strings.HasPrefix(*name, "arn:") && *name != r.arn("cluster/"+shortName(*name)) {
			c = nil
		}
	}
	switch {
	case c == nil:
		return nil, clusterNotFound()
	case *c.Cluster.v.Status != "ACTIVE":
		return nil, invalidParameter("The referenced cluster was inactive.")
	}
	return c, nil
}

// describe returns a cluster with its counts.
func (r *region) describe(c *cluster, include []types.ClusterField) types.Cluster {
	v := c.Cluster.v
	v.Tags, v.Statistics = []types.Tag{}, []types.KeyValuePair{}
	empty(&v.CapacityProviders)
	empty(&v.DefaultCapacityProviderStrategy)
	if slices.Contains(include, types.ClusterFieldTags) {
		v.Tags = r.tags(*v.ClusterArn)
	}
	if !slices.Contains(include, types.ClusterFieldSettings) {
		v.Settings = []types.ClusterSetting{}
	}
	if *v.Status == "ACTIVE" {
		v.RegisteredContainerInstancesCount = int32(len(c.Instances))
	}
	v.ActiveServicesCount = r.activeServices(c.name())
	for _, t := range r.Tasks {
		if t.Cluster != c.name() {
			continue
		}
		switch t.timeline(r).status(r.now()) {
		case "RUNNING":
			v.RunningTasksCount++
		case "PROVISIONING", "PENDING", "ACTIVATING":
			v.PendingTasksCount++
		}
	}
	return v
}

// createCluster: a cluster of that name that is there is returned as it is.
func createCluster(r *region, in *ecs.CreateClusterInput) (*ecs.CreateClusterOutput, error) {
	name := value(in.ClusterName)
	if name == "" {
		name = "default"
	}
	if !nameOK.MatchString(name) {
		return nil, invalidParameter("Identifier is not valid.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	for _, p := range in.CapacityProviders {
		if !slices.Contains(fargateProviders, p) {
			return nil, invalidParameter("The specified capacity provider '%s' was not found. "+
				"Specify a valid name or ARN and try again.", p)
		}
	}
	c := r.Clusters[name]
	if c == nil || *c.Cluster.v.Status != "ACTIVE" {
		c = &cluster{Cluster: sdk[types.Cluster]{types.Cluster{
			ClusterName:                     new(name),
			ClusterArn:                      new(r.arn("cluster/" + name)),
			Status:                          new("ACTIVE"),
			CapacityProviders:               in.CapacityProviders,
			DefaultCapacityProviderStrategy: in.DefaultCapacityProviderStrategy,
			Configuration:                   in.Configuration,
			Settings:                        in.Settings,
		}}}
		if len(in.Settings) == 0 {
			c.Cluster.v.Settings = []types.ClusterSetting{{Name: "containerInsights", Value: new("disabled")}}
		}
		r.Clusters[name] = c
		r.setTags(*c.Cluster.v.ClusterArn, in.Tags)
	}
	v := r.describe(c, []types.ClusterField{types.ClusterFieldTags, types.ClusterFieldSettings})
	return &ecs.CreateClusterOutput{Cluster: &v}, nil
}

func describeClusters(r *region, in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
	if len(in.Clusters) > 100 {
		return nil, invalidParameter("Clusters cannot have more than 100 elements.")
	}
	names := in.Clusters
	if len(names) == 0 {
		names = []string{"default"}
	}
	out := &ecs.DescribeClustersOutput{Clusters: []types.Cluster{}, Failures: []types.Failure{}}
	for _, name := range names {
		c := r.Clusters[shortName(name)]
		if c == nil {
			out.Failures = append(out.Failures, types.Failure{
				Arn: new(r.arn("cluster/" + shortName(name))), Reason: new("MISSING"),
			})
			continue
		}
		out.Clusters = append(out.Clusters, r.describe(c, in.Include))
	}
	return out, nil
}

func listClusters(r *region, in *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	var arns []string
	for _, name := range slices.Sorted(maps.Keys(r.Clusters)) {
		if c := r.Clusters[name].Cluster.v; *c.Status == "ACTIVE" {
			arns = append(arns, *c.ClusterArn)
		}
	}
	arns, next, err := page(arns, in.MaxResults, in.NextToken, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListClustersOutput{ClusterArns: arns, NextToken: next}, nil
}

// deleteCluster: "The cluster transitions to the INACTIVE state"; it must be empty.
func deleteCluster(r *region, in *ecs.DeleteClusterInput) (*ecs.DeleteClusterOutput, error) {
	c, err := r.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	v := r.describe(c, nil)
	switch {
	case v.ActiveServicesCount > 0:
		return nil, &apiError{status: 400, code: "ClusterContainsServicesException",
			message: "The Cluster cannot be deleted while Services are active."}
	case v.RunningTasksCount+v.PendingTasksCount > 0:
		return nil, &apiError{status: 400, code: "ClusterContainsTasksException",
			message: "The Cluster cannot be deleted while Tasks are active."}
	case v.RegisteredContainerInstancesCount > 0:
		return nil, &apiError{status: 400, code: "ClusterContainsContainerInstancesException",
			message: "The Cluster cannot be deleted while Container Instances are active or draining."}
	}
	c.Cluster.v.Status = new("INACTIVE")
	v.Status = c.Cluster.v.Status
	return &ecs.DeleteClusterOutput{Cluster: &v}, nil
}

// fargateProviders are the capacity providers that there are.
var fargateProviders = []string{"FARGATE", "FARGATE_SPOT"}

func describeCapacityProviders(
	r *region, in *ecs.DescribeCapacityProvidersInput,
) (*ecs.DescribeCapacityProvidersOutput, error) {
	names := in.CapacityProviders
	if len(names) == 0 {
		names = fargateProviders
	}
	out := &ecs.DescribeCapacityProvidersOutput{
		CapacityProviders: []types.CapacityProvider{}, Failures: []types.Failure{},
	}
	for _, name := range names {
		name = shortName(name)
		if !slices.Contains(fargateProviders, name) {
			out.Failures = append(out.Failures, types.Failure{
				Arn: new(r.arn("capacity-provider/" + name)), Reason: new("MISSING"),
			})
			continue
		}
		out.CapacityProviders = append(out.CapacityProviders, types.CapacityProvider{
			CapacityProviderArn: new(r.arn("capacity-provider/" + name)),
			Name:                new(name),
			Status:              types.CapacityProviderStatusActive,
			Tags:                []types.Tag{},
		})
	}
	return out, nil
}
