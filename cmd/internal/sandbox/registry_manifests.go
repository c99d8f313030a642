package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const maxManifest = 4 << 20 // bytes; see "Amazon ECR service quotas"

// image returns the image that the reference of the request means, or nil.
func (c *registryCall) image(repo *repository) *image {
	if isDigest(c.ref) {
		return repo.digested(c.ref)
	}
	return repo.tagged(c.ref)
}

func (c *registryCall) getManifest() error {
	var found image
	err := c.repository(reading, func(_ *region, repo *repository) error {
		i := c.image(repo)
		if i == nil {
			return &registryError{404, "MANIFEST_UNKNOWN", "Requested image not found"}
		}
		found = *i
		return nil
	})
	if err != nil {
		return err
	}
	if accepts := c.r.Header.Values("Accept"); len(accepts) > 0 {
		if all := strings.Join(accepts, ","); !strings.Contains(all, found.MediaType) && !strings.Contains(all, "*/*") {
			return &registryError{404, "MANIFEST_UNKNOWN", "the image is " + found.MediaType + ", which the client does not accept"}
		}
	}
	c.w.Header().Set("Content-Type", found.MediaType)
	c.w.Header().Set("Docker-Content-Digest", found.Digest)
	c.w.Header().Set("Content-Length", strconv.Itoa(len(found.Manifest)))
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodGet {
		_, _ = c.w.Write(found.Manifest)
	}
	return nil
}

// mediaTypes are what manifests can be.
var mediaTypes = []string{
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.oci.image.manifest.v1+json",
}

// putManifest keeps a manifest whose parts are all there.
func (c *registryCall) putManifest() error {
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxManifest+1))
	if err != nil {
		return &registryError{400, "MANIFEST_INVALID", err.Error()}
	}
	i := &image{Manifest: body, MediaType: c.r.Header.Get("Content-Type")}
	sum := sha256.Sum256(body)
	i.Digest = "sha256:" + hex.EncodeToString(sum[:])
	var m manifest
	switch {
	case json.Unmarshal(body, &m) != nil:
		return &registryError{400, "MANIFEST_INVALID", "Invalid JSON syntax"}
	case len(body) > maxManifest:
		return &registryError{413, "SIZE_INVALID", fmt.Sprintf("manifests have at most %d bytes", maxManifest)}
	case !slices.Contains(mediaTypes, i.MediaType), m.MediaType != "" && m.MediaType != i.MediaType:
		return &registryError{415, "MANIFEST_INVALID", "unsupported media type " + i.MediaType}
	case isDigest(c.ref) && c.ref != i.Digest:
		return &registryError{400, "DIGEST_INVALID", "the manifest has the digest " + i.Digest}
	}
	err = c.repository(writing, func(r *region, repo *repository) error {
		i.Pushed = r.now()
		return repo.put(i, m, c.ref)
	})
	if err != nil {
		return err
	}
	c.created("manifests/"+i.Digest, i.Digest)
	return nil
}

// put adds an image, and moves the tag to it if the reference is one.
func (repo *repository) put(i *image, m manifest, ref string) error {
	if err := repo.complete(m); err != nil {
		return err
	}
	if old := repo.tagged(ref); old != nil && old.Digest != i.Digest {
		if repo.immutable(ref) {
			return &registryError{400, "TAG_INVALID", fmt.Sprintf("The image tag '%s' already exists in the '%s' repository "+
				"and cannot be overwritten because the tag is immutable.", ref, repo.Name)}
		}
		old.Tags = slices.DeleteFunc(old.Tags, func(t string) bool { return t == ref })
	}
	if there := repo.digested(i.Digest); there != nil {
		i = there
	} else {
		repo.Images = append(repo.Images, i)
	}
	if !isDigest(ref) && !slices.Contains(i.Tags, ref) {
		i.Tags = append(i.Tags, ref)
		slices.Sort(i.Tags)
	}
	return nil
}

// complete returns an error if something that a manifest refers to is missing.
func (repo *repository) complete(m manifest) error {
	parts := m.Layers
	if m.Config != nil {
		parts = append([]descriptor{*m.Config}, parts...)
	}
	for _, d := range parts {
		if _, ok := repo.Blobs[d.Digest]; !ok && len(d.URLs) == 0 {
			return &registryError{404, "MANIFEST_BLOB_UNKNOWN", "Layer with digest '" + d.Digest + "' required by image not found"}
		}
	}
	for _, d := range m.Manifests {
		if repo.digested(d.Digest) == nil {
			return &registryError{404, "MANIFEST_UNKNOWN", "Image with digest '" + d.Digest + "' required by pushed image not found"}
		}
	}
	return nil
}
