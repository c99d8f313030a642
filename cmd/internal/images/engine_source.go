package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Source returns an image of the engine.
func (e *Engine) Source(image string) Source { return engineSource{e, image} }

// An engineSource is an image of an engine. If all its layers are where they are to go, or can be taken from another
// repository there, nothing of it is read.
type engineSource struct {
	engine *Engine
	image  string
}

func (s engineSource) send(ctx context.Context, p *push) (*assembled, error) {
	image, err := s.engine.inspect(ctx, s.image)
	if failed, ok := errors.AsType[*engineError](err); ok && failed.status == http.StatusNotFound {
		return nil, fmt.Errorf("the Docker engine has no image %s: build it, or push what it has", s.image)
	}
	if err != nil {
		return nil, fmt.Errorf("docker inspect %s: %w", s.image, err)
	}
	if out, err := p.remembered(ctx, image); out != nil || err != nil {
		return out, err
	}
	resp, err := s.engine.do(ctx, http.MethodGet, "/images/"+escape(s.image)+"/get", nil, nil)
	if err != nil {
		return nil, fmt.Errorf("docker save %s: %w", s.image, err)
	}
	defer resp.Body.Close()
	return streamSource{resp.Body}.send(ctx, p)
}

// remembered returns the image if its configuration is known and the repository has its layers, or takes them from
// other repositories; nil if it has to be read.
func (p *push) remembered(ctx context.Context, image *engineImage) (*assembled, error) {
	if image.Descriptor != nil || p.client.Cache == "" {
		return p.rememberedManifest(ctx, image)
	}
	config := p.client.Cache.config(image.ID)
	if config == nil {
		return nil, nil
	}
	var layers []layer
	for _, diffID := range image.RootFS.Layers {
		l, ok := p.client.Cache.layer(diffID)
		if !ok {
			return nil, nil
		}
		layers = append(layers, layer{l.Digest, l.Size, diffID, byGzip})
	}
	ready, err := p.present(ctx, layers)
	if err != nil || !ready {
		return nil, err
	}
	m, err := newManifest(config, layers)
	if err != nil {
		return nil, nil // what is remembered is wrong: the image is read
	}
	return &assembled{configs: [][]byte{config}, manifests: []manifest{m}}, nil
}

// present reports whether the repository has all layers, after taking what it lacks from other repositories.
func (p *push) present(ctx context.Context, layers []layer) (bool, error) {
	missing := make(chan layer, len(layers))
	failed := make(chan error, len(layers))
	for _, l := range layers {
		go func() {
			there, err := p.up.has(ctx, l.digest, l.size)
			if err == nil && !there {
				there, err = p.mount(ctx, l)
			}
			if err == nil && !there {
				missing <- l
			}
			failed <- err
		}()
	}
	var errs []error
	for range layers {
		errs = append(errs, <-failed)
	}
	return len(missing) == 0, errors.Join(errs...)
}

// mount takes a layer from a repository of the registry that had it, and reports whether that was possible.
func (p *push) mount(ctx context.Context, l layer) (bool, error) {
	known, _ := p.client.Cache.layer(l.diffID)
	b := &blob{digest: l.digest, size: l.size, in: known.In}
	if p.up.repo.mountable(b) == "" {
		return false, nil
	}
	location, mounted, err := p.up.repo.start(ctx, b)
	if err != nil {
		return false, err
	}
	if !mounted {
		_, _, _ = p.up.repo.status(ctx, &request{method: http.MethodDelete, path: location, once: true})
		return false, nil
	}
	if p.up.claim(l.digest) {
		p.up.report(Layer{l.digest, Mounted, l.size, l.size})
	}
	p.client.Cache.saveLayer(l.diffID, l.digest, l.size, p.up.name())
	return true, nil
}

// rememberedManifest returns the image of an engine with the containerd store if the repository has it under its
// digest: only the tag is missing.
func (p *push) rememberedManifest(ctx context.Context, image *engineImage) (*assembled, error) {
	if image.Descriptor == nil {
		return nil, nil
	}
	m, err := p.up.repo.manifest(ctx, image.Descriptor.Digest)
	if e, ok := errors.AsType[*statusError](err); ok && e.status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &assembled{manifests: []manifest{m}}, nil
}
