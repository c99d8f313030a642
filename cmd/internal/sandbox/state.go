package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/aws/smithy-go"
	"github.com/gofrs/flock"
	"github.com/google/renameio/v2/maybe"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// A state is all that an account remembers. What follows from it and the time is not in it: see lifecycle.go.
type state struct {
	Version int                `json:"version"`
	Seed    string             `json:"seed,omitempty"`
	ID      string             `json:"id"` // of this account and no other; nothing that the account says depends on it
	Now     time.Time          `json:"now"`
	Regions map[string]*region `json:"regions"`

	host string // that the client of this request knows the account by
}

// A region is what an account has in one region.
type region struct {
	st   *state
	name string

	Families     map[string]*family      `json:"families,omitempty"`
	Clusters     map[string]*cluster     `json:"clusters,omitempty"`
	Tasks        []*task                 `json:"tasks,omitempty"` // oldest first
	Tags         map[string][]tag        `json:"tags,omitempty"`  // by ARN
	Tokens       map[string]token        `json:"tokens,omitempty"`
	Settings     map[string]string       `json:"settings,omitempty"`
	Services     map[string]*service     `json:"services,omitempty"` // by cluster/name
	LogGroups    map[string]*logGroup    `json:"logGroups,omitempty"`
	Repos        map[string]*repository  `json:"repositories,omitempty"` // by registry/name
	TargetGroups map[string]*targetGroup `json:"targetGroups,omitempty"` // by name
	Serial       uint64                  `json:"serial"`                 // of the last id given out
	Interfaces   int                     `json:"interfaces,omitempty"`   // network interfaces that there have been
}

func newState(o Options) *state {
	return &state{Version: Version, Seed: o.Seed, ID: rand.Text(), Now: o.Start.UTC(), Regions: map[string]*region{}}
}

// region returns what the account has in the region, which has a default cluster.
func (s *state) region(name string) *region {
	r := s.Regions[name]
	if r == nil {
		r = &region{}
		r.attach(s, name)
		r.addCluster("default")
		s.Regions[name] = r
	}
	return r
}

// attach sets what is not in the file, and makes the maps that are empty.
func (r *region) attach(s *state, name string) {
	r.st, r.name = s, name
	fill(&r.Families)
	fill(&r.Clusters)
	fill(&r.Tags)
	fill(&r.Tokens)
	fill(&r.Settings)
	fill(&r.LogGroups)
	fill(&r.Services)
	fill(&r.Repos)
	fill(&r.TargetGroups)
}

func fill[K comparable, V any](m *map[K]V) {
	if *m == nil {
		*m = map[K]V{}
	}
}

// settle lets everything happen that was to happen until now.
func (s *state) settle() {
	for _, name := range s.regionNames() {
		s.Regions[name].settle()
	}
}

func (s *state) regionNames() []string { return slices.Sorted(maps.Keys(s.Regions)) }

func (r *region) now() time.Time { return r.st.Now }

// id returns 32 hexadecimal digits that were not given out before.
func (r *region) id() string {
	r.Serial++
	sum := sha256.Sum256([]byte(r.st.Seed + "/" + r.name + "/" + strconv.FormatUint(r.Serial, 10)))
	return hex.EncodeToString(sum[:16])
}

// uuid returns an id with hyphens.
func (r *region) uuid() string {
	id := r.id()
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// arn returns the name of a resource of ECS.
func (r *region) arn(resource string) string {
	return "arn:aws:ecs:" + r.name + ":" + AccountID + ":" + resource
}

// An sdk is a value of the SDK that is kept in the file as the AWS JSON protocol has it.
type sdk[T any] struct{ v T }

func (s sdk[T]) MarshalJSON() ([]byte, error) {
	v, ok := any(&s.v).(smithy.Serializable)
	if !ok {
		return nil, fmt.Errorf("%T has no form in JSON", s.v)
	}
	return awsjson.Marshal(v), nil
}

func (s *sdk[T]) UnmarshalJSON(data []byte) error { return decode(data, &s.v) }

// A file keeps a state. Its neighbour with the suffix .lock is locked while the state is in use.
type file struct {
	path   string
	flock  *flock.Flock
	loaded os.FileInfo // what the file was when it was last read or written; nil if never
}

func openFile(path string) (*file, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	return &file{path: path, flock: flock.New(path+".lock", flock.SetPermissions(0o600))}, nil
}

func (f *file) lock() (unlock func(), err error) {
	if err := f.flock.Lock(); err != nil {
		return nil, fmt.Errorf("sandbox state: lock: %w", err)
	}
	return func() { _ = f.flock.Unlock() }, nil
}

// load returns the state in the file, or nil if it is what was last loaded or saved.
func (f *file) load(o Options) (*state, error) {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		if f.loaded == nil {
			return nil, nil
		}
		f.loaded = nil
		return newState(o), nil // somebody removed the file
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	if l := f.loaded; l != nil && os.SameFile(l, info) && l.Size() == info.Size() && l.ModTime().Equal(info.ModTime()) {
		return nil, nil
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("sandbox state: %w", err)
	}
	st := &state{}
	if err := json.Unmarshal(data, st); err != nil {
		return nil, fmt.Errorf("sandbox state: %s: %w", f.path, err)
	}
	if st.Version != Version {
		return nil, fmt.Errorf("sandbox state: %s: has version %d, not %d: remove it to start anew",
			f.path, st.Version, Version)
	}
	fill(&st.Regions)
	for name, r := range st.Regions {
		r.attach(st, name)
	}
	f.loaded = info
	return st, nil
}

// save puts the state into the file, in one step: a reader finds the state before or the state after.
func (f *file) save(st *state) error {
	data, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	if err := maybe.WriteFile(f.path, data, 0o600); err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	if f.loaded, err = os.Stat(f.path); err != nil {
		return fmt.Errorf("sandbox state: %w", err)
	}
	return nil
}
