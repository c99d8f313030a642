package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A TaskQuery says which tasks are meant: one of its members is set.
type TaskQuery struct {
	Task    string // id or ARN
	Service string // name or ARN
	Family  string
}

// ErrNoTask is returned if ECS does not know a task. It forgets one about an hour after it has stopped.
var ErrNoTask = errors.New("ECS knows no such task: it forgets one about an hour after it has stopped")

// FindTasks returns the tasks that run and those that have stopped in the last hour, oldest first.
func FindTasks(ctx context.Context, c *Clients, cluster string, q TaskQuery) ([]types.Task, error) {
	if q.Task != "" {
		found, err := describeTasks(ctx, c, cluster, []string{q.Task})
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("task/%s: %w", TaskID(q.Task), ErrNoTask)
		}
		return found, err
	}
	statuses := []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped}
	lists := make([][]types.Task, len(statuses))
	for _, err := range forEach(statuses, func(i int, status types.DesiredStatus) (err error) {
		in := &ecs.ListTasksInput{Cluster: &cluster, DesiredStatus: status}
		if q.Service != "" {
			in.ServiceName = &q.Service
		} else {
			in.Family = &q.Family
		}
		lists[i], err = listTasks(ctx, c, in)
		return err
	}) {
		if err != nil {
			return nil, err
		}
	}
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b types.Task) int {
		return cmp.Or(deref(a.CreatedAt).Compare(deref(b.CreatedAt)), strings.Compare(*a.TaskArn, *b.TaskArn))
	})
	return slices.CompactFunc(all, func(a, b types.Task) bool { return *a.TaskArn == *b.TaskArn }), nil
}
