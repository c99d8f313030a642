package images

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// An Image is one that ECR has.
type Image struct {
	Registry   string    `json:"registryId"`
	Repository string    `json:"repository"`
	Digest     string    `json:"digest"`
	Tags       []string  `json:"tags"` // sorted
	Pushed     time.Time `json:"pushedAt"`
	Size       int64     `json:"size"` // bytes, as the registry keeps them
	MediaType  string    `json:"mediaType,omitempty"`
}

// List returns the images of repositories, of all if none is named; those with a tag, or without, or all if tagged is
// nil. Repositories are in order, and images from the latest pushed to the oldest.
func (c *Client) List(ctx context.Context, registry Registry, names []string, tagged *bool) ([]Image, error) {
	api := c.ECR(registry.Region, registry.FIPS)
	if len(names) == 0 {
		var err error
		if names, err = repositoryNames(ctx, api, registry); err != nil {
			return nil, err
		}
	}
	found := make([][]Image, len(names))
	err := sideBySide(len(names), func(i int) error {
		var err error
		found[i], err = listOne(ctx, api, registry, names[i], tagged)
		return err
	})
	return slices.Concat(found...), err
}

func repositoryNames(ctx context.Context, api ECR, registry Registry) ([]string, error) {
	var names []string
	pages := ecr.NewDescribeRepositoriesPaginator(api, &ecr.DescribeRepositoriesInput{
		RegistryId: registry.id(), MaxResults: new(int32(1000)),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, call.Wrap("registry", err)
		}
		for _, r := range page.Repositories {
			names = append(names, *r.RepositoryName)
		}
	}
	slices.Sort(names)
	return names, nil
}

func listOne(ctx context.Context, api ECR, registry Registry, name string, tagged *bool) ([]Image, error) {
	in := &ecr.DescribeImagesInput{RegistryId: registry.id(), RepositoryName: &name, MaxResults: new(int32(1000))}
	if tagged != nil {
		in.Filter = &types.DescribeImagesFilter{TagStatus: types.TagStatusUntagged}
		if *tagged {
			in.Filter.TagStatus = types.TagStatusTagged
		}
	}
	images := []Image{}
	pages := ecr.NewDescribeImagesPaginator(api, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, call.Wrap("repository/"+name, err)
		}
		for _, d := range page.ImageDetails {
			i := Image{Repository: name, Tags: slices.Sorted(slices.Values(d.ImageTags))}
			if i.Tags == nil {
				i.Tags = []string{}
			}
			i.Registry, i.Digest, i.MediaType = value(d.RegistryId), value(d.ImageDigest), value(d.ImageManifestMediaType)
			i.Pushed, i.Size = value(d.ImagePushedAt), value(d.ImageSizeInBytes)
			images = append(images, i)
		}
	}
	slices.SortFunc(images, func(a, b Image) int {
		return cmp.Or(b.Pushed.Compare(a.Pushed), strings.Compare(a.Digest, b.Digest))
	})
	return images, nil
}

// value returns what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// sideBySide calls do with 0 to n-1, a few at once, and returns the first error in their order.
func sideBySide(n int, do func(int) error) error {
	slots := make(chan struct{}, 2*concurrency)
	errs := make(chan error, n)
	results := make([]error, n)
	for i := range n {
		slots <- struct{}{}
		go func() {
			results[i] = do(i)
			<-slots
			errs <- nil
		}()
	}
	for range n {
		<-errs
	}
	return cmp.Or(results...)
}
