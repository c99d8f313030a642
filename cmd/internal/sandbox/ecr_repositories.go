package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// describe returns a repository as ECR describes it.
func (repo *repository) describe(r *region) types.Repository {
	out := types.Repository{
		RegistryId: &repo.Registry, RepositoryName: &repo.Name, RepositoryArn: new(repo.arn(r)),
		RepositoryUri: new(repo.Registry + registryDomain(r.name) + "/" + repo.Name), CreatedAt: &repo.Created,
		ImageTagMutability:         repo.Mutability,
		ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: repo.ScanOnPush},
		EncryptionConfiguration:    &types.EncryptionConfiguration{EncryptionType: repo.Encryption},
	}
	if repo.Key != "" {
		out.EncryptionConfiguration.KmsKey = &repo.Key
	}
	for _, pattern := range repo.Exclusions {
		out.ImageTagMutabilityExclusionFilters = append(out.ImageTagMutabilityExclusionFilters,
			types.ImageTagMutabilityExclusionFilter{
				Filter: &pattern, FilterType: types.ImageTagMutabilityExclusionFilterTypeWildcard,
			})
	}
	return out
}

func createRepository(r *region, in *ecr.CreateRepositoryInput) (*ecr.CreateRepositoryOutput, error) {
	name, registry := value(in.RepositoryName), registryID(in.RegistryId)
	if len(name) < 2 || len(name) > 256 || !repositoryNames.MatchString(name) {
		return nil, invalidParameter("Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy "+
			"regular expression '%s''", strings.Trim(repositoryNames.String(), "^$"))
	}
	if r.Repos[registry+"/"+name] != nil {
		return nil, &apiError{400, "RepositoryAlreadyExistsException", fmt.Sprintf(
			"The repository with name '%s' already exists in the registry with id '%s'", name, registry)}
	}
	if err := checkTags(ecsTags(in.Tags)); err != nil {
		return nil, err
	}
	repo := &repository{
		Registry: registry, Name: name, Created: r.now(),
		Mutability: types.ImageTagMutabilityMutable, Encryption: types.EncryptionTypeAes256,
	}
	if c := in.ImageScanningConfiguration; c != nil {
		repo.ScanOnPush = c.ScanOnPush
	}
	if c := in.EncryptionConfiguration; c != nil {
		repo.Encryption, repo.Key = c.EncryptionType, value(c.KmsKey)
	}
	if err := repo.setMutability(in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters); err != nil {
		return nil, err
	}
	r.Repos[registry+"/"+name] = repo
	r.setTags(repo.arn(r), ecsTags(in.Tags))
	return &ecr.CreateRepositoryOutput{Repository: new(repo.describe(r))}, nil
}

func (repo *repository) setMutability(m types.ImageTagMutability, filters []types.ImageTagMutabilityExclusionFilter) error {
	if m == "" {
		return nil
	}
	if !slices.Contains(m.Values(), m) {
		return invalidParameter("Invalid parameter at 'imageTagMutability': '%s'", m)
	}
	excludes := m == types.ImageTagMutabilityImmutableWithExclusion || m == types.ImageTagMutabilityMutableWithExclusion
	if excludes != (len(filters) > 0) {
		return invalidParameter("imageTagMutabilityExclusionFilters belong to %s and %s, and those to them.",
			types.ImageTagMutabilityImmutableWithExclusion, types.ImageTagMutabilityMutableWithExclusion)
	}
	repo.Mutability, repo.Exclusions = m, nil
	for _, f := range filters {
		repo.Exclusions = append(repo.Exclusions, value(f.Filter))
	}
	return nil
}

func putImageTagMutability(
	r *region, in *ecr.PutImageTagMutabilityInput,
) (*ecr.PutImageTagMutabilityOutput, error) {
	repo, err := r.repository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if err := repo.setMutability(in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters); err != nil {
		return nil, err
	}
	return &ecr.PutImageTagMutabilityOutput{
		RegistryId: &repo.Registry, RepositoryName: &repo.Name, ImageTagMutability: repo.Mutability,
	}, nil
}

func deleteRepository(r *region, in *ecr.DeleteRepositoryInput) (*ecr.DeleteRepositoryOutput, error) {
	repo, err := r.repository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if len(repo.Images) > 0 && !in.Force {
		return nil, &apiError{400, "RepositoryNotEmptyException", fmt.Sprintf("The repository with name '%s' in registry "+
			"with id '%s' cannot be deleted because it still contains images", repo.Name, repo.Registry)}
	}
	delete(r.Repos, repo.Registry+"/"+repo.Name)
	delete(r.Tags, repo.arn(r))
	return &ecr.DeleteRepositoryOutput{Repository: new(repo.describe(r))}, nil
}

func describeRepositories(r *region, in *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
	out := &ecr.DescribeRepositoriesOutput{Repositories: []types.Repository{}}
	if len(in.RepositoryNames) > 0 {
		if in.MaxResults != nil || in.NextToken != nil || len(in.RepositoryNames) > 100 {
			return nil, invalidParameter("repositoryNames are at most 100, without maxResults and nextToken.")
		}
		for _, name := range in.RepositoryNames {
			repo, err := r.repository(in.RegistryId, &name)
			if err != nil {
				return nil, err
			}
			out.Repositories = append(out.Repositories, repo.describe(r))
		}
		return out, nil
	}
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(r.Repos)) {
		if r.Repos[key].Registry == registryID(in.RegistryId) {
			keys = append(keys, key)
		}
	}
	keys, next, err := page(keys, in.MaxResults, in.NextToken, 100, 1000)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		out.Repositories = append(out.Repositories, r.Repos[key].describe(r))
	}
	out.NextToken = next
	return out, nil
}

// ecsTags returns tags of ECR as ECS has them: one list is kept for both.
func ecsTags(tags []types.Tag) []ecstypes.Tag {
	var out []ecstypes.Tag
	for _, t := range tags {
		out = append(out, ecstypes.Tag{Key: t.Key, Value: t.Value})
	}
	return out
}

func tagRepository(r *region, in *ecr.TagResourceInput) (*ecr.TagResourceOutput, error) {
	repo, err := r.repositoryByARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if err := checkTags(ecsTags(in.Tags)); err != nil {
		return nil, err
	}
	r.setTags(repo.arn(r), ecsTags(in.Tags))
	return &ecr.TagResourceOutput{}, nil
}

func untagRepository(r *region, in *ecr.UntagResourceInput) (*ecr.UntagResourceOutput, error) {
	repo, err := r.repositoryByARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	r.Tags[repo.arn(r)] = slices.DeleteFunc(r.Tags[repo.arn(r)], func(t tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	return &ecr.UntagResourceOutput{}, nil
}

func listRepositoryTags(r *region, in *ecr.ListTagsForResourceInput) (*ecr.ListTagsForResourceOutput, error) {
	repo, err := r.repositoryByARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &ecr.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, t := range r.tags(repo.arn(r)) {
		out.Tags = append(out.Tags, types.Tag{Key: t.Key, Value: t.Value})
	}
	return out, nil
}

// putLifecyclePolicy keeps the policy. Nothing expires by it: images go when somebody deletes them.
func putLifecyclePolicy(r *region, in *ecr.PutLifecyclePolicyInput) (*ecr.PutLifecyclePolicyOutput, error) {
	repo, err := r.repository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	var policy struct {
		Rules []struct {
			RulePriority int
			Selection    struct{ TagStatus, CountType string }
			Action       struct{ Type string }
		}
	}
	if err := json.Unmarshal([]byte(value(in.LifecyclePolicyText)), &policy); err != nil || len(policy.Rules) == 0 {
		return nil, invalidParameter("Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: " +
			"'Lifecycle policy validation failure'")
	}
	repo.Lifecycle = *in.LifecyclePolicyText
	return &ecr.PutLifecyclePolicyOutput{
		RegistryId: &repo.Registry, RepositoryName: &repo.Name, LifecyclePolicyText: &repo.Lifecycle,
	}, nil
}

// lifecycle returns the repository of a call about a policy that must be there.
func (r *region) lifecycle(registry, name *string) (*repository, error) {
	repo, err := r.repository(registry, name)
	if err == nil && repo.Lifecycle == "" {
		err = &apiError{400, "LifecyclePolicyNotFoundException", fmt.Sprintf("Lifecycle policy does not exist for the "+
			"repository with name '%s' in the registry with id '%s'", repo.Name, repo.Registry)}
	}
	return repo, err
}

func getLifecyclePolicy(r *region, in *ecr.GetLifecyclePolicyInput) (*ecr.GetLifecyclePolicyOutput, error) {
	repo, err := r.lifecycle(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	return &ecr.GetLifecyclePolicyOutput{
		RegistryId: &repo.Registry, RepositoryName: &repo.Name, LifecyclePolicyText: &repo.Lifecycle,
	}, nil
}

func deleteLifecyclePolicy(
	r *region, in *ecr.DeleteLifecyclePolicyInput,
) (*ecr.DeleteLifecyclePolicyOutput, error) {
	repo, err := r.lifecycle(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	out := &ecr.DeleteLifecyclePolicyOutput{
		RegistryId: &repo.Registry, RepositoryName: &repo.Name, LifecyclePolicyText: new(repo.Lifecycle),
	}
	repo.Lifecycle = ""
	return out, nil
}
