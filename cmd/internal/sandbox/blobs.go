package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// blobs keep contents by digest, "sha256:" and 64 hexadecimal digits.
type blobs interface {
	create() (blobFile, error) // for a content that is to come
	keep(digest string, f blobFile) error
	open(digest string) (io.ReadSeekCloser, error) // fs.ErrNotExist if there is none
	clear() error
}

// A blobFile is a content that is being written.
type blobFile interface {
	io.Writer
	discard()
}

// An upload is a content on its way into a repository.
type upload struct {
	mu   sync.Mutex
	file blobFile
	hash hash.Hash
	size int64
}

func (u *upload) Write(p []byte) (int, error) {
	n, err := u.file.Write(p)
	u.hash.Write(p[:n])
	u.size += int64(n)
	return n, err
}

func (u *upload) digest() string { return "sha256:" + hex.EncodeToString(u.hash.Sum(nil)) }

// uploads are those of this process, by their id.
type uploads struct {
	mu     sync.Mutex
	serial int
	byID   map[string]*upload
}

func (u *uploads) start(b blobs) (string, *upload, error) {
	f, err := b.create()
	if err != nil {
		return "", nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.serial++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", u.serial)
	fill(&u.byID)
	up := &upload{file: f, hash: sha256.New()}
	u.byID[id] = up
	return id, up, nil
}

// get returns an upload, nil if it is unknown.
func (u *uploads) get(id string) *upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.byID[id]
}

func (u *uploads) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byID, id)
}

// memoryBlobs live as long as the process.
type memoryBlobs struct {
	mu   sync.Mutex
	data map[string][]byte
}

type memoryFile struct{ bytes.Buffer }

func (*memoryFile) discard() {}

func (m *memoryBlobs) create() (blobFile, error) { return &memoryFile{}, nil }

func (m *memoryBlobs) keep(digest string, f blobFile) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fill(&m.data)
	m.data[digest] = f.(*memoryFile).Bytes()
	return nil
}

func (m *memoryBlobs) open(digest string) (io.ReadSeekCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.data[digest]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(data), io.NopCloser(nil)}, nil
}

func (m *memoryBlobs) clear() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data = nil
	return nil
}

// dirBlobs live in a directory, each in a file named for its digest.
type dirBlobs string

type diskFile struct{ *os.File }

func (f diskFile) discard() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

func (d dirBlobs) path(digest string) string {
	return filepath.Join(string(d), strings.TrimPrefix(digest, "sha256:"))
}

func (d dirBlobs) create() (blobFile, error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(string(d), "upload-")
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (d dirBlobs) keep(digest string, f blobFile) error {
	file := f.(diskFile)
	if err := file.Close(); err != nil {
		file.discard()
		return err
	}
	return os.Rename(file.Name(), d.path(digest))
}

func (d dirBlobs) open(digest string) (io.ReadSeekCloser, error) { return os.Open(d.path(digest)) }

func (d dirBlobs) clear() error { return os.RemoveAll(string(d)) }
