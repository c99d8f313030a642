// Package images moves images between Docker engines, archives and registries, Amazon ECR above all, and knows which
// of them exist, fit and are in use.
//
// Layers are compressed and uploaded while they are read: an image of any size takes a few megabytes of memory, and of
// the disk what four layers take compressed. What a registry has is not sent again. See
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md and
// https://github.com/opencontainers/image-spec.
package images

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
)

// ECR is what is asked of Amazon ECR: its methods are the IAM actions that images need, besides those of the registry
// itself, which [RegistryActions] lists.
type ECR interface {
	BatchDeleteImage(context.Context, *ecr.BatchDeleteImageInput, ...func(*ecr.Options)) (*ecr.BatchDeleteImageOutput, error)
	BatchGetImage(context.Context, *ecr.BatchGetImageInput, ...func(*ecr.Options)) (*ecr.BatchGetImageOutput, error)
	CreateRepository(context.Context, *ecr.CreateRepositoryInput, ...func(*ecr.Options)) (*ecr.CreateRepositoryOutput, error)
	DescribeImages(context.Context, *ecr.DescribeImagesInput, ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error)
	DescribeRepositories(context.Context, *ecr.DescribeRepositoriesInput, ...func(*ecr.Options)) (*ecr.DescribeRepositoriesOutput, error)
	GetAuthorizationToken(context.Context, *ecr.GetAuthorizationTokenInput, ...func(*ecr.Options)) (*ecr.GetAuthorizationTokenOutput, error)
	PutLifecyclePolicy(context.Context, *ecr.PutLifecyclePolicyInput, ...func(*ecr.Options)) (*ecr.PutLifecyclePolicyOutput, error)
	TagResource(context.Context, *ecr.TagResourceInput, ...func(*ecr.Options)) (*ecr.TagResourceOutput, error)
}

// RegistryActions are the IAM actions that ECR asks for what is done by the protocol of registries; see "Pushing an
// image" and "Pulling an image" in its user guide.
var RegistryActions = []string{
	"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
	"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
}

// A Client reaches registries. Its fields are set before its first use.
type Client struct {
	ECR      func(region string, fips bool) ECR
	Keychain authn.Keychain    // of other registries
	HTTP     http.RoundTripper // to registries
	Cache    Cache
	Sleep    func(context.Context, time.Duration) error // between attempts
	Offline  bool                                       // other registries than ECR are not asked

	mu     sync.Mutex
	tokens map[tokenKey]*token
}

// NewClient returns a client for the account.
func NewClient(cfg aws.Config, cache Cache) *Client {
	return &Client{
		ECR: func(region string, fips bool) ECR {
			return ecr.NewFromConfig(cfg, func(o *ecr.Options) {
				if region != "" {
					o.Region = region
				}
				if fips {
					o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
				}
			})
		},
		Keychain: authn.DefaultKeychain, HTTP: newTransport(), Cache: cache, Sleep: sleep,
	}
}

// newTransport returns a transport that keeps as many connections as there are uploads, and leaves bodies as they come.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 2 * concurrency
	t.DisableCompression = true
	t.ResponseHeaderTimeout = 5 * time.Minute // registries take their time over large layers
	t.ReadBufferSize, t.WriteBufferSize = 64<<10, 64<<10
	return t
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
