package images

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// concurrency is how many blobs are on their way at once: more gained nothing when it was measured.
const concurrency = 4

// A State is how far a layer is.
type State string

// The states of a layer. All but the first two are final.
const (
	Compressing State = "compressing"
	Uploading   State = "uploading"
	Present     State = "is there already"
	Mounted     State = "taken from another repository"
	Uploaded    State = "pushed"
)

// A Layer tells how far a layer is.
type Layer struct {
	Digest string // of the layer in the registry; while it is being compressed, what it is called in its source
	State  State
	Done   int64 // bytes
	Total  int64 // bytes, 0 if nobody knows
}

// An uploader brings blobs into one repository, several at once.
type uploader struct {
	repo   *repo
	group  *errgroup.Group
	slots  chan struct{}
	report func(Layer)

	mu    sync.Mutex
	known map[string]bool // digests that the repository has, or that are on their way
}

func newUploader(ctx context.Context, r *repo, report func(Layer)) (*uploader, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	u := &uploader{repo: r, group: group, slots: make(chan struct{}, concurrency), known: map[string]bool{}}
	var mu sync.Mutex
	u.report = func(l Layer) {
		if report != nil {
			mu.Lock()
			defer mu.Unlock()
			report(l)
		}
	}
	return u, ctx
}

// has reports whether the repository has a blob, or is about to get it.
func (u *uploader) has(ctx context.Context, digest string, size int64) (bool, error) {
	u.mu.Lock()
	known := u.known[digest]
	u.mu.Unlock()
	if known {
		return true, nil
	}
	there, err := u.repo.hasBlob(ctx, digest)
	if err != nil || !there {
		return false, err
	}
	if u.claim(digest) {
		u.report(Layer{digest, Present, size, size})
	}
	return true, nil
}

// claim reports whether a blob is to be dealt with by the caller: nobody else has it in hand.
func (u *uploader) claim(digest string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.known[digest] {
		return false
	}
	u.known[digest] = true
	return true
}

// acquire waits until there are few enough blobs in hand. Whoever calls it calls add, or release.
func (u *uploader) acquire(ctx context.Context) error {
	select {
	case u.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (u *uploader) release() { <-u.slots }

// add uploads a blob while the caller goes on; then done is called, however it ends, and the slot is free.
func (u *uploader) add(ctx context.Context, b *blob, done func(error)) {
	u.group.Go(func() error {
		defer u.release()
		err := u.one(ctx, b)
		if done != nil {
			done(err)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("layer %s: %w", b.digest, err)
		}
		return err
	})
}

func (u *uploader) one(ctx context.Context, b *blob) error {
	if there, err := u.has(ctx, b.digest, b.size); err != nil || there {
		return err
	}
	if !u.claim(b.digest) {
		return nil
	}
	final := Mounted
	err := u.repo.upload(ctx, b, func(n int64) {
		final = Uploaded
		u.report(Layer{b.digest, Uploading, n, b.size})
	})
	if err == nil {
		u.report(Layer{b.digest, final, b.size, b.size})
	}
	return err
}

// wait returns when nothing is on its way any more, with what went wrong first.
func (u *uploader) wait() error { return u.group.Wait() }

// finish waits, and prefers the error of an upload to that of the reader that it made stop.
func (u *uploader) finish(err error) error {
	if waited := u.wait(); waited != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return waited
	}
	return err
}

// name is what the cache calls the repository.
func (u *uploader) name() string { return u.repo.ref.Name() }
