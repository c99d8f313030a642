package images

import (
	"archive/tar"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// An archive is what docker save and its like write, in the order in which it comes: the layout of Docker before 25
// (a directory for each layer), that of Docker since 25 and of buildx (an OCI layout, with a manifest.json or without),
// and that of podman and skopeo (layers named for their digests). Layers are uploaded as they come; what they belong to
// is said by documents that come at any place.
type archive struct {
	up     *uploader
	cache  Cache
	needed map[string]bool // paths of layers; nil if all are, because nobody knows yet

	documents map[string][]byte
	links     map[string]string // from path to path
	layers    map[string]layer  // by path
	byDigest  map[string]layer  // by the digest of what was in the archive
}

// A layer is one that the registry has, or is about to have.
type layer struct {
	digest string
	size   int64
	diffID string // "" if nobody knows
	kind   compression
}

const (
	maxDocument  = maxManifest
	maxDocuments = 64 << 20 // bytes of all documents of an archive
)

func newArchive(up *uploader, cache Cache) *archive {
	return &archive{
		up: up, cache: cache, documents: map[string][]byte{}, links: map[string]string{},
		layers: map[string]layer{}, byDigest: map[string]layer{},
	}
}

// gunzipped reads an archive that may be compressed as a whole.
func gunzipped(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 256<<10)
	begin, _ := b.Peek(2)
	if compressionOf(begin) != byGzip {
		return b, nil
	}
	return gzip.NewReader(b)
}

// read reads the archive to its end and uploads its layers.
func (a *archive) read(ctx context.Context, r io.Reader) error {
	entries := tar.NewReader(r)
	for {
		h, err := entries.Next()
		if err == io.EOF {
			// What follows the end of an archive is padding; who writes it is not to find nobody reading.
			_, err = io.Copy(io.Discard, r)
			return err
		}
		if err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.entry(ctx, h, entries); err != nil {
			return err
		}
	}
}

func (a *archive) entry(ctx context.Context, h *tar.Header, r io.Reader) error {
	name := path.Clean(h.Name)
	switch h.Typeflag {
	case tar.TypeSymlink:
		a.links[name] = path.Join(path.Dir(name), h.Linkname)
		return nil
	case tar.TypeLink:
		a.links[name] = path.Clean(h.Linkname)
		return nil
	case tar.TypeReg:
	default:
		return nil
	}
	b := bufio.NewReader(r)
	begin, err := b.Peek(1)
	if err != nil && err != io.EOF {
		return fmt.Errorf("archive: %s: %w", name, err)
	}
	if a.isDocument(name, h.Size, begin) {
		return a.document(name, b)
	}
	if a.needed != nil && !a.needed[name] {
		return nil
	}
	if err := a.layer(ctx, name, h.Size, b); err != nil && ctx.Err() == nil {
		return fmt.Errorf("layer %s: %w", name, err)
	}
	return nil
}

// isDocument reports whether a file is JSON or another short text: all else is a layer.
func (a *archive) isDocument(name string, size int64, begin []byte) bool {
	base := path.Base(name)
	if size > maxDocument {
		return false
	}
	return strings.HasSuffix(base, ".json") || slices.Contains([]string{"VERSION", "json", "repositories", "oci-layout"}, base) ||
		!strings.HasSuffix(base, ".tar") && len(begin) > 0 && begin[0] == '{'
}

func (a *archive) document(name string, r io.Reader) error {
	total := 0
	for _, d := range a.documents {
		total += len(d)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return fmt.Errorf("archive: %s: %w", name, err)
	}
	if total+len(data) > maxDocuments {
		return errors.New("archive: there is more JSON in it than images have")
	}
	if want := digestOfPath(name); want != "" && digestOf(data) != want {
		return fmt.Errorf("archive: %s is damaged: its content has the digest %s", name, digestOf(data))
	}
	a.documents[name] = data
	return nil
}

// digestOfPath returns the digest that a path names: that of a blob of an OCI layout.
func digestOfPath(name string) string {
	if hex, ok := strings.CutPrefix(name, "blobs/sha256/"); ok && digests.MatchString("sha256:"+hex) {
		return "sha256:" + hex
	}
	return ""
}

// layer uploads a layer, unless what it is called is enough to know that the registry has it.
func (a *archive) layer(ctx context.Context, name string, size int64, r *bufio.Reader) error {
	if l, ok, err := a.recall(ctx, name, size, r); err != nil || ok {
		a.keep(name, l)
		return err
	}
	if err := a.up.acquire(ctx); err != nil {
		return err
	}
	label := a.label(name)
	s, err := spool(r, func(n int64) { a.up.report(Layer{label, Compressing, n, size}) })
	if err != nil {
		a.up.release()
		return err
	}
	if want := digestOfPath(name); want != "" && s.raw != want {
		a.up.release()
		s.discard()
		return fmt.Errorf("it is damaged: its content has the digest %s", s.raw)
	}
	l := layer{s.digest, s.size, s.diffID, s.kind}
	a.keep(name, l)
	if dir := legacyDir(name); dir != "" {
		a.cache.saveLegacy(dir, s.diffID)
	}
	b := &blob{digest: s.digest, size: s.size, open: s.open}
	if old, ok := a.cache.layer(s.diffID); ok && old.Digest == s.digest {
		b.in = old.In
	}
	a.up.add(ctx, b, func(err error) {
		s.discard()
		if err == nil && s.raw == s.diffID {
			a.cache.saveLayer(s.diffID, s.digest, s.size, a.up.name())
		}
	})
	return nil
}

func (a *archive) keep(name string, l layer) {
	a.layers[name] = l
	if d := digestOfPath(name); d != "" {
		a.byDigest[d] = l
	}
}

// label is what a layer is called before its digest is known.
func (a *archive) label(name string) string {
	if d := digestOfPath(name); d != "" {
		return d
	}
	if dir := legacyDir(name); dir != "" {
		return dir
	}
	return path.Base(name)
}

// legacyDir returns the directory of a layer in the layout of Docker before 25: DIRECTORY/layer.tar.
func legacyDir(name string) string {
	dir, base := path.Split(name)
	if dir = strings.TrimSuffix(dir, "/"); base == "layer.tar" && digests.MatchString("sha256:"+dir) {
		return dir
	}
	return ""
}

// recall returns the layer of a path if the registry has it.
func (a *archive) recall(ctx context.Context, name string, size int64, r *bufio.Reader) (layer, bool, error) {
	digest := digestOfPath(name)
	diffID := digest
	if dir := legacyDir(name); dir != "" {
		diffID = a.cache.legacy(dir)
	} else if hex := strings.TrimSuffix(path.Base(name), ".tar"); digests.MatchString("sha256:" + hex) {
		diffID = "sha256:" + hex // as podman and skopeo call them; the configuration must say the same
	}
	if diffID == "" {
		return layer{}, false, nil
	}
	if l, ok := a.cache.layer(diffID); ok {
		there, err := a.up.has(ctx, l.Digest, l.Size)
		if there {
			a.cache.saveLayer(diffID, l.Digest, l.Size, a.up.name())
		}
		return layer{l.Digest, l.Size, diffID, byGzip}, there, err
	}
	begin, _ := r.Peek(4)
	kind := compressionOf(begin)
	if digest == "" || kind == uncompressed {
		return layer{}, false, nil
	}
	there, err := a.up.has(ctx, digest, size)
	return layer{digest: digest, size: size, kind: kind}, there, err
}

// saved is an image of manifest.json; see "docker image save".
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// images returns the images that manifest.json lists, none if there is no manifest.json.
func (a *archive) images() ([]saved, error) {
	data, ok := a.documents["manifest.json"]
	if !ok {
		return nil, nil
	}
	var images []saved
	if err := json.Unmarshal(data, &images); err != nil {
		return nil, fmt.Errorf("archive: manifest.json: %w", err)
	}
	return images, nil
}

// resolve follows the links of the archive.
func (a *archive) resolve(name string) string {
	name = path.Clean(name)
	for range 10 {
		to, ok := a.links[name]
		if !ok {
			break
		}
		name = to
	}
	return name
}
