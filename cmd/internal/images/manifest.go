package images

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A manifest is an image manifest or an index, as it is in the registry: its digest is that of its bytes.
type manifest struct {
	mediaType string
	data      []byte
}

func (m manifest) digest() string { return digestOf(m.data) }

// A descriptor refers to content; see "OCI Content Descriptors".
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Size         int64             `json:"size"`
	Digest       string            `json:"digest"`
	URLs         []string          `json:"urls,omitempty"`
	Platform     *platform         `json:"platform,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	Data         string            `json:"data,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
}

// A platform is what an image runs on, in Go's words.
type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	OSVersion    string `json:"os.version,omitempty"`
	Variant      string `json:"variant,omitempty"`
}

func (p platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// contents are the members of manifests and indexes of both specifications.
type contents struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType,omitempty"`
	Config        *descriptor       `json:"config,omitempty"`
	Layers        []descriptor      `json:"layers,omitempty"`
	Manifests     []descriptor      `json:"manifests,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

func (m manifest) read() (contents, error) {
	var c contents
	err := json.Unmarshal(m.data, &c)
	if err == nil && c.Config == nil && c.Manifests == nil {
		err = fmt.Errorf("manifest %s is neither an image nor an index", m.digest())
	}
	return c, err
}

// manifestTypes are the kinds of manifests that are understood.
var manifestTypes = []string{
	string(types.OCIImageIndex), string(types.OCIManifestSchema1), string(types.DockerManifestList),
	string(types.DockerManifestSchema2),
}

func isManifest(mediaType string) bool {
	for _, t := range manifestTypes {
		if t == mediaType {
			return true
		}
	}
	return false
}

const maxManifest = 4 << 20 // bytes, as registries have it

// manifest returns a manifest of the repository. The status of an error is 404 if it is not there.
func (r *repo) manifest(ctx context.Context, reference string) (manifest, error) {
	resp, err := r.do(ctx, &request{
		method: http.MethodGet, path: "manifests/" + reference, header: map[string]string{"Accept": strings.Join(manifestTypes, ", ")},
	})
	if err != nil {
		return manifest{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxManifest+1))
	if err != nil {
		return manifest{}, err
	}
	m := manifest{resp.Header.Get("Content-Type"), data}
	if strings.HasPrefix(reference, "sha256:") && m.digest() != reference {
		return manifest{}, fmt.Errorf("manifest %s: what the registry sent has the digest %s", reference, m.digest())
	}
	return m, nil
}

// head returns the digest of a manifest of the repository, "" if it is not there.
func (r *repo) head(ctx context.Context, reference string) (string, error) {
	status, header, err := r.status(ctx, &request{
		method: http.MethodHead, path: "manifests/" + reference, accept: []int{404},
		header: map[string]string{"Accept": strings.Join(manifestTypes, ", ")},
	})
	if err != nil || status == http.StatusNotFound {
		return "", err
	}
	if digest := header.Get("Docker-Content-Digest"); digest != "" {
		return digest, nil
	}
	m, err := r.manifest(ctx, reference)
	return m.digest(), err
}

// put puts a manifest under a tag or its digest, unless it is there.
func (r *repo) put(ctx context.Context, m manifest, reference string) error {
	if there, err := r.head(ctx, reference); err == nil && there == m.digest() {
		return nil
	}
	_, header, err := r.status(ctx, &request{
		method: http.MethodPut, path: "manifests/" + reference, header: map[string]string{"Content-Type": m.mediaType},
		body: bytesBody(m.data),
	})
	if err != nil {
		return err
	}
	if got := header.Get("Docker-Content-Digest"); got != "" && got != m.digest() {
		return fmt.Errorf("the registry has %s, not %s", got, m.digest())
	}
	return nil
}
