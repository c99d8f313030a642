package deploy

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/ecsparams"
)

// beforeTimeout is how long a task before a deployment may take, if nothing else is said, and beforeLaunch how long it is
// tried to start it.
const (
	beforeTimeout = time.Hour
	beforeLaunch  = 10 * time.Minute
)

// planBefore plans the tasks that run to their end before the service gets its new revision, one after the other. The
// first that does not end with 0 ends the plan: the service stays as it is.
func (w *ServiceWant) planBefore(s *ServiceState) Plan {
	if w.SkipBefore {
		return nil
	}
	var p Plan
	for _, b := range w.Service.BeforeDeploy {
		request := RunTask(w.Result, w.Project)
		if request.PropagateTags == types.PropagateTagsService { // a task has none to propagate tags from
			request.PropagateTags = ""
		}
		want := &RunWant{
			Request: request, Cluster: w.Cluster, Container: b.Service, Token: rand.Text(),
			Timeout: beforeTimeout, LaunchTimeout: beforeLaunch, Retries: 3,
			Jobs: []Job{{
				Why: "before the deployment, " + b.Service + ": " + strings.Join(b.Command, " "), Count: 1, Overrides: overridesOf(b),
			}},
		}
		if b.Timeout != nil {
			want.Timeout = time.Duration(*b.Timeout) * time.Second
		}
		if w.Output != nil {
			want.Output = w.Output()
		}
		p = append(p, Run(want, s.Family.Match)...)
	}
	return p
}

func overridesOf(b ecsparams.BeforeDeploy) *types.TaskOverride {
	return &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{
		Name: &b.Service, Command: b.Command, Environment: b.Environment,
	}}}
}
