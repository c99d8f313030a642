package sandbox

import (
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	// AccountID is the number of the account.
	AccountID = "111122223333"
	// Principal is who every caller is.
	Principal = "arn:aws:sts::" + AccountID + ":assumed-role/sandbox/you"
	// Version is the version of the state, of the control endpoints and of the labels.
	Version = 1

	step = 10 * time.Millisecond // what a request that changes something advances the clock by
)

// epoch is when a new account's clock starts.
var epoch = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// Options are the circumstances of an account. The zero value works.
type Options struct {
	Start time.Time // of the clock of a new account; 2026-01-05T09:00:00Z if zero
	Seed  string    // of the ids that the account gives out: the same seed and requests give the same ids
}

// An Account is an AWS account. It is an http.Handler, safe for concurrent use, and one request at a time is served.
type Account struct {
	mu     sync.Mutex
	opts   Options
	st     *state
	file   *file // nil if the account lives in memory
	calls  []Call
	faults []*armed

	blobs   blobs // layers and configurations of images
	uploads uploads
}

// New returns an account that lives in memory.
func New(o Options) *Account {
	if o.Start.IsZero() {
		o.Start = epoch
	}
	return &Account{opts: o, st: newState(o), blobs: &memoryBlobs{}}
}

// Open returns the account whose state is kept in the file at path, which is made, with its directory, when something
// first changes. Any number of processes may have it open.
func Open(path string, o Options) (*Account, error) {
	a := New(o)
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	a.file, a.blobs = f, dirBlobs(strings.TrimSuffix(path, filepath.Ext(path))+".blobs")
	return a, a.locked(reading, func() error { return nil })
}

// Now returns the time on the account's clock. The clock goes by what happens, not by the wall: it stands still but for
// Advance and the hundredth of a second that a request takes that changes something.
func (a *Account) Now() time.Time {
	var now time.Time
	_ = a.locked(reading, func() error { now = a.st.Now; return nil })
	return now
}

// Advance moves the clock by d, and what was to happen in that time happens.
func (a *Account) Advance(d time.Duration) error {
	return a.locked(writing, func() error {
		a.st.Now = a.st.Now.Add(max(d, 0))
		a.st.settle()
		return nil
	})
}

// Reset forgets everything: the account is as New returned it. Calls and faults are forgotten too.
func (a *Account) Reset() error {
	return a.locked(writing, func() error {
		a.st, a.calls, a.faults = newState(a.opts), nil, nil
		return a.blobs.clear()
	})
}

// An access says whether what is done under the lock is to be kept.
type access int

const (
	reading access = iota
	writing
)

// locked does something with the state, which is that of the file and afterwards in the file. An error of do leaves the
// file as it was.
func (a *Account) locked(how access, do func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return do()
	}
	unlock, err := a.file.lock()
	if err != nil {
		return err
	}
	defer unlock()
	st, err := a.file.load(a.opts)
	if err != nil {
		return err
	}
	if st != nil {
		a.st = st
	}
	if err := do(); err != nil || how == reading {
		return err
	}
	if err := a.file.save(a.st); err != nil {
		a.st, a.file.loaded = newState(a.opts), nil // what is in the file counts
		return err
	}
	return nil
}
