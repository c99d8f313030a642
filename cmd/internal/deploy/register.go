package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
	"github.com/ecsctl/ecsctl/translate"
)

// planRevision plans what it takes that a revision has the content of r: nothing if there is one.
func planRevision(r *translate.Result, f *Family) Plan {
	on := "task-definition/" + f.Name
	if f.Match == nil {
		s := Step{Action: "ecs:RegisterTaskDefinition", On: on, Why: "first revision"}
		s.request = RegisterTaskDefinition(r)
		if f.Latest != nil {
			s.Why = "differs from " + f.Latest.Name()
			s.Changes = changes("", "", canonical(f.Latest.Definition), f.Canonical)
		} else if len(f.Warnings) > 0 {
			s.Why = "what is there could not be compared"
		}
		s.do = func(ctx context.Context, x *Execution) (err error) {
			x.Revision, err = register(ctx, x.Clients, r, f)
			return err
		}
		return Plan{s}
	}
	keep := Step{Action: "keep", On: "task-definition/" + f.Match.Name(), Why: "has this content"}
	if f.Latest != nil && f.Latest.ARN != f.Match.ARN {
		keep.Why += fmt.Sprintf("; it is reused although %s is newer", f.Latest.Name())
	}
	p := Plan{keep}
	if missing := missingTags(r.Tags, f.Match.Tags); len(missing) > 0 && f.Match.Definition != nil {
		in := &ecs.TagResourceInput{ResourceArn: &f.Match.ARN, Tags: missing}
		p = append(p, Step{
			Action: "ecs:TagResource", On: "task-definition/" + f.Match.Name(), request: in,
			Why: "tags are no content: no revision is made for " + tagNames(missing),
			do: func(ctx context.Context, x *Execution) error {
				if _, err := x.ECS.TagResource(ctx, in); err != nil {
					return call.Wrap("task-definition/"+f.Match.Name(), err)
				}
				return nil
			},
		})
	}
	return p
}

// missingTags returns the tags of want that have does not have with that value. Tags that nobody mentions stay.
func missingTags(want, have []types.Tag) []types.Tag {
	var missing []types.Tag
	for _, t := range want {
		if !slices.ContainsFunc(have, func(h types.Tag) bool {
			return *h.Key == *t.Key && deref(h.Value) == deref(t.Value)
		}) {
			missing = append(missing, t)
		}
	}
	return missing
}

func tagNames(tags []types.Tag) string {
	var names []string
	for _, t := range tags {
		names = append(names, *t.Key)
	}
	return strings.Join(names, ", ")
}

// deref returns what p points to, or the zero value.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// A CreateWant is what compose create is asked for.
type CreateWant struct {
	*translate.Result
	ReuseDepth      int  // how many ACTIVE revisions are compared; 0 for 50
	CreateLogGroups bool // that containers write to
}

// A CreateState is what ECS has of it.
type CreateState struct {
	Family *Family
	Groups []LogGroup // those that are missing or keep their events for another time
}

// ObserveCreate reads all that planning needs.
func ObserveCreate(ctx context.Context, c *Clients, w *CreateWant) (*CreateState, error) {
	s := &CreateState{}
	errs := sideBySide(
		func() (err error) { s.Family, err = ObserveFamily(ctx, c, &w.Task, w.ReuseDepth); return err },
		func() (err error) { s.Groups, err = w.observeLogGroups(ctx, c); return err },
	)
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Create plans the registration of the task definition, or the reuse of a revision.
func Create(w *CreateWant, s *CreateState) Plan {
	return append(planLogGroups(s.Groups), planRevision(w.Result, s.Family)...)
}
