package images

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// From returns the source that a path names: "-" for an archive on standard input, a directory with an OCI layout, an
// archive of docker save or of an OCI layout, or docker://IMAGE for another registry.
func From(path string, stdin io.Reader) (Source, error) {
	if image, ok := strings.CutPrefix(path, "docker://"); ok {
		ref, err := Parse(image)
		if err != nil {
			return nil, err
		}
		return registrySource{ref}, nil
	}
	if path == "-" {
		return streamSource{stdin}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, InputError{err}
	}
	if info.IsDir() {
		if _, err := os.Stat(filepath.Join(path, "index.json")); err != nil {
			return nil, inputError("%s: it is no OCI layout: %w", path, err)
		}
		return layoutSource(path), nil
	}
	return fileSource(path), nil
}

// A streamSource is an archive that can be read once.
type streamSource struct{ r io.Reader }

func (s streamSource) send(ctx context.Context, p *push) (*assembled, error) {
	a := newArchive(p.up, p.client.Cache)
	r, err := gunzipped(s.r)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if err := a.read(ctx, r); err != nil {
		return nil, err
	}
	return a.assemble(p.image)
}

// A fileSource is an archive in a file. It is read twice: first what it has, then what is needed of that.
type fileSource string

func (s fileSource) send(ctx context.Context, p *push) (*assembled, error) {
	f, err := os.Open(string(s))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	begin, _ := bufio.NewReader(io.NewSectionReader(f, 0, 4)).Peek(2)
	if compressionOf(begin) == byGzip {
		return streamSource{f}.send(ctx, p)
	}
	a := newArchive(p.up, p.client.Cache)
	a.needed = map[string]bool{}
	if err := a.read(ctx, f); err != nil {
		return nil, err
	}
	if err := a.need(p.image); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if err := a.read(ctx, bufio.NewReaderSize(f, 256<<10)); err != nil {
		return nil, err
	}
	return a.assemble(p.image)
}

// need finds out which layers the image has.
func (a *archive) need(name string) error {
	image, err := a.choose(name)
	if err != nil {
		return err
	}
	if image != nil {
		for _, l := range image.Layers {
			a.needed[a.resolve(l)] = true
		}
	}
	root, err := a.root(name)
	if err != nil && image == nil {
		return err
	}
	if root != nil {
		a.needTree(*root)
	}
	if image == nil && root == nil {
		return errors.New("archive: it has neither manifest.json nor index.json: is it of docker save?")
	}
	return nil
}

func (a *archive) needTree(d descriptor) {
	path := "blobs/" + strings.Replace(d.Digest, ":", "/", 1)
	a.needed[path] = true
	data, ok := a.documents[path]
	if !ok || !isManifest(d.MediaType) {
		return
	}
	c, err := manifest{d.MediaType, data}.read()
	if err != nil {
		return // which is said when the parts are put together
	}
	for _, part := range append(c.Manifests, c.Layers...) {
		a.needTree(part)
	}
}
