package deploy

import (
	"context"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// TestImagesInUse: ACTIVE revisions count, and those that nobody can start any more as long as a task or a service runs
// them.
func TestImagesInUse(t *testing.T) {
	server := httptest.NewServer(sandbox.New(sandbox.Options{}))
	t.Cleanup(server.Close)
	cfg := aws.Config{BaseEndpoint: &server.URL, Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		})}
	api, ctx := ecs.NewFromConfig(cfg), t.Context()
	check := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, family := range []string{"active", "task", "service", "gone"} {
		check(api.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
			Family: &family, ContainerDefinitions: []types.ContainerDefinition{{
				Name: new("web"), Image: new("shop/" + family + ":1"), Memory: new(int32(64)),
			}},
		}))
	}
	check(api.RunTask(ctx, &ecs.RunTaskInput{TaskDefinition: new("task:1")}))
	check(api.CreateService(ctx, &ecs.CreateServiceInput{
		ServiceName: new("web"), TaskDefinition: new("service:1"), DesiredCount: new(int32(0)),
	}))
	for _, family := range []string{"task", "service", "gone"} {
		check(api.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: new(family + ":1")}))
	}
	uses, err := ImagesInUse(ctx, &Clients{ECS: api})
	check(nil, err)
	var images []string
	for _, u := range uses {
		images = append(images, u.Image)
	}
	for _, want := range []string{"shop/active:1", "shop/task:1", "shop/service:1"} {
		if !slices.Contains(images, want) {
			t.Errorf("%s is not in use, of %v", want, uses)
		}
	}
	if slices.Contains(images, "shop/gone:1") {
		t.Errorf("shop/gone:1 is in use, of %v", uses)
	}
}
