package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

func (a *account) ecr() *ecr.Client {
	return ecr.New(ecr.Options{
		BaseEndpoint: new(a.url), HTTPClient: a.http, Region: "us-east-1", Credentials: credentials{},
		Retryer: aws.NopRetryer{},
	})
}

// login returns what a client of the registry logs in with.
func (a *account) login() authn.Authenticator {
	a.t.Helper()
	out := must(a.ecr().GetAuthorizationToken(a.t.Context(), &ecr.GetAuthorizationTokenInput{}))(a.t)
	if got := *out.AuthorizationData[0].ProxyEndpoint; got != a.url {
		a.t.Errorf("the registry is at %s, want %s", got, a.url)
	}
	text, _ := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	user, password, _ := strings.Cut(string(text), ":")
	return &authn.Basic{Username: user, Password: password}
}

// image returns the reference of an image in the account's registry.
func (a *account) image(ref string) name.Reference {
	a.t.Helper()
	u := must(url.Parse(a.url))(a.t)
	return must(name.ParseReference(u.Host + "/" + ref))(a.t)
}

func (a *account) repository(name string) {
	a.t.Helper()
	must(a.ecr().CreateRepository(a.t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &name}))(a.t)
}

func (a *account) push(ref string, auth authn.Authenticator) (v1.Image, error) {
	a.t.Helper()
	img := must(random.Image(1000, 3))(a.t)
	return img, remote.Write(a.image(ref), img, remote.WithAuth(auth), remote.WithJobs(1))
}

// TestRegistry: what a client pushes comes back byte by byte, is described with its size, and is gone when deleted.
func TestRegistry(t *testing.T) {
	onDisk := must(sandbox.Open(filepath.Join(t.TempDir(), "a.json"), sandbox.Options{}))(t)
	for name, a := range map[string]*account{"memory": open(t), "disk": listen(t, onDisk)} {
		t.Run(name, func(t *testing.T) {
			a.repository("team/web")
			auth := a.login()
			img, err := a.push("team/web:1", auth)
			if err != nil {
				t.Fatal(err)
			}
			back := must(remote.Image(a.image("team/web:1"), remote.WithAuth(auth)))(t)
			if err := validate.Image(back); err != nil {
				t.Error(err)
			}
			digest := must(img.Digest())(t).String()
			out := must(a.ecr().DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: new("team/web")}))(t)
			d := out.ImageDetails[0]
			if *d.ImageDigest != digest || !slices.Equal(d.ImageTags, []string{"1"}) || *d.ImageSizeInBytes < 3000 {
				t.Errorf("got %+v", d)
			}
			gone := must(a.ecr().BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{
				RepositoryName: new("team/web"), ImageIds: []types.ImageIdentifier{{ImageTag: new("1")}, {ImageTag: new("2")}},
			}))(t)
			if len(gone.ImageIds) != 1 || gone.Failures[0].FailureCode != types.ImageFailureCodeImageNotFound {
				t.Errorf("got %+v", gone)
			}
			if _, err := remote.Head(a.image("team/web:1"), remote.WithAuth(auth)); err == nil {
				t.Error("the image is still there")
			}
		})
	}
}

// TestRegistryRefuses: what ECR refuses, the registry refuses.
func TestRegistryRefuses(t *testing.T) {
	a := open(t)
	auth := a.login()
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
	_, err := a.push("web:1", auth)
	refused(err, "The repository with name 'web' does not exist in the registry with id '111122223333'")
	a.repository("web")
	_, err = a.push("web:1", authn.Anonymous)
	refused(err, "401 Unauthorized")
	if _, err = a.push("web:1", auth); err != nil {
		t.Fatal(err)
	}
	must(a.ecr().PutImageTagMutability(t.Context(), &ecr.PutImageTagMutabilityInput{
		RepositoryName: new("web"), ImageTagMutability: types.ImageTagMutabilityImmutable,
	}))(t)
	_, err = a.push("web:1", auth)
	refused(err, "cannot be overwritten because the tag is immutable")
	for kind, want := range map[sandbox.Kind]string{sandbox.Corrupt: "DIGEST_INVALID", sandbox.Gone: "BLOB_UPLOAD_UNKNOWN"} {
		a.ClearFaults()
		if err := a.Fail(sandbox.Fault{Action: "registry:PatchUpload", Kind: kind}); err != nil {
			t.Fatal(err)
		}
		_, err = a.push("web:2", auth)
		refused(err, want)
	}
	a.ClearFaults()
	a.advance(13 * time.Hour)
	_, err = remote.Get(a.image("web:1"), remote.WithAuth(auth))
	refused(err, "Your authorization token has expired")
	req := must(http.NewRequest("GET", a.url+"/v2/web/tags/list", nil))(t)
	req.Host = "111122223333.dkr.ecr.eu-west-3.amazonaws.com"
	basic := must(a.login().Authorization())(t)
	req.SetBasicAuth(basic.Username, basic.Password)
	resp := must(http.DefaultClient.Do(req))(t)
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a token for another region: status %d", resp.StatusCode)
	}
}

// TestIndex: an index needs its parts, and they cannot be deleted before it.
func TestIndex(t *testing.T) {
	a := open(t)
	a.repository("web")
	auth := a.login()
	index := must(random.Index(500, 2, 2))(t)
	if err := remote.WriteIndex(a.image("web:1"), index, remote.WithAuth(auth)); err != nil {
		t.Fatal(err)
	}
	out := must(a.ecr().DescribeImages(t.Context(), &ecr.DescribeImagesInput{
		RepositoryName: new("web"), Filter: &types.DescribeImagesFilter{TagStatus: types.TagStatusUntagged},
	}))(t)
	if len(out.ImageDetails) != 2 {
		t.Fatalf("%d images without a tag, want 2", len(out.ImageDetails))
	}
	gone := must(a.ecr().BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: new("web"), ImageIds: []types.ImageIdentifier{{ImageDigest: out.ImageDetails[0].ImageDigest}},
	}))(t)
	if gone.Failures[0].FailureCode != types.ImageFailureCodeImageReferencedByManifestList {
		t.Errorf("got %+v", gone)
	}
	_, err := a.ecr().DescribeImages(t.Context(), &ecr.DescribeImagesInput{
		RepositoryName: new("web"), ImageIds: []types.ImageIdentifier{{ImageTag: new("2")}},
	})
	wantError(t, err, "ImageNotFoundException", "The image with imageId {imageDigest:null, imageTag:'2'} does not exist")
}

// TestRepositories: repositories have names, tags, a policy and pages.
func TestRepositories(t *testing.T) {
	a := open(t)
	c, ctx := a.ecr(), t.Context()
	_, err := c.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: new("Web")})
	wantError(t, err, "InvalidParameterException", "repositoryName")
	for _, n := range []string{"web", "api", "jobs"} {
		a.repository(n)
	}
	_, err = c.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: new("web")})
	wantError(t, err, "RepositoryAlreadyExistsException", "already exists")
	_, err = c.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"none"}})
	wantError(t, err, "RepositoryNotFoundException", "'none'")
	var names []string
	pages := ecr.NewDescribeRepositoriesPaginator(c, &ecr.DescribeRepositoriesInput{MaxResults: new(int32(2))})
	for pages.HasMorePages() {
		for _, r := range must(pages.NextPage(ctx))(t).Repositories {
			names = append(names, *r.RepositoryUri)
		}
	}
	const host = "111122223333.dkr.ecr.us-east-1.amazonaws.com/"
	if want := []string{host + "api", host + "jobs", host + "web"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	arn := new("arn:aws:ecr:us-east-1:111122223333:repository/web")
	must(c.TagResource(ctx, &ecr.TagResourceInput{
		ResourceArn: arn, Tags: []types.Tag{{Key: new("a"), Value: new("1")}},
	}))(t)
	if tags := must(c.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: arn}))(t).Tags; len(tags) != 1 {
		t.Errorf("got tags %v", tags)
	}
	policy := &ecr.PutLifecyclePolicyInput{RepositoryName: new("web"), LifecyclePolicyText: new("{}")}
	_, err = c.PutLifecyclePolicy(ctx, policy)
	wantError(t, err, "InvalidParameterException", "LifecyclePolicyText")
	_, err = c.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: new("web")})
	wantError(t, err, "LifecyclePolicyNotFoundException", "does not exist")
}
