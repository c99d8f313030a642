package images

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// A layoutSource is a directory with an OCI layout; see "OCI Image Layout Specification". Its images and indexes are
// pushed as they are.
type layoutSource string

func (s layoutSource) path(digest string) string {
	return filepath.Join(string(s), "blobs", filepath.FromSlash(strings.Replace(digest, ":", "/", 1)))
}

func (s layoutSource) send(ctx context.Context, p *push) (*assembled, error) {
	data, err := os.ReadFile(filepath.Join(string(s), "index.json"))
	if err != nil {
		return nil, err
	}
	var index contents
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%s/index.json: %w", string(s), err)
	}
	root, err := chooseRoot(index.Manifests, p.image)
	if err != nil {
		return nil, err
	}
	t := &tree{
		push: p,
		manifest: func(d descriptor) (manifest, error) {
			data, err := os.ReadFile(s.path(d.Digest))
			if err == nil && digestOf(data) != d.Digest {
				err = fmt.Errorf("%s is damaged: its content has the digest %s", s.path(d.Digest), digestOf(data))
			}
			return manifest{d.MediaType, data}, err
		},
		blob: func(d descriptor) *blob {
			return &blob{digest: d.Digest, size: d.Size, open: func() (content, error) { return os.Open(s.path(d.Digest)) }}
		},
	}
	return &t.out, t.send(ctx, *root)
}

// A registrySource is an image of another repository, which may be in another registry.
type registrySource struct{ ref Reference }

func (s registrySource) send(ctx context.Context, p *push) (*assembled, error) {
	from, err := p.client.repo(ctx, s.ref, toPull)
	if err != nil {
		return nil, err
	}
	root, err := from.manifest(ctx, s.ref.target())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.ref, err)
	}
	t := &tree{
		push: p,
		manifest: func(d descriptor) (manifest, error) {
			if d.Digest == root.digest() {
				return root, nil
			}
			return from.manifest(ctx, d.Digest)
		},
		blob: func(d descriptor) *blob {
			return &blob{
				digest: d.Digest, size: d.Size, in: []string{from.ref.Name()},
				open: func() (content, error) { return from.download(ctx, d) },
			}
		},
	}
	return &t.out, t.send(ctx, descriptor{MediaType: root.mediaType, Digest: root.digest()})
}

// download reads a blob into a file, which is gone when it is closed.
func (r *repo) download(ctx context.Context, d descriptor) (content, error) {
	resp, err := r.do(ctx, &request{method: http.MethodGet, path: "blobs/" + d.Digest})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	f, err := os.CreateTemp("", "ecsctl-layer-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // it lives as long as it is open
	hash := newDigester()
	if _, err := io.Copy(io.MultiWriter(f, hash), resp.Body); err != nil {
		_ = f.Close()
		return nil, err
	}
	if hash.digest() != d.Digest {
		_ = f.Close()
		return nil, fmt.Errorf("what %s sent has the digest %s", r.ref.Host, hash.digest())
	}
	return f, nil
}

// A tree is an image or an index whose parts can be had in any order.
type tree struct {
	push     *push
	manifest func(descriptor) (manifest, error)
	blob     func(descriptor) *blob
	out      assembled
}

// send brings all layers below a manifest on their way, and adds the manifests, parts first.
func (t *tree) send(ctx context.Context, d descriptor) error {
	m, err := t.manifest(d)
	if err != nil {
		return err
	}
	c, err := m.read()
	if err != nil {
		return err
	}
	for _, part := range c.Manifests {
		if err := t.send(ctx, part); err != nil {
			return err
		}
	}
	blobs := c.Layers
	if c.Config != nil {
		blobs = append(blobs, *c.Config)
	}
	for _, b := range blobs {
		if len(b.URLs) > 0 {
			continue // layers that are not distributed
		}
		if err := t.push.up.acquire(ctx); err != nil {
			return err
		}
		t.push.up.add(ctx, t.blob(b), nil)
	}
	t.out.manifests = append(t.out.manifests, m)
	return nil
}
