package images

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An assembled image is what is put into the registry after the layers.
type assembled struct {
	configs   [][]byte
	manifests []manifest // parts before what refers to them; the last one gets the tag
	notes     []string
}

// assemble returns the manifests of the image that the archive was read for, nil in place of a name if it must be its
// only one. An image whose layers are compressed in the archive keeps its digest, and an index stays one; for others
// the manifest is made that Docker makes when it pushes.
func (a *archive) assemble(name string) (*assembled, error) {
	image, err := a.choose(name)
	if err != nil {
		return nil, err
	}
	root, err := a.root(name)
	if err != nil {
		return nil, err
	}
	out := &assembled{}
	if root != nil {
		if ok, err := a.tree(*root, out); err != nil {
			return nil, err
		} else if ok {
			return out, nil
		}
		if image == nil {
			if image, err = a.savedOf(*root); err != nil {
				return nil, err
			}
		}
	}
	if image == nil {
		return nil, errors.New("archive: it has neither manifest.json nor index.json: is it of docker save?")
	}
	return a.rebuild(image)
}

// choose returns the image of manifest.json that is meant.
func (a *archive) choose(name string) (*saved, error) {
	images, err := a.images()
	if err != nil || len(images) == 0 {
		return nil, err
	}
	if len(images) == 1 {
		return &images[0], nil
	}
	var has []string
	for i := range images {
		for _, tag := range images[i].RepoTags {
			if sameName(tag, name) {
				return &images[i], nil
			}
			has = append(has, tag)
		}
	}
	return nil, inputError("archive: it has %d images, and none is %s: it has %s", len(images), name, strings.Join(has, ", "))
}

// sameName reports whether two references mean the same image to Docker.
func sameName(a, b string) bool {
	ra, errA := Parse(a)
	rb, errB := Parse(b)
	if errA != nil || errB != nil {
		return a == b
	}
	fa, fb := ra.full(), rb.full()
	return fa.Name() == fb.Name() && fa.target() == fb.target()
}

// nameAnnotations are where index.json says what an image is called.
var nameAnnotations = []string{"io.containerd.image.name", "org.opencontainers.image.ref.name"}

// root returns what index.json says the image is, nil if there is none.
func (a *archive) root(name string) (*descriptor, error) {
	data, ok := a.documents["index.json"]
	if !ok {
		return nil, nil
	}
	var index contents
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("archive: index.json: %w", err)
	}
	return chooseRoot(index.Manifests, name)
}

func chooseRoot(roots []descriptor, name string) (*descriptor, error) {
	if len(roots) == 1 {
		return &roots[0], nil
	}
	ref, _ := Parse(name)
	for i, d := range roots {
		for _, key := range nameAnnotations {
			if v := d.Annotations[key]; v != "" && (sameName(v, name) || v == ref.Tag) {
				return &roots[i], nil
			}
		}
	}
	return nil, inputError("the layout has %d images, and none is called %s", len(roots), name)
}

// tree adds an image or an index with all its parts, and reports whether it can be pushed as it is.
func (a *archive) tree(d descriptor, out *assembled) (bool, error) {
	data, ok := a.documents["blobs/"+strings.Replace(d.Digest, ":", "/", 1)]
	if !ok {
		return false, nil
	}
	m := manifest{d.MediaType, data}
	c, err := m.read()
	if err != nil {
		return false, fmt.Errorf("archive: %w", err)
	}
	if c.Config != nil {
		return a.image(m, c, out), nil
	}
	var parts []descriptor
	for _, part := range c.Manifests {
		ok, err := a.tree(part, out)
		if err != nil {
			return false, err
		}
		if ok {
			parts = append(parts, part)
		}
	}
	return a.index(m, c, parts, out)
}

// image adds an image if all its parts are in the archive and came as they are.
func (a *archive) image(m manifest, c contents, out *assembled) bool {
	config, ok := a.documents["blobs/"+strings.Replace(c.Config.Digest, ":", "/", 1)]
	if !ok {
		return false
	}
	for _, l := range c.Layers {
		if a.byDigest[l.Digest].digest == l.Digest || len(l.URLs) > 0 {
			continue
		}
		if data, ok := a.documents["blobs/"+strings.Replace(l.Digest, ":", "/", 1)]; ok {
			out.configs = append(out.configs, data) // an attestation
			continue
		}
		return false
	}
	out.configs = append(out.configs, config)
	out.manifests = append(out.manifests, m)
	return true
}

// index adds an index with the parts that are there: engines save those platforms that they have.
func (a *archive) index(m manifest, c contents, parts []descriptor, out *assembled) (bool, error) {
	if len(parts) == len(c.Manifests) {
		out.manifests = append(out.manifests, m)
		return true, nil
	}
	var images []descriptor
	for _, p := range parts {
		if p.Annotations["vnd.docker.reference.type"] == "" {
			images = append(images, p)
		}
	}
	if len(images) == 0 {
		return false, nil
	}
	var names []string
	for _, p := range images {
		if p.Platform != nil {
			names = append(names, p.Platform.String())
		}
	}
	out.notes = append(out.notes, fmt.Sprintf("the image has %d parts, of which %d are here: pushed for %s",
		len(c.Manifests), len(parts), strings.Join(names, ", ")))
	if len(images) == 1 {
		i := slices.IndexFunc(out.manifests, func(m manifest) bool { return m.digest() == images[0].Digest })
		out.manifests = append(slices.Delete(out.manifests, i, i+1), out.manifests[i])
		return true, nil
	}
	c.Manifests = parts
	data, err := json.Marshal(c)
	if err != nil {
		return false, err
	}
	out.manifests = append(out.manifests, manifest{m.mediaType, data})
	return true, nil
}

// savedOf returns what manifest.json would say of an image of index.json.
func (a *archive) savedOf(d descriptor) (*saved, error) {
	blob := func(digest string) string { return "blobs/" + strings.Replace(digest, ":", "/", 1) }
	data, ok := a.documents[blob(d.Digest)]
	if !ok {
		return nil, fmt.Errorf("archive: %s is missing, which index.json refers to", d.Digest)
	}
	c, err := manifest{d.MediaType, data}.read()
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if c.Config == nil {
		return nil, errors.New("archive: not all parts of its images are there")
	}
	s := &saved{Config: blob(c.Config.Digest)}
	for _, l := range c.Layers {
		s.Layers = append(s.Layers, blob(l.Digest))
	}
	return s, nil
}

// rebuild makes the manifest of an image whose layers were compressed on the way; see "Image Manifest Version 2, Schema
// 2" of Docker. Layers by zstd are only known to OCI's.
func (a *archive) rebuild(s *saved) (*assembled, error) {
	config, ok := a.documents[a.resolve(s.Config)]
	if !ok {
		return nil, fmt.Errorf("archive: the configuration %s is missing", s.Config)
	}
	if want := strings.TrimSuffix(path.Base(s.Config), ".json"); digests.MatchString("sha256:"+want) &&
		digestOf(config) != "sha256:"+want {
		return nil, fmt.Errorf("archive: %s is damaged: its content has the digest %s", s.Config, digestOf(config))
	}
	var layers []layer
	for _, name := range s.Layers {
		l, ok := a.layers[a.resolve(name)]
		if !ok {
			return nil, fmt.Errorf("archive: the layer %s is missing", name)
		}
		layers = append(layers, l)
	}
	m, err := newManifest(config, layers)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	a.cache.saveConfig(config)
	return &assembled{configs: [][]byte{config}, manifests: []manifest{m}}, nil
}

// newManifest returns the manifest of a configuration and its layers, which have to be those that it names.
func newManifest(config []byte, layers []layer) (manifest, error) {
	var v struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(config, &v); err != nil {
		return manifest{}, fmt.Errorf("configuration: %w", err)
	}
	if len(v.RootFS.DiffIDs) != len(layers) {
		return manifest{}, fmt.Errorf("the configuration names %d layers, and there are %d", len(v.RootFS.DiffIDs), len(layers))
	}
	oci := slices.ContainsFunc(layers, func(l layer) bool { return l.kind == byZstd })
	manifestType, configType, layerType := types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer
	if oci {
		manifestType, configType, layerType = types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer
	}
	c := contents{SchemaVersion: 2, MediaType: string(manifestType), Config: &descriptor{
		MediaType: string(configType), Size: int64(len(config)), Digest: digestOf(config),
	}}
	for i, l := range layers {
		if want := v.RootFS.DiffIDs[i]; l.diffID != "" && l.diffID != want {
			return manifest{}, fmt.Errorf("layer %d is damaged: its content has the digest %s, not %s", i+1, l.diffID, want)
		}
		d := descriptor{MediaType: string(layerType), Size: l.size, Digest: l.digest}
		if l.kind == byZstd {
			d.MediaType = string(types.OCILayerZStd)
		}
		c.Layers = append(c.Layers, d)
	}
	data, err := json.Marshal(c)
	return manifest{string(manifestType), data}, err
}
