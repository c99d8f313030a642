package images

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A Rule says which images are not worth keeping.
type Rule struct {
	Untagged  bool          // only those without a tag
	Keep      int           // the latest of each repository that are kept; among those that Untagged leaves
	OlderThan time.Duration // only those pushed longer ago; 0 for all
	Now       time.Time
}

// A Use is an image that something refers to.
type Use struct {
	Image string // as it is written there
	By    string // "task-definition/shop:3"
}

// A Doomed image is one to delete; a Kept one is not, for a reason.
type Doomed struct {
	Image
	Kept string `json:"kept,omitempty"` // "" if it is to be deleted
}

// Sweep returns, of the images of each repository, those that the rule wants to delete. Those that are in use are kept,
// by tag and by digest, and with an index all its parts.
func (c *Client) Sweep(ctx context.Context, registry Registry, names []string, rule Rule, uses []Use) ([]Doomed, error) {
	all, err := c.List(ctx, registry, names, nil)
	if err != nil {
		return nil, err
	}
	var doomed []Doomed
	for len(all) > 0 {
		name := all[0].Repository
		n := len(all)
		if i := slices.IndexFunc(all, func(i Image) bool { return i.Repository != name }); i >= 0 {
			n = i
		}
		swept, err := c.sweepOne(ctx, registry, all[:n], rule, uses)
		if err != nil {
			return nil, err
		}
		doomed, all = append(doomed, swept...), all[n:]
	}
	return doomed, nil
}

func (c *Client) sweepOne(ctx context.Context, registry Registry, images []Image, rule Rule, uses []Use) ([]Doomed, error) {
	parts, err := c.parts(ctx, registry, images)
	if err != nil {
		return nil, err
	}
	reasons := usesOf(images, registry, uses)
	doomed := map[string]bool{}
	var out []Doomed
	kept := 0
	for _, i := range images {
		_, part := parts[i.Digest]
		if part || rule.Untagged && len(i.Tags) > 0 {
			continue // a part goes with its index
		}
		if kept++; kept <= rule.Keep || rule.OlderThan > 0 && rule.Now.Sub(i.Pushed) < rule.OlderThan {
			continue
		}
		doomed[i.Digest] = reasons[i.Digest] == ""
		out = append(out, Doomed{i, reasons[i.Digest]})
	}
	for _, i := range images {
		indexes := parts[i.Digest]
		if len(indexes) == 0 || slices.ContainsFunc(indexes, func(index string) bool { return !doomed[index] }) {
			continue
		}
		if reason := reasons[i.Digest]; reason != "" || len(i.Tags) > 0 && rule.Untagged {
			if reason == "" {
				reason = "has a tag"
			}
			out = append(out, Doomed{i, reason})
			continue
		}
		out = append(out, Doomed{i, ""})
	}
	return out, nil
}

// usesOf returns what each image is in use for, by its digest.
func usesOf(images []Image, registry Registry, uses []Use) map[string]string {
	reasons := map[string]string{}
	for _, u := range uses {
		ref, err := Parse(u.Image)
		if err != nil || !ref.IsECR() || registry.Region != "" && ref.Region != registry.Region {
			continue
		}
		for _, i := range images {
			if ref.Account != i.Registry || ref.Repository != i.Repository {
				continue
			}
			used := ref.Digest == i.Digest || ref.Digest == "" && slices.Contains(i.Tags, ref.target())
			if used && reasons[i.Digest] == "" {
				reasons[i.Digest] = u.By
			}
		}
	}
	return reasons
}

// parts returns the indexes that each image is a part of, by digest.
func (c *Client) parts(ctx context.Context, registry Registry, images []Image) (map[string][]string, error) {
	var ids []types.ImageIdentifier
	for _, i := range images {
		if strings.Contains(i.MediaType, "index") || strings.Contains(i.MediaType, "manifest.list") {
			ids = append(ids, types.ImageIdentifier{ImageDigest: &i.Digest})
		}
	}
	parts := map[string][]string{}
	for batch := range slices.Chunk(ids, maxBatch) {
		out, err := c.ECR(registry.Region, registry.FIPS).BatchGetImage(ctx, &ecr.BatchGetImageInput{
			RegistryId: registry.id(), RepositoryName: &images[0].Repository, ImageIds: batch, AcceptedMediaTypes: manifestTypes,
		})
		if err != nil {
			return nil, call.Wrap("repository/"+images[0].Repository, err)
		}
		if len(out.Failures) > 0 {
			return nil, fmt.Errorf("ecr:BatchGetImage repository/%s: %s", images[0].Repository, value(out.Failures[0].FailureReason))
		}
		for _, i := range out.Images {
			content, err := manifest{value(i.ImageManifestMediaType), []byte(value(i.ImageManifest))}.read()
			if err != nil {
				return nil, fmt.Errorf("repository %s: %w", images[0].Repository, err)
			}
			for _, d := range content.Manifests {
				parts[d.Digest] = append(parts[d.Digest], value(i.ImageId.ImageDigest))
			}
		}
	}
	return parts, nil
}

// maxBatch is how many images a call may name.
const maxBatch = 100

// Delete deletes images of a repository, a hundred in each call, and returns what ECR did not delete and why. Indexes
// have to come before their parts.
func (c *Client) Delete(ctx context.Context, registry Registry, repository string, digests []string) ([]string, error) {
	var failed []string
	for batch := range slices.Chunk(digests, maxBatch) {
		var ids []types.ImageIdentifier
		for _, d := range batch {
			ids = append(ids, types.ImageIdentifier{ImageDigest: &d})
		}
		out, err := c.ECR(registry.Region, registry.FIPS).BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{
			RegistryId: registry.id(), RepositoryName: &repository, ImageIds: ids,
		})
		if err != nil {
			return failed, call.Wrap("repository/"+repository, err)
		}
		for _, f := range out.Failures {
			failed = append(failed, fmt.Sprintf("%s@%s: %s: %s", repository, value(f.ImageId.ImageDigest), f.FailureCode,
				value(f.FailureReason)))
		}
	}
	return failed, nil
}
