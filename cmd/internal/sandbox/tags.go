package sandbox

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const maxTags = 50 // of a resource; see Tag

// A tag is a tag of a resource of ECS.
type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// checkTags holds tags to the rules of Tag in the API reference.
func checkTags(tags []types.Tag) error {
	if len(tags) > maxTags {
		return invalidParameter("Too many tags: there can be at most %d.", maxTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		key := value(t.Key)
		switch {
		case key == "" || len(key) > 128:
			return invalidParameter("Tag keys must have between 1 and 128 characters.")
		case len(value(t.Value)) > 256:
			return invalidParameter("Tag values must have at most 256 characters.")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalidParameter("Tag keys cannot begin with aws:.")
		case seen[key]:
			return invalidParameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[key] = true
	}
	return nil
}

// setTags adds tags to those of a resource, replacing those of the same key.
func (r *region) setTags(arn string, tags []types.Tag) {
	list := r.Tags[arn]
	for _, t := range tags {
		n := tag{value(t.Key), value(t.Value)}
		if i := slices.IndexFunc(list, func(o tag) bool { return o.Key == n.Key }); i >= 0 {
			list[i] = n
			continue
		}
		list = append(list, n)
	}
	if len(list) > 0 {
		r.Tags[arn] = list
	}
}

// tags returns the tags of a resource; never nil.
func (r *region) tags(arn string) []types.Tag {
	tags := []types.Tag{}
	for _, t := range r.Tags[arn] {
		tags = append(tags, types.Tag{Key: new(t.Key), Value: new(t.Value)})
	}
	return tags
}

// exists says whether a resource that can have tags exists.
func (r *region) exists(arn string) bool {
	kind, _, _ := strings.Cut(arn[strings.LastIndex(arn, ":")+1:], "/")
	switch {
	case strings.Contains(arn, ":task-definition/"):
		_, rev := r.revision(arn)
		return rev != nil
	case kind == "task":
		return slices.ContainsFunc(r.Tasks, func(t *task) bool { return t.ARN == arn })
	case kind == "service":
		return slices.ContainsFunc(slices.Collect(maps.Values(r.Services)), func(s *service) bool {
			return *s.Service.v.ServiceArn == arn
		})
	case kind == "cluster":
		return r.Clusters[shortName(arn)] != nil
	}
	return false
}

func tagResource(r *region, in *ecs.TagResourceInput) (*ecs.TagResourceOutput, error) {
	arn := value(in.ResourceArn)
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if !r.exists(arn) {
		return nil, unknownResource(arn)
	}
	r.setTags(arn, in.Tags)
	return &ecs.TagResourceOutput{}, nil
}

func untagResource(r *region, in *ecs.UntagResourceInput) (*ecs.UntagResourceOutput, error) {
	arn := value(in.ResourceArn)
	if !r.exists(arn) {
		return nil, unknownResource(arn)
	}
	r.Tags[arn] = slices.DeleteFunc(r.Tags[arn], func(t tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	return &ecs.UntagResourceOutput{}, nil
}

func listTagsForResource(r *region, in *ecs.ListTagsForResourceInput) (*ecs.ListTagsForResourceOutput, error) {
	arn := value(in.ResourceArn)
	if !r.exists(arn) {
		return nil, unknownResource(arn)
	}
	return &ecs.ListTagsForResourceOutput{Tags: r.tags(arn)}, nil
}

func unknownResource(arn string) error {
	if !strings.HasPrefix(arn, "arn:") {
		return invalidParameter("Invalid ARN format: %s", arn)
	}
	return invalidParameter("The specified resource does not exist: %s", arn)
}
