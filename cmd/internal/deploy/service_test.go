package deploy

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/translate"
)

// TestCheck: services that something else deploys are refused before anything is planned, with what to do instead.
func TestCheck(t *testing.T) {
	w := &ServiceWant{CreateWant: CreateWant{Result: &translate.Result{}}}
	w.Service.ServiceName = new("shop")
	tests := []struct {
		name    string
		service *types.Service
		want    string
	}{
		{"none", nil, ""},
		{"by default", &types.Service{}, ""},
		{"ECS", controlled(types.DeploymentControllerTypeEcs), ""},
		{"CodeDeploy", controlled(types.DeploymentControllerTypeCodeDeploy), "service/shop is deployed by CODE_DEPLOY: make a " +
			"service with the controller ECS, which has blue/green deployments of its own " +
			"(run_params.deployment_configuration.strategy)"},
		{"external", controlled(types.DeploymentControllerTypeExternal), "service/shop is deployed by EXTERNAL: make a service"},
		{"Express", &types.Service{ResourceManagementType: types.ResourceManagementTypeEcs}, "service/shop is an Express service"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := (&ServiceState{Service: c.service}).check(w); err != nil {
				got = err.Error()
			}
			if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func controlled(by types.DeploymentControllerType) *types.Service {
	return &types.Service{DeploymentController: &types.DeploymentController{Type: by}}
}
