package sandbox_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

// shifting gives a service a strategy, and a load balancer whose traffic can be shifted.
func shifting(k types.DeploymentConfiguration) func(*ecs.CreateServiceInput) {
	const group = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/"
	return func(in *ecs.CreateServiceInput) {
		in.DeploymentConfiguration = &k
		in.LoadBalancers = []types.LoadBalancer{{
			ContainerName: new("web"), ContainerPort: new(int32(80)), TargetGroupArn: new(group + "blue/0123456789abcdef"),
			AdvancedConfiguration: &types.AdvancedConfiguration{
				AlternateTargetGroupArn: new(group + "green/0123456789abcdef"), RoleArn: new("arn:aws:iam::111122223333:role/lb"),
				ProductionListenerRule: new("arn:aws:elasticloadbalancing:us-east-1:111122223333:listener-rule/app/web/1/2/3"),
			},
		}}
	}
}

// record returns the last service deployment.
func (a *account) record() types.ServiceDeployment {
	a.t.Helper()
	out := must(a.ecs.ListServiceDeployments(a.t.Context(), &ecs.ListServiceDeploymentsInput{Service: new("web")}))(a.t)
	return must(a.ecs.DescribeServiceDeployments(a.t.Context(), &ecs.DescribeServiceDeploymentsInput{
		ServiceDeploymentArns: []string{*out.ServiceDeployments[0].ServiceDeploymentArn},
	}))(a.t).ServiceDeployments[0]
}

// stages lets time pass in steps of a second and returns how the last service deployment changes.
func (a *account) stages(seconds int) string {
	a.t.Helper()
	var b strings.Builder
	last := ""
	for range seconds {
		if now := a.stage(); now != last {
			fmt.Fprintln(&b, now)
			last = now
		}
		a.advance(time.Second)
	}
	return b.String()
}

func (a *account) stage() string {
	a.t.Helper()
	d := a.record()
	text := string(d.Status)
	if underWay := d.FinishedAt == nil; underWay {
		text = string(d.LifecycleStage)
	}
	text = strings.TrimSpace(fmt.Sprintf("%s %s", text, revision(*d.TargetServiceRevision)))
	for _, source := range d.SourceServiceRevisions {
		text += ", from " + revision(source)
	}
	for _, h := range d.LifecycleHookDetails {
		text += fmt.Sprintf(", %s %s", h.TargetType, h.Status)
	}
	return text
}

func revision(s types.ServiceRevisionSummary) string {
	text := fmt.Sprintf("%d running", s.RunningTaskCount)
	if s.RequestedProductionTrafficWeight != nil {
		text += fmt.Sprintf(" %v%%", *s.RequestedProductionTrafficWeight)
	}
	if s.RequestedTestTrafficWeight != nil {
		text += fmt.Sprintf("/%v%%", *s.RequestedTestTrafficWeight)
	}
	return text
}

func (a *account) wantStages(seconds int, want string) {
	a.t.Helper()
	if got := a.stages(seconds); "\n"+got != want {
		a.t.Errorf("got:\n%swant:%s", got, want)
	}
}

// bluegreen creates a service and begins its second deployment.
func (a *account) bluegreen(k types.DeploymentConfiguration) {
	a.t.Helper()
	a.register(bridge("web"))
	a.createService(2, shifting(k))
	a.advance(time.Minute)
	if len(a.record().LifecycleHookDetails) > 0 {
		a.answer("")
		a.advance(time.Minute)
	}
	if got := a.history(); got != "SUCCESSFUL" {
		a.t.Fatalf("the first deployment is %s: %s", got, a.stage())
	}
	a.register(bridge("web"))
	a.updateService(&ecs.UpdateServiceInput{TaskDefinition: new("web")})
}

// TestBlueGreen: the new tasks run beside the old ones until the bake time has passed; all traffic goes over at once.
func TestBlueGreen(t *testing.T) {
	a := open(t)
	a.bluegreen(types.DeploymentConfiguration{
		Strategy: types.DeploymentStrategyBlueGreen, BakeTimeInMinutes: new(int32(1)),
	})
	a.wantStages(150, `
0 running 0%/0%, from 2 running 100%/100%
PRE_SCALE_UP 0 running 0%/0%, from 2 running 100%/100%
SCALE_UP 0 running 0%/0%, from 2 running 100%/100%
SCALE_UP 2 running 0%/0%, from 2 running 100%/100%
POST_SCALE_UP 2 running 0%/0%, from 2 running 100%/100%
TEST_TRAFFIC_SHIFT 2 running 0%/100%, from 2 running 100%/0%
POST_TEST_TRAFFIC_SHIFT 2 running 0%/100%, from 2 running 100%/0%
PRODUCTION_TRAFFIC_SHIFT 2 running 100%/100%, from 2 running 0%/0%
POST_PRODUCTION_TRAFFIC_SHIFT 2 running 100%/100%, from 2 running 0%/0%
BAKE_TIME 2 running 100%/100%, from 2 running 0%/0%
CLEAN_UP 2 running 100%/100%, from 0 running 0%/0%
SUCCESSFUL 2 running 100%/100%, from 0 running 0%/0%
`)
}

// TestGradual: linear and canary deployments shift the traffic step by step.
func TestGradual(t *testing.T) {
	for _, test := range []struct {
		k    types.DeploymentConfiguration
		want string
	}{
		{types.DeploymentConfiguration{
			Strategy: types.DeploymentStrategyCanary, CanaryConfiguration: &types.CanaryConfiguration{
				CanaryPercent: new(2.5), CanaryBakeTimeInMinutes: new(int32(2)),
			},
		}, "0 2.5 100"},
		{types.DeploymentConfiguration{Strategy: types.DeploymentStrategyCanary}, "0 5 100"},
		{types.DeploymentConfiguration{
			Strategy: types.DeploymentStrategyLinear, LinearConfiguration: &types.LinearConfiguration{
				StepPercent: new(33.3), StepBakeTimeInMinutes: new(int32(1)),
			},
		}, "0 33.3 66.6 99.9 100"},
		{types.DeploymentConfiguration{Strategy: types.DeploymentStrategyLinear}, "0 10 20 30 40 50 60 70 80 90 100"},
	} {
		t.Run(string(test.k.Strategy)+test.want, func(t *testing.T) {
			a := open(t)
			a.bluegreen(test.k)
			var weights []string
			for range 800 {
				w := fmt.Sprint(*a.record().TargetServiceRevision.RequestedProductionTrafficWeight)
				if len(weights) == 0 || weights[len(weights)-1] != w {
					weights = append(weights, w)
				}
				a.advance(5 * time.Second)
			}
			if got := strings.Join(weights, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if got := a.history(); got != "SUCCESSFUL SUCCESSFUL" {
				t.Errorf("got history %s", got)
			}
		})
	}
}

// paused returns a strategy with a pause and a function before the traffic goes over.
func paused(timeout *types.DeploymentLifecycleHookTimeoutConfiguration) types.DeploymentConfiguration {
	at := []types.DeploymentLifecycleHookStage{types.DeploymentLifecycleHookStagePostTestTrafficShift}
	return types.DeploymentConfiguration{
		Strategy: types.DeploymentStrategyBlueGreen, BakeTimeInMinutes: new(int32(0)),
		LifecycleHooks: []types.DeploymentLifecycleHook{
			{TargetType: types.DeploymentLifecycleHookTargetTypePause, LifecycleStages: at, TimeoutConfiguration: timeout},
			{
				LifecycleStages: at, HookTargetArn: new("arn:aws:lambda:us-east-1:111122223333:function:check"),
				RoleArn: new("arn:aws:iam::111122223333:role/hook"),
			},
		},
	}
}

// TestPause: a deployment is held up by a pause until it is answered or times out; the first one of a service too.
func TestPause(t *testing.T) {
	rollback := types.DeploymentLifecycleHookActionRollback
	for _, test := range []struct {
		name    string
		answer  types.DeploymentLifecycleHookAction
		timeout *types.DeploymentLifecycleHookTimeoutConfiguration
		want    string
	}{
		{"continue", "", nil, "SUCCESSFUL"},
		{"rollback", rollback, nil, "ROLLBACK_SUCCESSFUL"},
		{"a day passes", "none", nil, "ROLLBACK_SUCCESSFUL"},
		{"ten minutes pass", "none", &types.DeploymentLifecycleHookTimeoutConfiguration{
			TimeoutInMinutes: new(int32(10)), Action: types.DeploymentLifecycleHookActionContinue,
		}, "SUCCESSFUL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := open(t)
			a.bluegreen(paused(test.timeout))
			a.advance(5 * time.Minute)
			want := "POST_TEST_TRAFFIC_SHIFT 2 running 0%/100%, from 2 running 100%/0%, PAUSE AWAITING_ACTION, " +
				"AWS_LAMBDA SUCCEEDED"
			if got := a.stage(); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if test.answer == "none" {
				a.advance(24 * time.Hour)
			} else {
				a.answer(test.answer)
				a.advance(time.Minute)
			}
			if got := a.history(); got != test.want+" SUCCESSFUL" {
				t.Errorf("got history %s", got)
			}
			if v := a.service(); v.RunningCount != 2 || len(v.Deployments) != 1 {
				t.Errorf("got %s", a.deployments())
			}
		})
	}
}

// answer answers the pause of the last service deployment.
func (a *account) answer(action types.DeploymentLifecycleHookAction) {
	a.t.Helper()
	d := a.record()
	in := &ecs.ContinueServiceDeploymentInput{
		ServiceDeploymentArn: d.ServiceDeploymentArn, HookId: d.LifecycleHookDetails[0].HookId, Action: action,
	}
	must(a.ecs.ContinueServiceDeployment(a.t.Context(), in))(a.t)
	_, err := a.ecs.ContinueServiceDeployment(a.t.Context(), in)
	wantError(a.t, err, "InvalidParameterException", "")
}

// TestAlarm: an alarm ends a deployment, and rolls it back when that is asked for.
func TestAlarm(t *testing.T) {
	for _, test := range []struct {
		k        types.DeploymentConfiguration
		alarm    string
		rollback bool
		want     string
	}{
		{types.DeploymentConfiguration{}, "ecsctl-sandbox-alarm-errors", true, "ROLLBACK_SUCCESSFUL"},
		{types.DeploymentConfiguration{}, "ecsctl-sandbox-alarm", false, "STOPPED"},
		{types.DeploymentConfiguration{}, "errors", true, "SUCCESSFUL"},
		{types.DeploymentConfiguration{Strategy: types.DeploymentStrategyCanary}, "ecsctl-sandbox-alarm", true,
			"ROLLBACK_SUCCESSFUL"},
		{types.DeploymentConfiguration{Strategy: types.DeploymentStrategyCanary}, "ecsctl-sandbox-alarm", false, "STOPPED"},
	} {
		t.Run(string(test.k.Strategy)+test.alarm+test.want, func(t *testing.T) {
			a := open(t)
			a.register(bridge("web"))
			a.createService(2, shifting(test.k))
			a.advance(2 * time.Minute)
			a.updateService(&ecs.UpdateServiceInput{
				ForceNewDeployment: true, DeploymentConfiguration: &types.DeploymentConfiguration{Alarms: &types.DeploymentAlarms{
					AlarmNames: []string{test.alarm}, Enable: true, Rollback: test.rollback,
				}},
			})
			a.advance(2 * time.Minute)
			if got := a.history(); got != test.want+" SUCCESSFUL" {
				t.Errorf("got history %s: %s", got, a.stage())
			}
			rang := test.want != "SUCCESSFUL"
			if d := a.record(); rang != (d.Alarms.Status == types.ServiceDeploymentRollbackMonitorsStatusTriggered) ||
				rang != strings.Contains(aws.ToString(d.StatusReason), test.alarm) {
				t.Errorf("got %+v %v", d.Alarms, aws.ToString(d.StatusReason))
			}
		})
	}
}

// TestReconcile: a deployment that follows one that was under way stops the tasks of that one first.
func TestReconcile(t *testing.T) {
	a := open(t)
	a.bluegreen(paused(nil))
	a.advance(time.Minute)
	a.updateService(&ecs.UpdateServiceInput{ForceNewDeployment: true})
	a.wantStages(15, `
0 running 0%/0%, from 2 running, from 2 running 100%/100%
RECONCILE_SERVICE 0 running 0%/0%, from 0 running, from 2 running 100%/100%
RECONCILE_SERVICE 0 running 0%/0%, from 2 running 100%/100%
PRE_SCALE_UP 0 running 0%/0%, from 2 running 100%/100%
SCALE_UP 0 running 0%/0%, from 2 running 100%/100%
SCALE_UP 2 running 0%/0%, from 2 running 100%/100%
`)
	if got := a.history(); got != "IN_PROGRESS STOPPED SUCCESSFUL" {
		t.Errorf("got history %s", got)
	}
}

// TestStrategyRules: what CreateService refuses of strategies and hooks.
func TestStrategyRules(t *testing.T) {
	a := open(t)
	a.register(bridge("web"))
	blueGreen, canary := types.DeploymentStrategyBlueGreen, types.DeploymentStrategyCanary
	hook := func(h types.DeploymentLifecycleHook) types.DeploymentConfiguration {
		return types.DeploymentConfiguration{Strategy: canary, LifecycleHooks: []types.DeploymentLifecycleHook{h}}
	}
	pause := types.DeploymentLifecycleHookTargetTypePause
	for _, test := range []struct {
		k    types.DeploymentConfiguration
		want string
	}{
		{types.DeploymentConfiguration{Strategy: blueGreen}, "bakeTimeInMinutes is required"},
		{types.DeploymentConfiguration{Strategy: canary, BakeTimeInMinutes: new(int32(1441))}, "between 0 and 1440"},
		{types.DeploymentConfiguration{Strategy: canary, LinearConfiguration: &types.LinearConfiguration{}}, "LINEAR"},
		{types.DeploymentConfiguration{CanaryConfiguration: &types.CanaryConfiguration{}}, "CANARY"},
		{types.DeploymentConfiguration{Strategy: canary, CanaryConfiguration: &types.CanaryConfiguration{
			CanaryPercent: new(0.05),
		}}, "multiple of 0.1"},
		{types.DeploymentConfiguration{
			Strategy: types.DeploymentStrategyLinear, LinearConfiguration: &types.LinearConfiguration{StepPercent: new(2.9)},
		}, "from 3.0"},
		{hook(types.DeploymentLifecycleHook{TargetType: pause}), "must have lifecycleStages"},
		{hook(types.DeploymentLifecycleHook{TargetType: pause, LifecycleStages: []types.DeploymentLifecycleHookStage{
			types.DeploymentLifecycleHookStageTestTrafficShift,
		}}), "PAUSE hooks cannot be configured"},
		{hook(types.DeploymentLifecycleHook{LifecycleStages: []types.DeploymentLifecycleHookStage{
			types.DeploymentLifecycleHookStagePreScaleUp,
		}}), "hookTargetArn"},
	} {
		in := &ecs.CreateServiceInput{ServiceName: new("web"), TaskDefinition: new("web")}
		shifting(test.k)(in)
		_, err := a.ecs.CreateService(t.Context(), in)
		wantError(t, err, "InvalidParameterException", test.want)
	}
	in := &ecs.CreateServiceInput{ServiceName: new("web"), TaskDefinition: new("web")}
	shifting(types.DeploymentConfiguration{Strategy: canary})(in)
	in.LoadBalancers[0].AdvancedConfiguration = nil
	_, err := a.ecs.CreateService(t.Context(), in)
	wantError(t, err, "InvalidParameterException", "advancedConfiguration")
}

// TestStagesWhenever: stages do not depend on who looks when, nor on how often the state is kept.
func TestStagesWhenever(t *testing.T) {
	play := func(a *account, look func()) string {
		a.bluegreen(paused(nil))
		for range 100 {
			a.advance(time.Second)
			look()
		}
		return fmt.Sprint(a.stage(), *a.record().LifecycleHookDetails[0].ExpiresAt)
	}
	seldom := play(open(t), func() {})
	a := open(t)
	if often := play(a, func() { a.service(); a.history() }); often != seldom {
		t.Errorf("got:\n%s\nwant:\n%s", often, seldom)
	}
	b := listen(t, must(sandbox.Open(filepath.Join(t.TempDir(), "account"), sandbox.Options{}))(t))
	if kept := play(b, func() { b.advance(0) }); kept != seldom {
		t.Errorf("got:\n%s\nwant:\n%s", kept, seldom)
	}
}
