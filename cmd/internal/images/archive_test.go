package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// An entry is a file of an archive, or a link.
type entry struct {
	name, link string
	data       []byte
}

func tarOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Size: int64(len(e.data)), Mode: 0o644, Typeflag: tar.TypeReg}
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An example is an image whose layers are known.
type example struct {
	layers [][]byte
	config []byte
}

func hexOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// newExample returns an image of n layers and, at its end, an empty one that is there twice.
func newExample(t *testing.T, seed uint64, n int) *example {
	t.Helper()
	x := &example{}
	random := rand.New(rand.NewPCG(seed, 1))
	var ids []string
	for i := range n + 2 {
		var l []byte
		if i < n {
			data := make([]byte, 50_000+i*1000)
			for j := range data {
				data[j] = byte(random.Uint32() % 64)
			}
			l = tarOf(t, entry{name: fmt.Sprintf("file%d", i), data: data})
		} else {
			l = tarOf(t)
		}
		x.layers = append(x.layers, l)
		ids = append(ids, "sha256:"+hexOf(l))
	}
	x.config, _ = json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "rootfs": map[string]any{"type": "layers", "diff_ids": ids},
	})
	return x
}

func manifestJSON(tag, config string, layers []string) []byte {
	data, _ := json.Marshal([]saved{{Config: config, RepoTags: []string{tag}, Layers: layers}})
	return data
}

// layouts are what engines and other tools write.
var layouts = map[string]func(*testing.T, *example, string) []byte{
	"docker 20": func(t *testing.T, x *example, tag string) []byte {
		var entries []entry
		var names []string
		for i, l := range x.layers {
			dir := hexOf(fmt.Appendf(nil, "%d %s", i, hexOf(l)))
			e := entry{name: dir + "/layer.tar", data: l}
			if i == len(x.layers)-1 {
				e.link, e.data = "../"+strings.TrimSuffix(names[i-1], "/layer.tar")+"/layer.tar", nil
			}
			entries = append(entries, entry{name: dir + "/VERSION", data: []byte("1.0")}, entry{name: dir + "/json", data: []byte("{}")}, e)
			names = append(names, dir+"/layer.tar")
		}
		config := hexOf(x.config) + ".json"
		return tarOf(t, append(entries, entry{name: config, data: x.config},
			entry{name: "manifest.json", data: manifestJSON(tag, config, names)}, entry{name: "repositories", data: []byte("{}")})...)
	},
	"docker 25": func(t *testing.T, x *example, tag string) []byte {
		return ociArchive(t, x, tag, func(l []byte) []byte { return l }, "application/vnd.oci.image.layer.v1.tar", true)
	},
	"containerd": func(t *testing.T, x *example, tag string) []byte {
		return ociArchive(t, x, tag, gzipped, "application/vnd.oci.image.layer.v1.tar+gzip", true)
	},
	"buildx": func(t *testing.T, x *example, tag string) []byte {
		return ociArchive(t, x, tag, gzipped, "application/vnd.oci.image.layer.v1.tar+gzip", false)
	},
	"uncompressed": func(t *testing.T, x *example, tag string) []byte {
		return ociArchive(t, x, tag, func(l []byte) []byte { return l }, "application/vnd.oci.image.layer.v1.tar", false)
	},
	"podman": func(t *testing.T, x *example, tag string) []byte {
		var entries []entry
		var names []string
		for i, l := range x.layers {
			name := hexOf(l) + ".tar"
			if i != len(x.layers)-1 {
				entries = append(entries, entry{name: name, data: l})
			}
			names = append(names, name)
		}
		config := hexOf(x.config) + ".json"
		return tarOf(t, append(entries, entry{name: config, data: x.config},
			entry{name: "manifest.json", data: manifestJSON(tag, config, names)})...)
	},
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// ociArchive returns an OCI layout in an archive, with the manifest.json that Docker adds.
func ociArchive(
	t *testing.T, x *example, tag string, pack func([]byte) []byte, layerType string, docker bool,
) []byte {
	var entries []entry
	blob := func(data []byte) string {
		name := "blobs/sha256/" + hexOf(data)
		entries = append(entries, entry{name: name, data: data})
		return name
	}
	c := contents{SchemaVersion: 2, MediaType: "application/vnd.oci.image.manifest.v1+json", Config: &descriptor{
		MediaType: "application/vnd.oci.image.config.v1+json", Digest: "sha256:" + hexOf(x.config), Size: int64(len(x.config)),
	}}
	config := blob(x.config)
	var names []string
	for i, l := range x.layers {
		packed := pack(l)
		c.Layers = append(c.Layers, descriptor{MediaType: layerType, Digest: "sha256:" + hexOf(packed), Size: int64(len(packed))})
		names = append(names, "blobs/sha256/"+hexOf(packed))
		if i != len(x.layers)-1 {
			blob(packed)
		}
	}
	data, _ := json.Marshal(c)
	blob(data)
	index, _ := json.Marshal(contents{SchemaVersion: 2, Manifests: []descriptor{{
		MediaType: c.MediaType, Digest: "sha256:" + hexOf(data), Size: int64(len(data)),
		Annotations: map[string]string{"org.opencontainers.image.ref.name": tag},
	}}})
	entries = append(entries, entry{name: "index.json", data: index})
	if docker {
		entries = append(entries, entry{name: "manifest.json", data: manifestJSON(tag, config, names)})
	}
	return tarOf(t, append(entries, entry{name: "oci-layout", data: []byte(`{"imageLayoutVersion":"1.0.0"}`)})...)
}

// write writes a file and returns its path.
func write(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
