package deploy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
	"github.com/ecsctl/ecsctl/translate"
	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// A Revision is a registered task definition.
type Revision struct {
	ARN         string
	Definition  *types.TaskDefinition // nil if it could not be described
	Tags        []types.Tag
	Fingerprint string
}

// Name returns the family and the number: "shop:3".
func (r *Revision) Name() string { return revisionName(r.ARN) }

// Family returns the name of the family.
func (r *Revision) Family() string { return r.Name()[:strings.LastIndex(r.Name(), ":")] }

// Number returns the number of the revision.
func (r *Revision) Number() int {
	n, _ := strconv.Atoi(r.Name()[strings.LastIndex(r.Name(), ":")+1:]) // the ARN of a revision ends in it
	return n
}

// revisionName returns "shop:3" of the ARN of a task definition.
func revisionName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// A Family is what ECS has of a family, as far as it matters to a definition that is wanted.
type Family struct {
	Name        string
	Canonical   awsjson.Object // of what is wanted
	Fingerprint string         // of what is wanted
	Latest      *Revision      // the newest ACTIVE revision, nil if there is none or it may not be read
	Match       *Revision      // the newest revision whose content is what is wanted, nil if there is none
	Warnings    []string       // what could not be compared
}

// defaultReuseDepth is how many ACTIVE revisions are compared with what is wanted.
const defaultReuseDepth = 50

// describeAtOnce is how many task definitions are described side by side.
const describeAtOnce = 8

// A search looks for a revision with the content that is wanted.
type search struct {
	c      *Clients
	family *Family
	depth  int
	known  map[string]string // fingerprints by ARN: what the cache had and what was seen
	active []string          // ARNs, newest first
	denied bool              // task definitions may not be described
}

// ObserveFamily looks for the revision of a family that has the content of td: first the latest, then the ACTIVE ones
// before it, newest first. depth is how many are looked at, 0 for 50. It is an error if ECS cannot say; a caller
// who may not read task definitions gets a warning and what is left of the comparison.
func ObserveFamily(ctx context.Context, c *Clients, td *types.TaskDefinition, depth int) (*Family, error) {
	want := canonical(td)
	f := &Family{Name: *td.Family, Canonical: want, Fingerprint: fingerprint(want)}
	if depth <= 0 {
		depth = defaultReuseDepth
	}
	s := &search{c: c, family: f, depth: depth, known: c.Cache.load(f.Name)}
	if err := s.latestAndList(ctx); err != nil {
		return nil, err
	}
	if f.Match == nil {
		if err := s.older(ctx); err != nil {
			return nil, err
		}
	}
	s.remember()
	return f, nil
}

// latestAndList describes the latest revision and lists the others, side by side. If the latest is what is wanted, the
// list does not matter.
func (s *search) latestAndList(ctx context.Context) error {
	var latest *Revision
	errs := sideBySide(
		func() (err error) { latest, err = describeRevision(ctx, s.c, s.family.Name); return err },
		func() (err error) { s.active, err = listRevisions(ctx, s.c, s.family.Name, s.depth); return err },
	)
	if latest != nil {
		s.family.Latest = latest
		s.known[latest.ARN] = latest.Fingerprint
		if latest.Fingerprint == s.family.Fingerprint {
			s.family.Match = latest
			return nil
		}
	}
	if err := errs[0]; call.IsDenied(err) {
		s.denied = true
		s.warn("ecs:DescribeTaskDefinition is denied: only revisions that were seen before are compared, " +
			"a revision may be registered that exists")
	} else if err != nil {
		return err
	}
	if err := errs[1]; call.IsDenied(err) {
		s.warn("ecs:ListTaskDefinitions is denied: only the latest revision is compared")
	} else if err != nil {
		return err
	}
	return nil
}

func (s *search) warn(text string) { s.family.Warnings = append(s.family.Warnings, text) }

// older looks at the revisions before the latest. Those of a known fingerprint need not be described, but for the one
// that is chosen.
func (s *search) older(ctx context.Context) error {
	var candidates []string
	for _, arn := range s.active {
		if s.family.Latest != nil && arn == s.family.Latest.ARN {
			continue
		}
		switch fp := s.known[arn]; {
		case s.denied && fp == s.family.Fingerprint: // what was seen before is still so
			s.family.Match = &Revision{ARN: arn, Fingerprint: fp}
			return nil
		case !s.denied && (fp == "" || fp == s.family.Fingerprint):
			candidates = append(candidates, arn)
		}
	}
	for batch := range slices.Chunk(candidates, describeAtOnce) {
		if i := slices.IndexFunc(batch, func(arn string) bool { return s.known[arn] != "" }); i >= 0 {
			batch = batch[:i+1]
		}
		match, err := s.firstMatch(ctx, batch)
		if match != nil || err != nil {
			s.family.Match = match
			return err
		}
	}
	return nil
}

// firstMatch describes revisions side by side and returns the first that has the content that is wanted.
func (s *search) firstMatch(ctx context.Context, arns []string) (*Revision, error) {
	revisions := make([]*Revision, len(arns))
	errs := forEach(arns, func(i int, arn string) (err error) {
		revisions[i], err = describeRevision(ctx, s.c, arn)
		return err
	})
	for i, arn := range arns {
		switch r, err := revisions[i], errs[i]; {
		case err != nil:
			return nil, err
		case r == nil || r.Definition.Status != types.TaskDefinitionStatusActive: // deregistered meanwhile
			delete(s.known, arn)
		default:
			s.known[arn] = r.Fingerprint
			if r.Fingerprint == s.family.Fingerprint {
				return r, nil
			}
		}
	}
	return nil, nil
}

// remember keeps the fingerprints of the revisions that are still there. Of other regions and accounts nothing is known.
func (s *search) remember() {
	here := ""
	if len(s.active) > 0 {
		here = s.active[0][:strings.LastIndex(s.active[0], "/")]
	}
	kept := map[string]string{}
	for arn, fp := range s.known {
		if slices.Contains(s.active, arn) || here == "" || !strings.HasPrefix(arn, here+"/") {
			kept[arn] = fp
		}
	}
	s.c.Cache.save(s.family.Name, kept)
}

// listRevisions returns the ARNs of the ACTIVE revisions of a family, newest first, at most depth.
func listRevisions(ctx context.Context, c *Clients, family string, depth int) ([]string, error) {
	var arns []string
	var token *string
	for len(arns) < depth {
		out, err := c.ECS.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{
			FamilyPrefix: &family, Status: types.TaskDefinitionStatusActive, Sort: types.SortOrderDesc,
			MaxResults: new(int32(min(100, depth-len(arns)))), NextToken: token,
		})
		if err != nil {
			return nil, call.Wrap("task-definition/"+family, err)
		}
		arns = append(arns, out.TaskDefinitionArns...)
		if token = out.NextToken; token == nil {
			break
		}
	}
	return arns, nil
}

// describeRevision returns the revision with an ARN, or the latest ACTIVE one of a family; nil if there is none. ECS
// has no error of its own for a task definition that does not exist: it is a ClientException.
func describeRevision(ctx context.Context, c *Clients, name string) (*Revision, error) {
	out, err := c.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	if call.IsCode(err, "ClientException") {
		return nil, nil
	}
	if err != nil {
		return nil, call.Wrap("task-definition/"+revisionName(name), err)
	}
	return newRevision(out.TaskDefinition, out.Tags), nil
}

func newRevision(td *types.TaskDefinition, tags []types.Tag) *Revision {
	return &Revision{ARN: *td.TaskDefinitionArn, Definition: td, Tags: tags, Fingerprint: Fingerprint(td)}
}

// registerAttempts is how often a registration is tried whose outcome is not known.
const registerAttempts = 5

// register registers the task definition of r. A registration whose answer was lost is looked for before it is
// repeated; so is one that failed because somebody else registered a revision at the same time.
func register(ctx context.Context, c *Clients, r *translate.Result, f *Family) (*Revision, error) {
	last := f.Latest
	for attempt := 1; ; attempt++ {
		out, err := c.ECS.RegisterTaskDefinition(ctx, RegisterTaskDefinition(r), once)
		if err == nil {
			revision := newRevision(out.TaskDefinition, out.Tags)
			known := c.Cache.load(f.Name)
			known[revision.ARN] = revision.Fingerprint
			c.Cache.save(f.Name, known)
			return revision, nil
		}
		uncertain, throttled := call.IsUncertain(ctx, err), call.IsThrottled(err)
		raced := call.IsCode(err, "ClientException")
		err = call.Wrap("task-definition/"+f.Name, err)
		if attempt == registerAttempts || !uncertain && !throttled && !raced {
			return nil, err
		}
		if throttled {
			if err := c.Clock.Sleep(ctx, time.Second<<(attempt-1)); err != nil {
				return nil, err
			}
			continue
		}
		latest, lookErr := lookAgain(ctx, c, f, last)
		switch {
		case lookErr != nil:
			return nil, fmt.Errorf("%w; whether it was registered cannot be seen: %w", err, lookErr)
		case latest != nil && latest.Fingerprint == f.Fingerprint:
			return latest, nil
		case raced && (latest == nil || last != nil && latest.ARN == last.ARN):
			return nil, err // nobody else registered: ECS refuses the definition
		}
		last = latest
	}
}

// looks is how often it is looked for a revision that may have been registered: ECS does not show it at once.
const looks = 3

// lookAgain returns the latest revision, when it is another one than last or has not become another one.
func lookAgain(ctx context.Context, c *Clients, f *Family, last *Revision) (latest *Revision, err error) {
	for i := range looks {
		if i > 0 {
			if err := c.Clock.Sleep(ctx, time.Second); err != nil {
				return nil, err
			}
		}
		latest, err = describeRevision(ctx, c, f.Name)
		if err != nil || latest != nil && (last == nil || latest.ARN != last.ARN) {
			return latest, err
		}
	}
	return latest, nil
}

// sideBySide calls functions at the same time and returns their errors.
func sideBySide(calls ...func() error) []error {
	return forEach(calls, func(_ int, call func() error) error { return call() })
}

// forEach calls f for all items at the same time and returns the errors.
func forEach[T any](items []T, f func(int, T) error) []error {
	errs := make([]error, len(items))
	var wg sync.WaitGroup
	for i, item := range items {
		wg.Go(func() { errs[i] = f(i, item) })
	}
	wg.Wait()
	return errs
}
