package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A Wanted image is one that a task is to run.
type Wanted struct {
	Image        string
	OS           string // "linux", "windows"; "" if any will do
	Architecture string // "amd64", "arm64"; "" if any will do
}

// A Verdict is what came of looking for an image.
type Verdict string

// The verdicts.
const (
	Found     Verdict = "found"
	Missing   Verdict = "missing"
	Misfit    Verdict = "misfit"    // it is there, but not for the platform
	Unchecked Verdict = "unchecked" // the registry could not be asked, or does not say
)

// A Finding is what is known of an image.
type Finding struct {
	Wanted
	Verdict Verdict
	Digest  string // of the manifest or the index; "" if it was not found
	Why     string // of all but Found
}

// verifyTime is how long a registry is waited for.
const verifyTime = 20 * time.Second

// Verify looks for images, side by side, each once: those of ECR by its API, those of other registries by their
// protocol and the credentials of the Docker configuration. What could not be found out is Unchecked, no error.
func (c *Client) Verify(ctx context.Context, wanted []Wanted) []Finding {
	findings := make([]Finding, len(wanted))
	first := map[Wanted]int{}
	slots := make(chan struct{}, 2*concurrency)
	var wg sync.WaitGroup
	for i, w := range wanted {
		if _, ok := first[w]; ok {
			continue
		}
		first[w] = i
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			findings[i] = c.verify(ctx, w)
		})
	}
	wg.Wait()
	for i, w := range wanted {
		findings[i] = findings[first[w]]
	}
	return findings
}

func (c *Client) verify(ctx context.Context, w Wanted) Finding {
	f := Finding{Wanted: w}
	ref, err := Parse(w.Image)
	if err != nil {
		f.Verdict, f.Why = Unchecked, err.Error()
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	m, err := c.find(ctx, ref)
	if err != nil {
		f.Verdict, f.Why = verdictOf(err)
		return f
	}
	f.Digest = m.digest()
	f.Verdict, f.Why = c.fits(ctx, ref, m, w)
	return f
}

// errOffline is why a registry was not asked.
var errOffline = errors.New("the sandbox reaches no registry but its own and those of this machine")

// errMissing is said of an image that its registry does not have.
type errMissing struct{ why string }

func (e errMissing) Error() string { return e.why }

func verdictOf(err error) (Verdict, string) {
	if e, ok := errors.AsType[errMissing](err); ok {
		return Missing, e.why
	}
	if e, ok := errors.AsType[*statusError](err); ok && e.status == http.StatusNotFound {
		return Missing, "the registry has no such image"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Unchecked, "the registry does not answer"
	}
	return Unchecked, err.Error()
}

// find returns the manifest of an image.
func (c *Client) find(ctx context.Context, ref Reference) (manifest, error) {
	if ref.IsECR() {
		return c.findECR(ctx, ref)
	}
	r, err := c.repo(ctx, ref, toPull)
	if err != nil {
		return manifest{}, err
	}
	return r.manifest(ctx, ref.target())
}

func (c *Client) findECR(ctx context.Context, ref Reference) (manifest, error) {
	id := types.ImageIdentifier{}
	if ref.Digest != "" {
		id.ImageDigest = &ref.Digest
	} else {
		id.ImageTag = new(ref.target())
	}
	out, err := c.ECR(ref.Region, ref.FIPS).BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RegistryId: &ref.Account, RepositoryName: &ref.Repository, ImageIds: []types.ImageIdentifier{id},
		AcceptedMediaTypes: manifestTypes,
	})
	switch {
	case call.IsCode(err, "RepositoryNotFoundException"):
		return manifest{}, errMissing{fmt.Sprintf("there is no repository %s in account %s in %s", ref.Repository, ref.Account, ref.Region)}
	case err != nil:
		return manifest{}, call.Wrap("repository/"+ref.Repository, err)
	case len(out.Images) == 0 || out.Images[0].ImageManifest == nil:
		return manifest{}, errMissing{fmt.Sprintf("the repository %s has no image %s", ref.Repository, ref.target())}
	}
	m := manifest{data: []byte(*out.Images[0].ImageManifest)}
	if t := out.Images[0].ImageManifestMediaType; t != nil {
		m.mediaType = *t
	}
	return m, nil
}

// fits reports whether an image or one of an index is for the platform.
func (c *Client) fits(ctx context.Context, ref Reference, m manifest, w Wanted) (Verdict, string) {
	if w.OS == "" && w.Architecture == "" {
		return Found, ""
	}
	content, err := m.read()
	if err != nil {
		return Unchecked, err.Error()
	}
	var has []platform
	if content.Config != nil {
		p, err := c.platformOf(ctx, ref, *content.Config)
		if err != nil {
			return Unchecked, "its platform is not known: " + err.Error()
		}
		has = append(has, p)
	}
	for _, d := range content.Manifests {
		if d.Platform != nil && d.Platform.OS != "unknown" {
			has = append(has, *d.Platform)
		}
	}
	var names []string
	for _, p := range has {
		if (w.OS == "" || p.OS == w.OS) && (w.Architecture == "" || p.Architecture == w.Architecture) {
			return Found, ""
		}
		names = append(names, p.String())
	}
	if len(names) == 0 {
		return Unchecked, "it does not say which platform it is for"
	}
	want := platform{Architecture: w.Architecture, OS: w.OS}
	return Misfit, fmt.Sprintf("it is for %s, and the task runs on %s", strings.Join(names, ", "), want)
}

// platformOf returns what a configuration says its image runs on.
func (c *Client) platformOf(ctx context.Context, ref Reference, config descriptor) (platform, error) {
	var p platform
	data := c.Cache.config(config.Digest)
	if data == nil {
		r, err := c.repo(ctx, ref, toPull)
		if err != nil {
			return p, err
		}
		resp, err := r.do(ctx, &request{method: http.MethodGet, path: "blobs/" + config.Digest})
		if err != nil {
			return p, err
		}
		defer resp.Body.Close()
		if data, err = io.ReadAll(io.LimitReader(resp.Body, maxDocument)); err != nil {
			return p, err
		}
		if digestOf(data) != config.Digest {
			return p, fmt.Errorf("the configuration has the digest %s, not %s", digestOf(data), config.Digest)
		}
		c.Cache.saveConfig(data)
	}
	return p, json.Unmarshal(data, &p)
}
