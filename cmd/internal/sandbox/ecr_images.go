package sandbox

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// A manifest is what an image manifest or an index says that the registry looks at; see the OCI image specification.
type manifest struct {
	MediaType string       `json:"mediaType"`
	Config    *descriptor  `json:"config"`
	Layers    []descriptor `json:"layers"`
	Manifests []descriptor `json:"manifests"`
}

type descriptor struct {
	MediaType string   `json:"mediaType"`
	Digest    string   `json:"digest"`
	Size      int64    `json:"size"`
	URLs      []string `json:"urls"`
}

func (i *image) manifest() manifest {
	var m manifest
	_ = json.Unmarshal(i.Manifest, &m) // it was when it came
	return m
}

// describe returns an image as ECR describes it. The size is that of configuration and layers.
func (i *image) describe(repo *repository) types.ImageDetail {
	out := types.ImageDetail{
		RegistryId: &repo.Registry, RepositoryName: &repo.Name, ImageDigest: &i.Digest, ImagePushedAt: &i.Pushed,
		ImageManifestMediaType: &i.MediaType, ImageTags: i.Tags, ImageSizeInBytes: new(i.size()),
	}
	if c := i.manifest().Config; c != nil {
		out.ArtifactMediaType = &c.MediaType
	}
	return out
}

func (i *image) size() int64 {
	m := i.manifest()
	var n int64
	if m.Config != nil {
		n = m.Config.Size
	}
	for _, l := range m.Layers {
		n += l.Size
	}
	return n
}

// imageByID returns the image that an id of a request means, or nil.
func (repo *repository) imageByID(id types.ImageIdentifier) *image {
	tag, digest := value(id.ImageTag), value(id.ImageDigest)
	return repo.find(func(i *image) bool {
		return (tag != "" || digest != "") && (digest == "" || i.Digest == digest) && (tag == "" || slices.Contains(i.Tags, tag))
	})
}

// idText is how ECR writes an id in its messages.
func idText(id types.ImageIdentifier) string {
	text := func(s *string) string {
		if s == nil {
			return "null"
		}
		return "'" + *s + "'"
	}
	return "{imageDigest:" + text(id.ImageDigest) + ", imageTag:" + text(id.ImageTag) + "}"
}

func hasStatus(i *image, status types.TagStatus) bool {
	return status == "" || status == types.TagStatusAny || (status == types.TagStatusTagged) == (len(i.Tags) > 0)
}

func describeImages(r *region, in *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
	repo, err := r.repository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	out := &ecr.DescribeImagesOutput{ImageDetails: []types.ImageDetail{}}
	if len(in.ImageIds) > 0 {
		if in.MaxResults != nil || in.NextToken != nil || len(in.ImageIds) > 100 {
			return nil, invalidParameter("imageIds are at most 100, without maxResults and nextToken.")
		}
		for _, id := range in.ImageIds {
			i := repo.imageByID(id)
			if i == nil {
				return nil, imageNotFound(repo.Registry, repo.Name, idText(id))
			}
			out.ImageDetails = append(out.ImageDetails, i.describe(repo))
		}
		return out, nil
	}
	var status types.TagStatus
	if in.Filter != nil {
		status = in.Filter.TagStatus
	}
	var digests []string
	for _, i := range repo.Images {
		if hasStatus(i, status) {
			digests = append(digests, i.Digest)
		}
	}
	digests, out.NextToken, err = page(digests, in.MaxResults, in.NextToken, 100, 1000)
	if err != nil {
		return nil, err
	}
	for _, d := range digests {
		out.ImageDetails = append(out.ImageDetails, repo.digested(d).describe(repo))
	}
	return out, nil
}

func listImages(r *region, in *ecr.ListImagesInput) (*ecr.ListImagesOutput, error) {
	repo, err := r.repository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	var status types.TagStatus
	if in.Filter != nil {
		status = in.Filter.TagStatus
	}
	var ids []string // digest and tag
	for _, i := range repo.Images {
		if !hasStatus(i, status) {
			continue
		}
		for _, tag := range i.Tags {
			ids = append(ids, i.Digest+" "+tag)
		}
		if len(i.Tags) == 0 {
			ids = append(ids, i.Digest)
		}
	}
	out := &ecr.ListImagesOutput{ImageIds: []types.ImageIdentifier{}}
	ids, out.NextToken, err = page(ids, in.MaxResults, in.NextToken, 100, 1000)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		digest, tag, tagged := strings.Cut(id, " ")
		v := types.ImageIdentifier{ImageDigest: &digest}
		if tagged {
			v.ImageTag = &tag
		}
		out.ImageIds = append(out.ImageIds, v)
	}
	return out, nil
}

func batchGetImage(r *region, in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
	repo, err := r.repository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if n := len(in.ImageIds); n < 1 || n > 100 {
		return nil, invalidParameter("imageIds must have between 1 and 100 members, not %d.", n)
	}
	out := &ecr.BatchGetImageOutput{Images: []types.Image{}, Failures: []types.ImageFailure{}}
	for _, id := range in.ImageIds {
		i := repo.imageByID(id)
		if i == nil {
			out.Failures = append(out.Failures, imageFailure(id, types.ImageFailureCodeImageNotFound, "Requested image not found"))
			continue
		}
		out.Images = append(out.Images, types.Image{
			RegistryId: &repo.Registry, RepositoryName: &repo.Name, ImageManifest: new(string(i.Manifest)),
			ImageManifestMediaType: &i.MediaType,
			ImageId:                &types.ImageIdentifier{ImageDigest: &i.Digest, ImageTag: id.ImageTag},
		})
	}
	return out, nil
}

func imageFailure(id types.ImageIdentifier, code types.ImageFailureCode, reason string) types.ImageFailure {
	return types.ImageFailure{FailureCode: code, FailureReason: &reason, ImageId: &id}
}

// batchDeleteImage deletes images by digest, and tags: an image goes with its last tag. What an index refers to stays.
func batchDeleteImage(r *region, in *ecr.BatchDeleteImageInput) (*ecr.BatchDeleteImageOutput, error) {
	repo, err := r.repository(in.RegistryId, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	if n := len(in.ImageIds); n < 1 || n > 100 {
		return nil, invalidParameter("imageIds must have between 1 and 100 members, not %d.", n)
	}
	out := &ecr.BatchDeleteImageOutput{ImageIds: []types.ImageIdentifier{}, Failures: []types.ImageFailure{}}
	for _, id := range in.ImageIds {
		i := repo.imageByID(id)
		switch {
		case i == nil:
			out.Failures = append(out.Failures, imageFailure(id, types.ImageFailureCodeImageNotFound, "Requested image not found"))
			continue
		case id.ImageTag != nil && len(i.Tags) > 1:
			i.Tags = slices.DeleteFunc(i.Tags, func(t string) bool { return t == *id.ImageTag })
		case repo.refers(i.Digest):
			out.Failures = append(out.Failures, imageFailure(id, types.ImageFailureCodeImageReferencedByManifestList,
				"Requested image referenced by manifest list"))
			continue
		default:
			repo.Images = slices.DeleteFunc(repo.Images, func(o *image) bool { return o == i })
		}
		out.ImageIds = append(out.ImageIds, types.ImageIdentifier{ImageDigest: &i.Digest, ImageTag: id.ImageTag})
	}
	return out, nil
}

// refers reports whether an index of the repository has the image of the digest as a part.
func (repo *repository) refers(digest string) bool {
	return slices.ContainsFunc(repo.Images, func(i *image) bool {
		return slices.ContainsFunc(i.manifest().Manifests, func(d descriptor) bool { return d.Digest == digest })
	})
}
