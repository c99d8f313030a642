package images

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A Repository says what a repository is to be like if it has to be made.
type Repository struct {
	NoCreate     bool              // a missing one is an error
	ScanOnPush   bool              // images are scanned when they arrive
	Immutable    bool              // tags stay where they are
	KMSKey       string            // "" for AES256; "aws/ecr" for the key of ECR
	KeepUntagged int               // lifecycle: how many images without a tag are kept; 0 for all
	Tags         map[string]string // also of one that is there
}

// A Step is a call that is to be made, or the push itself. It reads like the steps of a deployment.
type Step struct {
	Action string `json:"action"` // "ecr:CreateRepository"; "push"
	On     string `json:"on"`     // "repository/web"
	Why    string `json:"why"`
}

// A Target is where an image is to be pushed.
type Target struct {
	Reference        // complete, with host and tag
	Short     bool   // the user gave no host
	Steps     []Step // before the push
	registry  Registry
	create    *ecr.CreateRepositoryInput
	policy    *ecr.PutLifecyclePolicyInput
	tag       *ecr.TagResourceInput
}

// Resolve finds out where an image is to be pushed: to the registry that it names, to that of the given account or the
// caller's own if it names none. Nothing is changed.
func (c *Client) Resolve(ctx context.Context, image string, registry Registry, r Repository) (*Target, error) {
	ref, err := Parse(image)
	if err != nil {
		return nil, err
	}
	t := &Target{Reference: ref, Short: ref.Host == ""}
	if ref.Digest != "" {
		return nil, inputError("image %q: an image is pushed under a tag, not a digest", image)
	}
	if t.Tag == "" {
		t.Tag = "latest"
	}
	if !t.Short && !t.IsECR() {
		return t, nil
	}
	if t.IsECR() {
		registry.ID, registry.Region, registry.FIPS = t.Account, t.Region, t.FIPS || registry.FIPS
	}
	return t, c.resolveECR(ctx, t, registry, r)
}

// A Registry is one of ECR.
type Registry struct {
	ID     string // number of the account; "" for the caller's own
	Region string // "" for the client's
	FIPS   bool
}

func (r Registry) id() *string {
	if r.ID == "" {
		return nil
	}
	return &r.ID
}

// resolveECR looks for the repository. Only if ECR says that there is none it is taken for missing.
func (c *Client) resolveECR(ctx context.Context, t *Target, registry Registry, r Repository) error {
	t.registry = registry
	out, err := c.ECR(registry.Region, registry.FIPS).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
		RegistryId: registry.id(), RepositoryNames: []string{t.Repository},
	})
	switch {
	case call.IsCode(err, "RepositoryNotFoundException") && r.NoCreate:
		return call.Wrap("repository/"+t.Repository, err)
	case call.IsCode(err, "RepositoryNotFoundException"):
		t.create = r.request(registry, t.Repository)
		t.Steps = append(t.Steps, Step{"ecr:CreateRepository", "repository/" + t.Repository, "there is none of this name"})
		if r.KeepUntagged > 0 {
			t.policy = &ecr.PutLifecyclePolicyInput{
				RegistryId: registry.id(), RepositoryName: &t.Repository,
				LifecyclePolicyText: new(LifecyclePolicy(r.KeepUntagged, 0, 0)),
			}
			t.Steps = append(t.Steps, Step{"ecr:PutLifecyclePolicy", "repository/" + t.Repository,
				fmt.Sprintf("%d images without a tag are kept", r.KeepUntagged)})
		}
	case err != nil:
		return call.Wrap("repository/"+t.Repository, err)
	case len(out.Repositories) != 1:
		return fmt.Errorf("ecr:DescribeRepositories repository/%s: the answer has %d repositories", t.Repository, len(out.Repositories))
	default:
		if len(r.Tags) > 0 {
			t.tag = &ecr.TagResourceInput{ResourceArn: out.Repositories[0].RepositoryArn, Tags: r.tags()}
			t.Steps = append(t.Steps, Step{"ecr:TagResource", "repository/" + t.Repository,
				"tags " + strings.Join(slices.Sorted(maps.Keys(r.Tags)), ", ")})
		}
		t.use(*out.Repositories[0].RepositoryUri, registry.FIPS)
	}
	return nil
}

// use takes the host from the URI of the repository.
func (t *Target) use(uri string, fips bool) {
	if !t.Short {
		return // the host that the user gave stays, dual-stack and FIPS endpoints among them
	}
	host, _, _ := strings.Cut(uri, "/")
	if fips {
		host = strings.Replace(host, ".dkr.ecr.", ".dkr.ecr-fips.", 1)
	}
	t.Host = host
	if m := ecrHosts.FindStringSubmatch(host); m != nil {
		t.Account, t.FIPS, t.Region = m[1], m[2] != "", m[3]
	}
}

func (r Repository) tags() []types.Tag {
	var tags []types.Tag
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		tags = append(tags, types.Tag{Key: &key, Value: new(r.Tags[key])})
	}
	return tags
}

func (r Repository) request(registry Registry, name string) *ecr.CreateRepositoryInput {
	in := &ecr.CreateRepositoryInput{RegistryId: registry.id(), RepositoryName: &name, Tags: r.tags()}
	if r.ScanOnPush {
		in.ImageScanningConfiguration = &types.ImageScanningConfiguration{ScanOnPush: true}
	}
	if r.Immutable {
		in.ImageTagMutability = types.ImageTagMutabilityImmutable
	}
	if r.KMSKey != "" {
		in.EncryptionConfiguration = &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeKms}
		if r.KMSKey != "aws/ecr" {
			in.EncryptionConfiguration.KmsKey = &r.KMSKey
		}
	}
	return in
}

// prepare makes the repository if it is missing, and sets its tags.
func (c *Client) prepare(ctx context.Context, t *Target) error {
	registry := t.registry
	api := c.ECR(registry.Region, registry.FIPS)
	if t.create != nil {
		uri := ""
		out, err := api.CreateRepository(ctx, t.create)
		switch {
		case call.IsCode(err, "RepositoryAlreadyExistsException"): // by somebody else, meanwhile
			again, err := api.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{
				RegistryId: registry.id(), RepositoryNames: []string{t.Repository},
			})
			if err != nil || len(again.Repositories) != 1 {
				return call.Wrap("repository/"+t.Repository, err)
			}
			uri = *again.Repositories[0].RepositoryUri
		case err != nil:
			return call.Wrap("repository/"+t.Repository, err)
		default:
			uri = *out.Repository.RepositoryUri
		}
		t.use(uri, registry.FIPS)
	}
	if t.policy != nil {
		if _, err := api.PutLifecyclePolicy(ctx, t.policy); err != nil {
			return call.Wrap("repository/"+t.Repository, err)
		}
	}
	if t.tag != nil {
		if _, err := api.TagResource(ctx, t.tag); err != nil {
			return call.Wrap("repository/"+t.Repository, err)
		}
	}
	return nil
}

// LifecyclePolicy returns a policy by which images without a tag expire but for the latest keepUntagged, or when they
// are older than days, and all images expire but for the latest keep; 0 leaves a rule out. See "Lifecycle policy
// properties" in ECR's user guide. ECR applies it whatever runs.
func LifecyclePolicy(keepUntagged, days, keep int) string {
	type selection struct {
		TagStatus   string `json:"tagStatus"`
		CountType   string `json:"countType"`
		CountUnit   string `json:"countUnit,omitempty"`
		CountNumber int    `json:"countNumber"`
	}
	type rule struct {
		RulePriority int               `json:"rulePriority"`
		Description  string            `json:"description"`
		Selection    selection         `json:"selection"`
		Action       map[string]string `json:"action"`
	}
	expire := map[string]string{"type": "expire"}
	rules := []rule{}
	add := func(n int, why string, s selection) {
		if n > 0 {
			rules = append(rules, rule{len(rules) + 1, why, s, expire})
		}
	}
	add(days, fmt.Sprintf("images without a tag expire after %d days", days),
		selection{"untagged", "sinceImagePushed", "days", days})
	if days == 0 {
		add(keepUntagged, fmt.Sprintf("%d images without a tag are kept", keepUntagged),
			selection{"untagged", "imageCountMoreThan", "", keepUntagged})
	}
	add(keep, fmt.Sprintf("%d images are kept", keep), selection{"any", "imageCountMoreThan", "", keep})
	data, _ := json.MarshalIndent(map[string]any{"rules": rules}, "", "  ")
	return string(data)
}
