package images

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// compressor names how layers are compressed. What another one made is not mixed in.
const compressor = "klauspost-gzip-2"

// A Cache remembers, in a directory, what layers and configurations come to: content that never changes. It is safe to
// delete; "" remembers nothing, and what cannot be read or written is the same as nothing remembered.
type Cache string

// A cachedLayer is what a layer is after compression.
type cachedLayer struct {
	Digest string   `json:"digest"`
	Size   int64    `json:"size"`
	In     []string `json:"in,omitempty"` // HOST/REPOSITORY that have it, the latest first
}

// maxIn is how many repositories are remembered of a layer.
const maxIn = 8

func (c Cache) path(kind, digest string) string {
	return filepath.Join(string(c), kind, strings.TrimPrefix(digest, "sha256:"))
}

func (c Cache) read(kind, digest string) []byte {
	if c == "" {
		return nil
	}
	data, err := os.ReadFile(c.path(kind, digest))
	if err != nil {
		return nil
	}
	return data
}

func (c Cache) write(kind, digest string, data []byte) {
	path := c.path(kind, digest)
	if c == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	// Nothing is flushed to the disk: that would wait for the layers, and what is lost is found out again.
	f, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if closed := f.Close(); err != nil || closed != nil || os.Rename(f.Name(), path) != nil {
		_ = os.Remove(f.Name())
	}
}

// layer returns what the layer of an uncompressed digest is.
func (c Cache) layer(diffID string) (cachedLayer, bool) {
	var l cachedLayer
	err := json.Unmarshal(c.read(compressor, diffID), &l)
	return l, err == nil && digests.MatchString(l.Digest) && l.Size > 0
}

// saveLayer remembers what a layer came to, and a repository that has it.
func (c Cache) saveLayer(diffID, digest string, size int64, in string) {
	old, ok := c.layer(diffID)
	l := cachedLayer{Digest: digest, Size: size, In: []string{in}}
	if ok && old.Digest == digest {
		if len(old.In) > 0 && old.In[0] == in {
			return
		}
		others := slices.DeleteFunc(old.In, func(s string) bool { return s == in })
		l.In = append(l.In, others[:min(len(others), maxIn-1)]...)
	}
	data, _ := json.Marshal(l)
	c.write(compressor, diffID, data)
}

// config returns the configuration of an image by its digest, nil if it is unknown.
func (c Cache) config(digest string) []byte {
	data := c.read("configs", digest)
	if data == nil || digestOf(data) != digest {
		return nil
	}
	return data
}

func (c Cache) saveConfig(data []byte) { c.write("configs", digestOf(data), data) }

// legacy returns the uncompressed digest of the layer that old engines save in a directory of this name. The name
// follows from the layer's content and that of all layers below it.
func (c Cache) legacy(dir string) string {
	if id := string(c.read("legacy", dir)); digests.MatchString(id) {
		return id
	}
	return ""
}

func (c Cache) saveLegacy(dir, diffID string) { c.write("legacy", dir, []byte(diffID)) }

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
