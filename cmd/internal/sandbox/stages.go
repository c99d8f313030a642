package sandbox

import (
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stageTime is what a lifecycle stage takes that has nothing to wait for.
const stageTime = 3 * time.Second

// preShift is a stage that hooks may have. The list of values of lifecycleStage lacks it, so that the stage before it
// is shown.
const preShift = types.ServiceDeploymentLifecycleStage(types.DeploymentLifecycleHookStagePreProductionTrafficShift)

// A course is how far a deployment is that starts a set of tasks beside the old one and then shifts the traffic to it.
type course struct {
	Steps []leg                                      `json:"steps"`
	At    int                                        `json:"at"`    // index of the leg that it is at; -1 before the first
	Since time.Time                                  `json:"since"` // when it came to that
	Hooks []sdk[types.DeploymentLifecycleHookDetail] `json:"hooks,omitempty"`
	Serve time.Time                                  `json:"serve"` // when it got traffic
}

// A leg is a lifecycle stage; linear and canary deployments come to some of them more than once. See "Lifecycle
// stages" in the developer guide.
type leg struct {
	Stage      types.ServiceDeploymentLifecycleStage `json:"stage"`
	Production float64                               `json:"production"` // percent of the traffic, from this leg on
	Test       float64                               `json:"test"`       // the same
	Takes      time.Duration                         `json:"takes"`      // at least
}

// newCourse returns the way that a deployment takes, nil if it is rolling. The first deployment of a service has no
// other to share the traffic with: it shifts all of it at once, and there is no bake time.
func (s *service) newCourse(r *region) *course {
	k := s.Service.v.DeploymentConfiguration
	if k.Strategy == types.DeploymentStrategyRolling {
		return nil
	}
	c := &course{At: -1, Since: r.now(), Serve: never}
	add := func(stage types.ServiceDeploymentLifecycleStage, production, test float64, takes time.Duration) {
		c.Steps = append(c.Steps, leg{stage, production, test, max(takes, stageTime)})
	}
	if s.revisionsInUse() > 1 {
		add(types.ServiceDeploymentLifecycleStageReconcileService, 0, 0, 0)
	}
	add(types.ServiceDeploymentLifecycleStagePreScaleUp, 0, 0, 0)
	add(types.ServiceDeploymentLifecycleStageScaleUp, 0, 0, 0)
	add(types.ServiceDeploymentLifecycleStagePostScaleUp, 0, 0, 0)
	add(types.ServiceDeploymentLifecycleStageTestTrafficShift, 0, 100, 0)
	add(types.ServiceDeploymentLifecycleStagePostTestTrafficShift, 0, 100, 0)
	shifts, pause := shiftsOf(k)
	bake := minutes(value(k.BakeTimeInMinutes))
	if s.good(nil) == nil {
		shifts, bake = []float64{100}, 0
	}
	before := 0.0
	for _, share := range shifts {
		add(preShift, before, 100, 0)
		if before = share; share < 100 {
			add(types.ServiceDeploymentLifecycleStageProductionTrafficShift, share, 100, pause)
		}
	}
	add(types.ServiceDeploymentLifecycleStageProductionTrafficShift, 100, 100, 0)
	add(types.ServiceDeploymentLifecycleStagePostProductionTrafficShift, 100, 100, 0)
	if bake > 0 {
		add(types.ServiceDeploymentLifecycleStageBakeTime, 100, 100, bake)
	}
	add(types.ServiceDeploymentLifecycleStageCleanUp, 100, 100, 0)
	return c
}

// shiftsOf returns the shares of the traffic that a strategy gives to the new revision one after the other, the last of
// which is 100, and what passes between two of them. See LinearConfiguration and CanaryConfiguration for the defaults.
func shiftsOf(k *types.DeploymentConfiguration) (shares []float64, pause time.Duration) {
	switch k.Strategy {
	case types.DeploymentStrategyLinear:
		l := types.LinearConfiguration{}
		if k.LinearConfiguration != nil {
			l = *k.LinearConfiguration
		}
		orElse(&l.StepPercent, 10)
		orElse(&l.StepBakeTimeInMinutes, 6)
		for i := 1; ; i++ {
			share := math.Round(float64(i)**l.StepPercent*10) / 10
			if share >= 100 {
				return append(shares, 100), minutes(*l.StepBakeTimeInMinutes)
			}
			shares = append(shares, share)
		}
	case types.DeploymentStrategyCanary:
		c := types.CanaryConfiguration{}
		if k.CanaryConfiguration != nil {
			c = *k.CanaryConfiguration
		}
		orElse(&c.CanaryPercent, 5)
		orElse(&c.CanaryBakeTimeInMinutes, 10)
		if *c.CanaryPercent < 100 {
			shares = []float64{*c.CanaryPercent}
		}
		pause = minutes(*c.CanaryBakeTimeInMinutes)
	}
	return append(shares, 100), pause
}

func minutes(n int32) time.Duration { return time.Duration(n) * time.Minute }

// revisionsInUse counts the deployments that have tasks.
func (s *service) revisionsInUse() int {
	n := 0
	for _, d := range s.Deployments {
		if *d.Deployment.v.Status != "INACTIVE" {
			n++
		}
	}
	return n
}

// shifts says whether the deployment is on its course: it does not roll, and it goes on.
func (d *deployment) shifts() bool {
	return d.Course != nil && d.Undoes == "" && d.Deployment.v.RolloutState == types.DeploymentRolloutStateInProgress
}

// stage returns the stage that a deployment on its course is at, "" before the first.
func (d *deployment) stage() types.ServiceDeploymentLifecycleStage {
	if d.Course.At < 0 {
		return ""
	}
	return d.Course.Steps[d.Course.At].Stage
}

// scalesUp says whether the deployment may start tasks.
func (d *deployment) scalesUp() bool {
	if !d.shifts() {
		return true
	}
	return slices.ContainsFunc(d.Course.Steps[:d.Course.At+1], func(p leg) bool {
		return p.Stage == types.ServiceDeploymentLifecycleStageScaleUp
	})
}

// cleansUp says whether the deployment stops the tasks that it replaces, and ends with that.
func (d *deployment) cleansUp() bool {
	return !d.shifts() || d.stage() == types.ServiceDeploymentLifecycleStageCleanUp
}

// proceed takes the deployment to its next stage when all that the present one waits for has come about.
func (s *service) proceed(r *region, d *deployment) {
	if !d.shifts() {
		return
	}
	c := d.Course
	if c.At >= 0 {
		if d.stage() == types.ServiceDeploymentLifecycleStageCleanUp || !s.hooked(r, d) || !s.scaled(r, d) {
			return
		}
		if at := c.Since.Add(c.Steps[c.At].Takes); !passed(r.now(), at) {
			s.Wake = earlier(s.Wake, at)
			return
		}
	}
	c.At++
	c.Since = r.now()
	if c.Steps[c.At].Production > 0 {
		c.Serve = earlier(c.Serve, c.Since)
	}
	if d.Record.v.UpdatedAt = new(r.now()); d.stage() != preShift {
		d.Record.v.LifecycleStage = d.stage()
	}
	s.hook(r, d)
	s.Wake = earlier(s.Wake, c.Since.Add(c.Steps[c.At].Takes))
}

// scaled says whether a deployment that scales up has all its tasks.
func (s *service) scaled(r *region, d *deployment) bool {
	v, desired := s.view(r), int(s.Service.v.DesiredCount)
	return d.stage() != types.ServiceDeploymentLifecycleStageScaleUp || len(v.ours) == desired && v.steady == desired
}

// replaced returns the tasks of earlier deployments that a deployment on its course does without: until it cleans up
// those of the revision that it replaces go on.
func (s *service) replaced(d *deployment, v *view) []seen {
	blue := s.good(d)
	if d.cleansUp() || blue == nil {
		return v.others
	}
	return slices.DeleteFunc(slices.Clone(v.others), func(t seen) bool { return t.StartedBy == blue.id() })
}

// weights returns how much of the traffic a deployment has that is not rolling, in percent. Without load balancers and
// Service Connect there is no traffic that ECS could shift.
func (d *deployment) weights() (production, test float64, ok bool) {
	rev := &d.Revision.v
	connect := rev.ServiceConnectConfiguration != nil && rev.ServiceConnectConfiguration.Enabled
	if d.Course == nil || !connect && len(rev.LoadBalancers) == 0 {
		return 0, 0, false
	}
	switch d.Record.v.Status {
	case types.ServiceDeploymentStatusRollbackInProgress, types.ServiceDeploymentStatusRollbackSuccessful,
		types.ServiceDeploymentStatusRollbackFailed:
		return 0, 0, true
	}
	if d.Course.At < 0 {
		return 0, 0, true
	}
	at := d.Course.Steps[d.Course.At]
	return at.Production, at.Test, true
}
