package sandbox_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

func (a *account) createService(n int32, change func(*ecs.CreateServiceInput)) types.Service {
	a.t.Helper()
	in := &ecs.CreateServiceInput{ServiceName: new("web"), TaskDefinition: new("web"), DesiredCount: &n}
	if change != nil {
		change(in)
	}
	return *must(a.ecs.CreateService(a.t.Context(), in))(a.t).Service
}

func (a *account) updateService(in *ecs.UpdateServiceInput) types.Service {
	a.t.Helper()
	in.Service = new("web")
	return *must(a.ecs.UpdateService(a.t.Context(), in))(a.t).Service
}

func (a *account) service() types.Service {
	a.t.Helper()
	out := must(a.ecs.DescribeServices(a.t.Context(), &ecs.DescribeServicesInput{Services: []string{"web"}}))(a.t)
	if len(out.Services) != 1 {
		a.t.Fatalf("no service: %v", out.Failures)
	}
	return out.Services[0]
}

// deployments returns the deployments of the service in one line.
func (a *account) deployments() string {
	a.t.Helper()
	var parts []string
	for _, d := range a.service().Deployments {
		_, rev, _ := strings.Cut(*d.TaskDefinition, "web:")
		parts = append(parts, fmt.Sprintf("%s :%s %s %d pending %d running %d failed",
			*d.Status, rev, d.RolloutState, d.PendingCount, d.RunningCount, d.FailedTasks))
	}
	return strings.Join(parts, " | ")
}

// history returns the statuses of the service deployments, the newest first.
func (a *account) history() string {
	a.t.Helper()
	out := must(a.ecs.ListServiceDeployments(a.t.Context(), &ecs.ListServiceDeploymentsInput{Service: new("web")}))(a.t)
	var parts []string
	var arns []string
	for _, d := range out.ServiceDeployments {
		parts = append(parts, string(d.Status))
		arns = append(arns, *d.ServiceDeploymentArn)
	}
	described := must(a.ecs.DescribeServiceDeployments(a.t.Context(), &ecs.DescribeServiceDeploymentsInput{
		ServiceDeploymentArns: arns,
	}))(a.t)
	for i, d := range described.ServiceDeployments {
		if string(d.Status) != parts[i] {
			a.t.Errorf("listed %s, described %s", parts[i], d.Status)
		}
	}
	return strings.Join(parts, " ")
}

// follow advances second by second and returns how the deployments change.
func (a *account) follow(seconds int) string {
	a.t.Helper()
	var b strings.Builder
	last := ""
	for range seconds {
		if now := a.deployments(); now != last {
			fmt.Fprintln(&b, now)
			last = now
		}
		a.advance(time.Second)
	}
	return b.String()
}

func (a *account) wantFollowed(seconds int, want string) {
	a.t.Helper()
	if got := a.follow(seconds); "\n"+got != want {
		a.t.Errorf("got:\n%swant:%s", got, want)
	}
}

const completed = "PRIMARY :1 COMPLETED 0 pending 2 running 0 failed"

// TestRolling: a new revision replaces the old one task by task, and the deployment is completed when the old tasks
// have stopped.
func TestRolling(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	a.createService(2, nil)
	a.wantFollowed(20, `
PRIMARY :1 IN_PROGRESS 0 pending 0 running 0 failed
PRIMARY :1 IN_PROGRESS 2 pending 0 running 0 failed
PRIMARY :1 IN_PROGRESS 0 pending 2 running 0 failed
PRIMARY :1 COMPLETED 0 pending 2 running 0 failed
`)
	a.register(bridge("web"))
	a.updateService(&ecs.UpdateServiceInput{TaskDefinition: new("web")})
	a.wantFollowed(30, `
PRIMARY :2 IN_PROGRESS 0 pending 0 running 0 failed | ACTIVE :1 COMPLETED 0 pending 2 running 0 failed
PRIMARY :2 IN_PROGRESS 2 pending 0 running 0 failed | ACTIVE :1 COMPLETED 0 pending 2 running 0 failed
PRIMARY :2 IN_PROGRESS 0 pending 2 running 0 failed | ACTIVE :1 COMPLETED 0 pending 2 running 0 failed
PRIMARY :2 IN_PROGRESS 0 pending 2 running 0 failed | ACTIVE :1 COMPLETED 0 pending 0 running 0 failed
PRIMARY :2 COMPLETED 0 pending 2 running 0 failed
`)
	if got := a.history(); got != "SUCCESSFUL SUCCESSFUL" {
		t.Errorf("got history %s", got)
	}
	v := a.service()
	if got := *v.Events[0].Message; !strings.Contains(got, "deployment completed.") || len(v.Events) != 7 {
		t.Errorf("got %d events, the last %s", len(v.Events), got)
	}
	for _, desired := range []int32{5, 0} {
		a.updateService(&ecs.UpdateServiceInput{DesiredCount: &desired})
		a.advance(20 * time.Second)
		if v := a.service(); v.RunningCount != desired || len(v.Deployments) != 1 ||
			v.Deployments[0].RolloutState != types.DeploymentRolloutStateCompleted {
			t.Errorf("scaled to %d: %s", desired, a.deployments())
		}
	}
}

// TestPercent: one after the other when there is no room for more.
func TestPercent(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	a.createService(2, func(in *ecs.CreateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{
			MaximumPercent: new(int32(100)), MinimumHealthyPercent: new(int32(50)),
		}
	})
	a.advance(20 * time.Second)
	a.updateService(&ecs.UpdateServiceInput{ForceNewDeployment: true})
	least := int32(2)
	for range 40 {
		a.advance(time.Second)
		v := a.service()
		least = min(least, v.RunningCount)
		if v.RunningCount+v.PendingCount > 2 {
			t.Errorf("%d tasks", v.RunningCount+v.PendingCount)
		}
	}
	if got := a.deployments(); got != completed || least != 1 {
		t.Errorf("got %s, at least %d running", got, least)
	}
}

// TestCircuitBreaker: three failed tasks end the deployment, and roll it back when that is asked for.
func TestCircuitBreaker(t *testing.T) {
	for _, test := range []struct {
		label, value string
		rollback     bool
		want, past   string
	}{
		{"image", "missing", true, completed, "ROLLBACK_SUCCESSFUL SUCCESSFUL"},
		{"exit", "1", true, completed, "ROLLBACK_SUCCESSFUL SUCCESSFUL"},
		{"secret", "denied", false,
			"PRIMARY :2 FAILED 0 pending 0 running 4 failed | ACTIVE :1 COMPLETED 0 pending 2 running 0 failed",
			"STOPPED SUCCESSFUL"},
	} {
		t.Run(test.label, func(t *testing.T) {
			a := open(t)
			a.register(bridge("web"))
			a.createService(2, func(in *ecs.CreateServiceInput) {
				in.DeploymentConfiguration = &types.DeploymentConfiguration{
					DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: test.rollback},
				}
			})
			a.advance(20 * time.Second)
			first := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{ServiceName: new("web")}))(t).TaskArns
			a.register(bridge("web", test.label, test.value))
			a.updateService(&ecs.UpdateServiceInput{TaskDefinition: new("web")})
			a.advance(2 * time.Minute)
			if got := a.deployments(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if got := a.history(); got != test.past {
				t.Errorf("got history %s, want %s", got, test.past)
			}
			left := must(a.ecs.ListTasks(t.Context(), &ecs.ListTasksInput{ServiceName: new("web")}))(t).TaskArns
			if fmt.Sprint(left) != fmt.Sprint(first) {
				t.Errorf("got tasks %v, want those of before %v", left, first)
			}
		})
	}
}

// TestHealth: a deployment whose tasks are unhealthy does not complete.
func TestHealth(t *testing.T) {
	a := open(t)
	for _, health := range []string{"healthy", "unhealthy"} {
		a.register(fmt.Sprintf(`{"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx", "memory": 64,
			"healthCheck": {"command": ["CMD", "true"]}, "dockerLabels": {"ecsctl.sandbox.health": %q}}]}`, health))
	}
	a.createService(2, func(in *ecs.CreateServiceInput) { in.TaskDefinition = new("web:1") })
	a.advance(20 * time.Second)
	a.updateService(&ecs.UpdateServiceInput{TaskDefinition: new("web:2")})
	a.advance(5 * time.Minute)
	v := a.service()
	if d := v.Deployments[0]; d.RolloutState != types.DeploymentRolloutStateInProgress || d.FailedTasks < 3 ||
		v.Deployments[1].RunningCount != 2 {
		t.Errorf("got %s", a.deployments())
	}
	if out := must(a.ecs.StopServiceDeployment(t.Context(), &ecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: v.CurrentServiceDeployment,
	}))(t); *out.ServiceDeploymentArn != *v.CurrentServiceDeployment {
		t.Errorf("got %s", *out.ServiceDeploymentArn)
	}
	a.advance(time.Minute)
	if got := a.deployments(); got != completed {
		t.Errorf("got %s", got)
	}
	if got := a.history(); got != "ROLLBACK_SUCCESSFUL SUCCESSFUL" {
		t.Errorf("got history %s", got)
	}
}

// TestSuperseded: a deployment that another one follows is stopped, and does not count as successful.
func TestSuperseded(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	a.createService(2, nil)
	a.advance(20 * time.Second)
	a.updateService(&ecs.UpdateServiceInput{ForceNewDeployment: true})
	a.advance(2 * time.Second)
	a.updateService(&ecs.UpdateServiceInput{ForceNewDeployment: true})
	a.advance(time.Minute)
	if got := a.history(); got != "SUCCESSFUL STOPPED SUCCESSFUL" {
		t.Errorf("got history %s", got)
	}
	if got := a.deployments(); got != completed {
		t.Errorf("got %s", got)
	}
}

// TestUpdates: only what UpdateService says starts a deployment does.
func TestUpdates(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	created := a.createService(1, nil)
	for _, test := range []struct {
		name    string
		in      ecs.UpdateServiceInput
		deploys bool
	}{
		{"same task definition", ecs.UpdateServiceInput{TaskDefinition: new("web")}, false},
		{"count", ecs.UpdateServiceInput{DesiredCount: new(int32(2))}, false},
		{"grace period", ecs.UpdateServiceInput{HealthCheckGracePeriodSeconds: new(int32(5))}, false},
		{"force", ecs.UpdateServiceInput{ForceNewDeployment: true}, true},
		{"load balancer", ecs.UpdateServiceInput{LoadBalancers: []types.LoadBalancer{{
			TargetGroupArn: new("arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/0123456789abcdef"),
			ContainerName:  new("web"), ContainerPort: new(int32(80)),
		}}}, true},
		{"Service Connect", ecs.UpdateServiceInput{ServiceConnectConfiguration: &types.ServiceConnectConfiguration{
			Enabled: true, Namespace: new("shop"),
		}}, true},
		{"the same Service Connect", ecs.UpdateServiceInput{
			ServiceConnectConfiguration: &types.ServiceConnectConfiguration{Enabled: true, Namespace: new("shop")},
		}, false},
	} {
		before := *a.service().Deployments[0].Id
		got := a.updateService(&test.in)
		if *got.Deployments[0].Id != before != test.deploys {
			t.Errorf("%s: new deployment %v, want %v", test.name, !test.deploys, test.deploys)
		}
		a.advance(time.Minute)
	}
	if created.Deployments[0].DesiredCount != 1 || *created.DeploymentConfiguration.MaximumPercent != 200 {
		t.Errorf("created %+v", created)
	}
	out := must(a.ecs.DescribeServiceRevisions(t.Context(), &ecs.DescribeServiceRevisionsInput{
		ServiceRevisionArns: []string{*a.service().CurrentServiceRevisions[0].Arn},
	}))(t)
	rev := out.ServiceRevisions[0]
	if len(rev.LoadBalancers) != 1 || *rev.ServiceConnectConfiguration.Namespace != "shop" {
		t.Errorf("got revision %+v", rev)
	}
}

// TestServiceRules: what CreateService, UpdateService and DeleteService refuse, in ECS's words.
func TestServiceRules(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	fails := func(in *ecs.CreateServiceInput, code, message string) {
		t.Helper()
		if in.TaskDefinition == nil {
			in.TaskDefinition = new("web")
		}
		_, err := a.ecs.CreateService(t.Context(), in)
		wantError(t, err, code, message)
	}
	name := new("web")
	fails(&ecs.CreateServiceInput{ServiceName: name, TaskDefinition: new("other")}, "ClientException",
		"TaskDefinition not found.")
	fails(&ecs.CreateServiceInput{ServiceName: name, Cluster: new("other")}, "ClusterNotFoundException",
		"Cluster not found.")
	fails(&ecs.CreateServiceInput{ServiceName: name, LaunchType: types.LaunchTypeFargate}, "InvalidParameterException",
		"Task definition does not support launch_type FARGATE.")
	fails(&ecs.CreateServiceInput{ServiceName: name, LoadBalancers: []types.LoadBalancer{{
		ContainerName: new("web"), ContainerPort: new(int32(81)),
	}}}, "InvalidParameterException", "The container web did not have a container port 81 defined.")
	fails(&ecs.CreateServiceInput{ServiceName: name, DeploymentConfiguration: &types.DeploymentConfiguration{
		MaximumPercent: new(int32(100)),
	}}, "InvalidParameterException", "Both maximumPercent and minimumHealthyPercent cannot be 100")

	token := func(in *ecs.CreateServiceInput) { in.ClientToken = new("token") }
	first := a.createService(1, token)
	if again := a.createService(1, token); *again.Deployments[0].Id != *first.Deployments[0].Id {
		t.Error("the same token made another deployment")
	}
	_, err := a.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{
		ServiceName: name, TaskDefinition: name, ClientToken: new("token"), DesiredCount: new(int32(7)),
	})
	wantError(t, err, "ConflictException", "already in use")
	fails(&ecs.CreateServiceInput{ServiceName: name}, "InvalidParameterException",
		"Creation of service was not idempotent.")
	_, err = a.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: new("other")})
	wantError(t, err, "ServiceNotFoundException", "Service not found.")

	a.advance(time.Minute)
	_, err = a.ecs.DeleteService(t.Context(), &ecs.DeleteServiceInput{Service: name})
	wantError(t, err, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
	out := must(a.ecs.DeleteService(t.Context(), &ecs.DeleteServiceInput{Service: name, Force: new(true)}))(t)
	if *out.Service.Status != "DRAINING" {
		t.Errorf("got %s", *out.Service.Status)
	}
	_, err = a.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: name, DesiredCount: new(int32(1))})
	wantError(t, err, "ServiceNotActiveException", "Service was not ACTIVE.")
	fails(&ecs.CreateServiceInput{ServiceName: name}, "InvalidParameterException", "still Draining")
	a.advance(time.Minute)
	if v := a.service(); *v.Status != "INACTIVE" || v.RunningCount != 0 {
		t.Errorf("got %s with %d tasks", *v.Status, v.RunningCount)
	}
	a.createService(0, nil)
	a.advance(2 * time.Second)
	if got := a.deployments(); got != "PRIMARY :1 COMPLETED 0 pending 0 running 0 failed" {
		t.Errorf("got %s", got)
	}
}

// TestSameWhenever: what happens does not depend on who looks when, nor on how often the state is kept.
func TestSameWhenever(t *testing.T) {
	play := func(a *account, look func()) string {
		a.register(bridge("web", "run-for", "30s"))
		a.register(bridge("web", "exit", "1"))
		a.createService(3, func(in *ecs.CreateServiceInput) { in.TaskDefinition = new("web:1") })
		for range 60 {
			a.advance(time.Second)
			look()
		}
		a.updateService(&ecs.UpdateServiceInput{TaskDefinition: new("web:2")})
		for range 60 {
			a.advance(10 * time.Second)
			look()
		}
		v := a.service()
		text := a.deployments()
		for _, e := range v.Events {
			text += "\n" + e.CreatedAt.Format(time.StampMilli) + " " + *e.Message
		}
		return text
	}
	seldom := play(open(t), func() {})
	a := open(t)
	if often := play(a, func() { a.service(); a.history() }); often != seldom {
		t.Errorf("got:\n%s\nwant:\n%s", often, seldom)
	}
	path := filepath.Join(t.TempDir(), "account")
	b := listen(t, must(sandbox.Open(path, sandbox.Options{}))(t))
	other := listen(t, must(sandbox.Open(path, sandbox.Options{}))(t))
	if kept := play(b, func() { other.service(); other.advance(0) }); kept != seldom {
		t.Errorf("got:\n%s\nwant:\n%s", kept, seldom)
	}
}
