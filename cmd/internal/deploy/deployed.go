package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// DescribeRevision returns the revision of a name, family:number, or of an ARN. It is an error if there is none.
func DescribeRevision(ctx context.Context, c *Clients, name string) (*Revision, error) {
	r, err := describeRevision(ctx, c, name)
	if err == nil && r == nil {
		err = fmt.Errorf("task-definition/%s: there is no such revision", revisionName(name))
	}
	return r, err
}

// DescribeService returns a service that is ACTIVE. It is an error if there is none.
func DescribeService(ctx context.Context, c *Clients, cluster, name string) (*types.Service, error) {
	s, _, err := describeService(ctx, c, cluster, name)
	switch {
	case err != nil:
		return nil, err
	case s == nil || deref(s.Status) != "ACTIVE":
		return nil, fmt.Errorf("service/%s: %w in cluster %s", name, errNoService, clusterName(cluster))
	}
	return s, nil
}

var errNoService = errors.New("there is no such service")

// LikeService lets tasks run where those of a service do: with its network, platform, capacity and placement.
func LikeService(in *ecs.RunTaskInput, s *types.Service) {
	in.NetworkConfiguration = s.NetworkConfiguration
	in.PlatformVersion = s.PlatformVersion
	in.LaunchType, in.CapacityProviderStrategy = s.LaunchType, s.CapacityProviderStrategy
	if len(s.CapacityProviderStrategy) > 0 { // RunTask takes one of them
		in.LaunchType = ""
	}
	in.PlacementConstraints, in.PlacementStrategy = s.PlacementConstraints, s.PlacementStrategy
}
