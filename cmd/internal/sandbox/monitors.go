package sandbox

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// threshold returns how many tasks may fail: "the threshold … the minimum is 3, the maximum 200", half of the desired
// count between them, unless thresholdConfiguration says otherwise.
func (s *service) threshold() int32 {
	b, desired := s.Service.v.DeploymentConfiguration.DeploymentCircuitBreaker, s.Service.v.DesiredCount
	t := types.ThresholdConfiguration{Type: types.ThresholdTypeBoundedPercent, Value: 50}
	if b.ThresholdConfiguration != nil {
		t = *b.ThresholdConfiguration
	}
	share := (desired*t.Value + 99) / 100
	switch t.Type {
	case types.ThresholdTypeCount:
		return t.Value
	case types.ThresholdTypeBoundedPercent:
		return min(max(share, 3), 200)
	}
	return share
}

// alarmPrefix begins the names of the alarms that ring in the sandbox, which has no CloudWatch: during each deployment,
// as soon as one of its tasks is steady or, if it shifts traffic, a stage's time after the first of it.
const alarmPrefix = "ecsctl-sandbox-alarm"

// monitored ends a deployment that the circuit breaker or an alarm finds to have failed, and rolls it back if that was
// asked for.
func (s *service) monitored(r *region, d *deployment) {
	if d.Deployment.v.RolloutState != types.DeploymentRolloutStateInProgress || d.Undoes != "" {
		return
	}
	k := s.Service.v.DeploymentConfiguration
	if b := k.DeploymentCircuitBreaker; b.Enable && d.Deployment.v.FailedTasks >= s.threshold() {
		s.fail(r, d, failure{
			"tasks failed to start.", "ECS deployment circuit breaker: ", "the circuit breaker threshold was exceeded.",
		}, b.Rollback)
		return
	}
	if a := k.Alarms; a != nil && a.Enable && s.audible(r, d) {
		for _, name := range a.AlarmNames {
			if strings.HasPrefix(name, alarmPrefix) {
				d.Rang = append(d.Rang, name)
			}
		}
		if d.Rang != nil {
			s.fail(r, d, failure{"alarm detected.", "ECS deployment alarms: ", "the CloudWatch alarms " +
				strings.Join(d.Rang, ", ") + " are in ALARM state."}, a.Rollback)
		}
	}
}

// audible says whether an alarm may ring.
func (s *service) audible(r *region, d *deployment) bool {
	if d.Course == nil {
		return s.view(r).steady > 0
	}
	at := add(d.Course.Serve, stageTime)
	if !passed(r.now(), at) {
		s.Wake = earlier(s.Wake, at)
		return false
	}
	return true
}

// A failure is how a monitor words that a deployment failed.
type failure struct {
	what    string
	monitor string
	because string
}

// fail ends a deployment that failed. See "How the Amazon ECS deployment circuit breaker detects failures" and "How
// CloudWatch alarms detect Amazon ECS deployment failures".
func (s *service) fail(r *region, d *deployment, f failure, rollback bool) {
	p := &d.Deployment.v
	p.RolloutState, p.UpdatedAt = types.DeploymentRolloutStateFailed, new(r.now())
	p.RolloutStateReason = new(f.monitor + f.what)
	s.event(r, "(deployment "+d.id()+") deployment failed: "+f.what)
	if !rollback {
		s.close(r, d, types.ServiceDeploymentStatusStopped, "Service deployment stopped because "+f.because)
		return
	}
	if !s.rollBack(r, d, "Service deployment rolled back because "+f.because, f.monitor+"rolling back to deploymentId ") {
		s.close(r, d, types.ServiceDeploymentStatusRollbackFailed, "There is no completed deployment to roll back to.")
	}
}

// describeBreaker returns how the circuit breaker stands.
func (s *service) describeBreaker(d *deployment) *types.ServiceDeploymentCircuitBreaker {
	tripped := d.Deployment.v.RolloutState == types.DeploymentRolloutStateFailed &&
		d.Deployment.v.FailedTasks >= s.threshold()
	return &types.ServiceDeploymentCircuitBreaker{
		FailureCount: d.Deployment.v.FailedTasks, Threshold: s.threshold(),
		Status: d.monitor(d.Record.v.DeploymentConfiguration.DeploymentCircuitBreaker.Enable, tripped),
	}
}

// describeAlarms returns how the alarms stand, nil if there are none.
func (d *deployment) describeAlarms() *types.ServiceDeploymentAlarms {
	a := d.Record.v.DeploymentConfiguration.Alarms
	if a == nil {
		return nil
	}
	return &types.ServiceDeploymentAlarms{
		AlarmNames: a.AlarmNames, Status: d.monitor(a.Enable, d.Rang != nil), TriggeredAlarmNames: d.Rang,
	}
}

func (d *deployment) monitor(enabled, triggered bool) types.ServiceDeploymentRollbackMonitorsStatus {
	switch {
	case !enabled:
		return types.ServiceDeploymentRollbackMonitorsStatusDisabled
	case triggered:
		return types.ServiceDeploymentRollbackMonitorsStatusTriggered
	case underWay(d.Record.v.Status):
		return types.ServiceDeploymentRollbackMonitorsStatusMonitoring
	}
	return types.ServiceDeploymentRollbackMonitorsStatusMonitoringComplete
}
