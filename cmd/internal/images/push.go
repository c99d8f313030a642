package images

import (
	"context"
	"fmt"
)

// A Source is where an image comes from.
type Source interface {
	// send brings the layers of the image on their way, and returns what refers to them.
	send(ctx context.Context, p *push) (*assembled, error)
}

// A push is one image on its way into a repository.
type push struct {
	client *Client
	up     *uploader
	image  string // as the user wrote it
	notes  []string
}

// A Pushed image is in a registry.
type Pushed struct {
	Image  string   `json:"image"` // with host and tag
	Digest string   `json:"digest"`
	Notes  []string `json:"-"`
}

// Push brings an image to the target, whose repository is made if it is missing.
func (c *Client) Push(ctx context.Context, t *Target, image string, from Source, report func(Layer)) (*Pushed, error) {
	if err := c.prepare(ctx, t); err != nil {
		return nil, err
	}
	r, err := c.repo(ctx, t.Reference, toPush)
	if err != nil {
		return nil, fmt.Errorf("push %s: %w", t, err)
	}
	up, uploading := newUploader(ctx, r, report)
	p := &push{client: c, up: up, image: image}
	out, err := from.send(uploading, p)
	if err == nil {
		err = p.sendConfigs(uploading, out.configs)
	}
	if err = up.finish(err); err != nil {
		return nil, fmt.Errorf("push %s: %w", t, err)
	}
	for i, m := range out.manifests {
		reference := m.digest()
		if i == len(out.manifests)-1 {
			reference = t.target()
		}
		if err := r.put(ctx, m, reference); err != nil {
			return nil, fmt.Errorf("push %s: %w", t, err)
		}
	}
	last := out.manifests[len(out.manifests)-1]
	return &Pushed{Image: t.String(), Digest: last.digest(), Notes: append(p.notes, out.notes...)}, nil
}

func (p *push) sendConfigs(ctx context.Context, configs [][]byte) error {
	for _, data := range configs {
		if err := p.up.acquire(ctx); err != nil {
			return err
		}
		p.up.add(ctx, &blob{digest: digestOf(data), size: int64(len(data)), open: inMemory(data)}, nil)
	}
	return nil
}
