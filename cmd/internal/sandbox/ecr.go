package sandbox

import (
	"encoding/base64"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// ecrOperations are the actions of Amazon ECR, https://docs.aws.amazon.com/AmazonECR/latest/APIReference/. Every
// registry of a region lets the caller do everything: an account is one more part of a repository's name here.
var ecrOperations = map[string]operation{
	"BatchDeleteImage":      jsonOperation(writing, batchDeleteImage),
	"BatchGetImage":         jsonOperation(reading, batchGetImage),
	"CreateRepository":      jsonOperation(writing, createRepository),
	"DeleteLifecyclePolicy": jsonOperation(writing, deleteLifecyclePolicy),
	"DeleteRepository":      jsonOperation(writing, deleteRepository),
	"DescribeImages":        jsonOperation(reading, describeImages),
	"DescribeRepositories":  jsonOperation(reading, describeRepositories),
	"GetAccountSetting":     jsonOperation(reading, getECRSetting),
	"GetAuthorizationToken": jsonOperation(reading, getAuthorizationToken),
	"GetLifecyclePolicy":    jsonOperation(reading, getLifecyclePolicy),
	"ListImages":            jsonOperation(reading, listImages),
	"ListTagsForResource":   jsonOperation(reading, listRepositoryTags),
	"PutAccountSetting":     jsonOperation(writing, putECRSetting),
	"PutImageTagMutability": jsonOperation(writing, putImageTagMutability),
	"PutLifecyclePolicy":    jsonOperation(writing, putLifecyclePolicy),
	"TagResource":           jsonOperation(writing, tagRepository),
	"UntagResource":         jsonOperation(writing, untagRepository),
}

// A repository keeps images.
type repository struct {
	Registry   string                   `json:"registry"`
	Name       string                   `json:"name"`
	Created    time.Time                `json:"created"`
	Mutability types.ImageTagMutability `json:"mutability"`
	Exclusions []string                 `json:"exclusions,omitempty"` // patterns of tags with the other mutability
	ScanOnPush bool                     `json:"scanOnPush,omitempty"`
	Encryption types.EncryptionType     `json:"encryption"`
	Key        string                   `json:"key,omitempty"`
	Lifecycle  string                   `json:"lifecycle,omitempty"`
	Images     []*image                 `json:"images,omitempty"` // in the order they were pushed
	Blobs      map[string]int64         `json:"blobs,omitempty"`  // sizes by digest
}

// An image is a manifest or an index in a repository.
type image struct {
	Digest    string    `json:"digest"`
	MediaType string    `json:"mediaType"`
	Manifest  []byte    `json:"manifest"`
	Pushed    time.Time `json:"pushed"`
	Tags      []string  `json:"tags,omitempty"` // sorted
}

// The errors of ECR; see the errors of each action in the API reference.

func repositoryNotFound(registry, name string) error {
	return &apiError{400, "RepositoryNotFoundException", fmt.Sprintf(
		"The repository with name '%s' does not exist in the registry with id '%s'", name, registry)}
}

func imageNotFound(registry, name, id string) error {
	return &apiError{400, "ImageNotFoundException", fmt.Sprintf(
		"The image with imageId %s does not exist within the repository with name '%s' in the registry with id '%s'",
		id, name, registry)}
}

// repositoryNames is what repositories are called; see CreateRepository.
var repositoryNames = regexp.MustCompile(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

// registryID returns the registry that a request is about: the caller's own if it does not say.
func registryID(id *string) string {
	if v := value(id); v != "" {
		return v
	}
	return AccountID
}

// repository returns a repository of a registry.
func (r *region) repository(registry *string, name *string) (*repository, error) {
	id := registryID(registry)
	if repo := r.Repos[id+"/"+value(name)]; repo != nil {
		return repo, nil
	}
	return nil, repositoryNotFound(id, value(name))
}

// repositoryByARN returns the repository that a call about tags names.
func (r *region) repositoryByARN(arn *string) (*repository, error) {
	parts := strings.SplitN(value(arn), ":", 6)
	if len(parts) < 6 || parts[2] != "ecr" {
		return nil, invalidParameter("Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'")
	}
	return r.repository(&parts[4], new(strings.TrimPrefix(parts[5], "repository/")))
}

func (repo *repository) arn(r *region) string {
	return "arn:aws:ecr:" + r.name + ":" + repo.Registry + ":repository/" + repo.Name
}

// registryDomain returns the end of the names of registries in a region.
func registryDomain(region string) string {
	domain := ".dkr.ecr." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain += ".cn"
	}
	return domain
}

// immutable reports whether a tag, once there, stays where it is; see ImageTagMutability and its exclusion filters.
func (repo *repository) immutable(tag string) bool {
	excluded := slices.ContainsFunc(repo.Exclusions, func(pattern string) bool {
		ok, _ := path.Match(pattern, tag)
		return ok
	})
	switch repo.Mutability {
	case types.ImageTagMutabilityImmutable, types.ImageTagMutabilityImmutableWithExclusion:
		return !excluded
	}
	return excluded
}

// tagged returns the image that has the tag, or nil.
func (repo *repository) tagged(tag string) *image {
	return repo.find(func(i *image) bool { return slices.Contains(i.Tags, tag) })
}

// digested returns the image of a digest, or nil.
func (repo *repository) digested(digest string) *image {
	return repo.find(func(i *image) bool { return i.Digest == digest })
}

func (repo *repository) find(is func(*image) bool) *image {
	if i := slices.IndexFunc(repo.Images, is); i >= 0 {
		return repo.Images[i]
	}
	return nil
}

// tokenLife is how long a token of GetAuthorizationToken is good for.
const tokenLife = 12 * time.Hour

// getAuthorizationToken answers with where this process serves the registries as the endpoint, not with a name of AWS.
func getAuthorizationToken(r *region, in *ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	expires := r.now().Add(tokenLife).Truncate(time.Second)
	password := base64.RawURLEncoding.EncodeToString([]byte(r.name + " " + strconv.FormatInt(expires.Unix(), 10)))
	out := &ecr.GetAuthorizationTokenOutput{}
	//lint:ignore SA1019 ecs-cli asks for registries by their ids
	for range max(1, len(in.RegistryIds)) {
		out.AuthorizationData = append(out.AuthorizationData, types.AuthorizationData{
			AuthorizationToken: new(base64.StdEncoding.EncodeToString([]byte("AWS:" + password))),
			ExpiresAt:          &expires, ProxyEndpoint: new("http://" + r.st.host),
		})
	}
	return out, nil
}

// readToken returns the region that a password is good for, and until when.
func readToken(password string) (region string, expires time.Time, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(password)
	region, seconds, found := strings.Cut(string(text), " ")
	n, numberErr := strconv.ParseInt(seconds, 10, 64)
	return region, time.Unix(n, 0), err == nil && found && numberErr == nil
}

// settingBlobMounting lets layers be taken from other repositories; it is off until somebody turns it on.
const settingBlobMounting = "BLOB_MOUNTING"

func getECRSetting(r *region, in *ecr.GetAccountSettingInput) (*ecr.GetAccountSettingOutput, error) {
	if value(in.Name) != settingBlobMounting {
		return nil, invalidParameter("The sandbox does not know the setting %s.", value(in.Name))
	}
	v := r.Settings["ecr:"+settingBlobMounting]
	if v == "" {
		v = "DISABLED"
	}
	return &ecr.GetAccountSettingOutput{Name: in.Name, Value: &v}, nil
}

func putECRSetting(r *region, in *ecr.PutAccountSettingInput) (*ecr.PutAccountSettingOutput, error) {
	v := value(in.Value)
	if value(in.Name) != settingBlobMounting || v != "ENABLED" && v != "DISABLED" {
		return nil, invalidParameter("The sandbox does not know the setting %s with the value %s.", value(in.Name), v)
	}
	r.Settings["ecr:"+settingBlobMounting] = v
	return &ecr.PutAccountSettingOutput{Name: in.Name, Value: in.Value}, nil
}
