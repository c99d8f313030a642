package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
	"github.com/ecsctl/ecsctl/translate"
)

// describeBatch is how many tasks ECS describes in one call, runBatch how many it starts.
const (
	describeBatch = 100
	runBatch      = 10
)

// A TasksWant is what compose up and its like are asked for.
type TasksWant struct {
	CreateWant
	Cluster string
	Project string
	Force   bool // replaces tasks that are as they should be, too
}

// group marks the tasks of the project.
func (w *TasksWant) group() string { return *RunTask(w.Result, w.Project).Group }

// A TasksState is what ECS has of the project's tasks.
type TasksState struct {
	CreateState
	Tasks   []types.Task // meant to run, oldest first
	Stopped []types.Task // of the last hour; only what planning needs

	same map[string]bool // revisions besides the match that have its content
}

// ObserveTasks reads all that planning needs.
func ObserveTasks(ctx context.Context, c *Clients, w *TasksWant) (*TasksState, error) {
	s := &TasksState{}
	errs := sideBySide(
		func() error {
			created, err := ObserveCreate(ctx, c, &w.CreateWant)
			if err == nil {
				s.CreateState = *created
			}
			return err
		},
		func() (err error) {
			s.Tasks, err = ListTasks(ctx, c, w, types.DesiredStatusRunning)
			return err
		},
		func() (err error) {
			if exclusive(w.Result) != "" { // they may have been stopped to make room
				s.Stopped, err = ListTasks(ctx, c, w, types.DesiredStatusStopped)
			}
			return err
		},
	)
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return s, s.observeRest(ctx, c, w)
}

// observeRest reads what only some states make necessary: what stopped, if a replacement seems to be unfinished, and
// what tasks run that are not of the revision that is wanted.
func (s *TasksState) observeRest(ctx context.Context, c *Clients, w *TasksWant) (err error) {
	if s.Stopped == nil && s.unfinished() != nil {
		if s.Stopped, err = ListTasks(ctx, c, w, types.DesiredStatusStopped); err != nil {
			return err
		}
	}
	if s.Family.Match == nil {
		return nil
	}
	var others []string
	for _, t := range s.Tasks {
		arn := deref(t.TaskDefinitionArn)
		if latest := s.Family.Latest; arn != s.Family.Match.ARN && (latest == nil || arn != latest.ARN) {
			others = append(others, arn)
		}
	}
	slices.Sort(others)
	others = slices.Compact(others)
	same := make([]bool, len(others))
	errs := forEach(others, func(i int, arn string) error {
		r, err := describeRevision(ctx, c, arn)
		same[i] = r != nil && r.Fingerprint == s.Family.Fingerprint
		return err
	})
	s.same = map[string]bool{}
	for i, arn := range others {
		if errs[i] != nil && !call.IsDenied(errs[i]) {
			return errs[i]
		}
		s.same[arn] = same[i]
	}
	return nil
}

// ListTasks returns the tasks of a project that are meant to run or to stop, oldest first: those of its family that
// are in its group, or that an old ecs-cli started.
func ListTasks(ctx context.Context, c *Clients, w *TasksWant, status types.DesiredStatus) ([]types.Task, error) {
	found, err := listTasks(ctx, c, &ecs.ListTasksInput{Cluster: &w.Cluster, Family: w.Task.Family, DesiredStatus: status})
	return slices.DeleteFunc(found, func(t types.Task) bool {
		return deref(t.Group) != w.group() && deref(t.StartedBy) != w.Project
	}), err
}

func (w *TasksWant) cluster() string { return w.Cluster }

func (w *TasksWant) list(ctx context.Context, c *Clients, status types.DesiredStatus) ([]types.Task, error) {
	return ListTasks(ctx, c, w, status)
}

// ServiceTasks are the tasks of a service.
type ServiceTasks struct{ Cluster, Service string }

func (s ServiceTasks) cluster() string { return s.Cluster }

func (s ServiceTasks) list(ctx context.Context, c *Clients, status types.DesiredStatus) ([]types.Task, error) {
	return listTasks(ctx, c, &ecs.ListTasksInput{Cluster: &s.Cluster, ServiceName: &s.Service, DesiredStatus: status})
}

// listTasks lists and describes tasks, oldest first: a page of them is described while the next one is listed.
func listTasks(ctx context.Context, c *Clients, in *ecs.ListTasksInput) ([]types.Task, error) {
	var pages pages
	for {
		out, err := c.ECS.ListTasks(ctx, in)
		if err != nil {
			_, _ = pages.wait() // its error, if any, has the same cause
			return nil, call.Wrap("cluster/"+clusterName(*in.Cluster), err)
		}
		pages.describe(ctx, c, *in.Cluster, out.TaskArns)
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	found, err := pages.wait()
	slices.SortFunc(found, func(a, b types.Task) int {
		return cmp.Or(deref(a.CreatedAt).Compare(deref(b.CreatedAt)), strings.Compare(*a.TaskArn, *b.TaskArn))
	})
	return found, err
}

// describeTasks describes tasks, a hundred in a call and the calls side by side. Those that ECS has forgotten are left
// out.
func describeTasks(ctx context.Context, c *Clients, cluster string, arns []string) ([]types.Task, error) {
	var pages pages
	for batch := range slices.Chunk(arns, describeBatch) {
		pages.describe(ctx, c, cluster, batch)
	}
	return pages.wait()
}

// A pages describes pages of tasks side by side.
type pages struct {
	wg    sync.WaitGroup
	found []*page
}

// A page is what ECS says of at most a hundred tasks.
type page struct {
	tasks []types.Task
	err   error
}

// describe begins to describe tasks.
func (p *pages) describe(ctx context.Context, c *Clients, cluster string, arns []string) {
	if len(arns) == 0 {
		return
	}
	pg := &page{}
	p.found = append(p.found, pg)
	p.wg.Go(func() {
		out, err := c.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: arns})
		if err != nil {
			pg.err = call.Wrap("cluster/"+clusterName(cluster), err)
			return
		}
		pg.tasks = out.Tasks
	})
}

// wait returns the tasks of all pages, or the first error.
func (p *pages) wait() ([]types.Task, error) {
	p.wg.Wait()
	var all []types.Task
	for _, pg := range p.found {
		if pg.err != nil {
			return nil, pg.err
		}
		all = append(all, pg.tasks...)
	}
	return all, nil
}

// clusterName returns the name of a cluster that is given by name or ARN.
func clusterName(cluster string) string { return cluster[strings.LastIndex(cluster, "/")+1:] }

// TaskID returns the last part of a task's ARN.
func TaskID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// exclusive says why two tasks of r must not run at the same time, "" if they may: what the old one holds the new one
// needs.
func exclusive(r *translate.Result) string {
	task := &r.Task
	hostPorts := task.NetworkMode != types.NetworkModeAwsvpc
	writable := map[string]bool{}
	for _, c := range task.ContainerDefinitions {
		for _, m := range c.PortMappings {
			if hostPorts && (deref(m.HostPort) != 0 || task.NetworkMode == types.NetworkModeHost) {
				return fmt.Sprintf("they need port %d of the host", cmp.Or(deref(m.HostPort), deref(m.ContainerPort)))
			}
		}
		for _, m := range c.MountPoints {
			if !deref(m.ReadOnly) {
				writable[deref(m.SourceVolume)] = true
			}
		}
	}
	for _, v := range task.Volumes {
		if writable[deref(v.Name)] && outlives(v) {
			return fmt.Sprintf("they write to volume %s", deref(v.Name))
		}
	}
	return ""
}

// outlives reports whether what is in a volume is there for the next task.
func outlives(v types.Volume) bool {
	switch {
	case v.Host != nil && deref(v.Host.SourcePath) != "":
		return true
	case v.DockerVolumeConfiguration != nil:
		return v.DockerVolumeConfiguration.Scope == types.ScopeShared
	}
	return v.EfsVolumeConfiguration != nil || v.FsxWindowsFileServerVolumeConfiguration != nil ||
		v.S3filesVolumeConfiguration != nil
}
