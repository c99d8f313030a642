package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// errNoUpload is what is said of an upload that is unknown, or was closed.
func errNoUpload(id string) error {
	return &registryError{404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry: " + id}
}

// startUpload begins an upload, or takes the blob from the repository that the request names, if the account setting
// BLOB_MOUNTING lets it. A request without one of them is answered like one that cannot be met.
func (c *registryCall) startUpload() error {
	digest, from := c.r.URL.Query().Get("mount"), c.r.URL.Query().Get("from")
	mounted := false
	err := c.repository(writing, func(r *region, repo *repository) error {
		source := r.Repos[c.registry+"/"+from]
		if digest == "" || source == nil || r.Settings["ecr:"+settingBlobMounting] != "ENABLED" {
			return nil
		}
		size, ok := source.Blobs[digest]
		if mounted = ok; ok {
			fill(&repo.Blobs)
			repo.Blobs[digest] = size
		}
		return nil
	})
	if err != nil {
		return err
	}
	if mounted {
		c.created("blobs/"+digest, digest)
		return nil
	}
	id, _, err := c.account.uploads.start(c.account.blobs)
	if err != nil {
		return err
	}
	c.progress(id, 0, http.StatusAccepted)
	return nil
}

// created answers that something is where the path says.
func (c *registryCall) created(path, digest string) {
	c.w.Header().Set("Location", "/v2/"+c.name+"/"+path)
	c.w.Header().Set("Docker-Content-Digest", digest)
	c.w.WriteHeader(http.StatusCreated)
}

// progress answers how much of an upload is there.
func (c *registryCall) progress(id string, size int64, status int) {
	c.w.Header().Set("Location", "/v2/"+c.name+"/blobs/uploads/"+id)
	c.w.Header().Set("Docker-Upload-Uuid", id)
	c.w.Header().Set("Range", "0-"+strconv.FormatInt(max(0, size-1), 10))
	c.w.WriteHeader(status)
}

func (c *registryCall) getUpload() error {
	u := c.account.uploads.get(c.ref)
	if u == nil {
		return errNoUpload(c.ref)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	c.progress(c.ref, u.size, http.StatusNoContent)
	return nil
}

func (c *registryCall) patchUpload() error {
	u := c.account.uploads.get(c.ref)
	if u == nil {
		return errNoUpload(c.ref)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := c.take(u); err != nil {
		return err
	}
	c.progress(c.ref, u.size, http.StatusCreated)
	return nil
}

// take adds the body to the upload, which has to go on where it ends.
func (c *registryCall) take(u *upload) error {
	if r := c.r.Header.Get("Content-Range"); r != "" {
		from, _, _ := strings.Cut(r, "-")
		if n, err := strconv.ParseInt(from, 10, 64); err != nil || n != u.size {
			return &registryError{416, "BLOB_UPLOAD_INVALID", fmt.Sprintf("the upload has %d bytes, and %s does not follow", u.size, r)}
		}
	}
	if _, err := io.Copy(u, c.r.Body); err != nil {
		return &registryError{400, "BLOB_UPLOAD_INVALID", err.Error()}
	}
	return nil
}

// finishUpload keeps the blob if it has the digest that the request says.
func (c *registryCall) finishUpload() error {
	u := c.account.uploads.get(c.ref)
	if u == nil {
		return errNoUpload(c.ref)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := c.take(u); err != nil {
		return err
	}
	digest := c.r.URL.Query().Get("digest")
	c.account.uploads.forget(c.ref)
	if digest != u.digest() {
		u.file.discard()
		return &registryError{400, "DIGEST_INVALID", "provided digest " + digest + " did not match uploaded content"}
	}
	err := c.repository(writing, func(_ *region, repo *repository) error {
		if err := c.account.blobs.keep(digest, u.file); err != nil {
			return err
		}
		fill(&repo.Blobs)
		repo.Blobs[digest] = u.size
		return nil
	})
	if err != nil {
		return err
	}
	c.created("blobs/"+digest, digest)
	return nil
}

func (c *registryCall) deleteUpload() error {
	u := c.account.uploads.get(c.ref)
	if u == nil {
		return errNoUpload(c.ref)
	}
	c.account.uploads.forget(c.ref)
	u.file.discard()
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// getBlob serves a blob, or a part of it.
func (c *registryCall) getBlob() error {
	unknown := &registryError{404, "BLOB_UNKNOWN", "blob unknown to registry"}
	err := c.repository(reading, func(_ *region, repo *repository) error {
		if _, ok := repo.Blobs[c.ref]; !ok {
			return unknown
		}
		return nil
	})
	if err != nil {
		return err
	}
	blob, err := c.account.blobs.open(c.ref)
	if errors.Is(err, fs.ErrNotExist) {
		return unknown
	}
	if err != nil {
		return err
	}
	defer blob.Close()
	c.w.Header().Set("Docker-Content-Digest", c.ref)
	c.w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(c.w, c.r, "", time.Time{}, blob)
	return nil
}
