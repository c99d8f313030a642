package deploy

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// A Cache remembers the fingerprints of revisions, one file for each family. A revision never changes, so what it
// remembers stays true; without it revisions are described once more. "" remembers nothing. What cannot be read or
// written is the same as nothing remembered.
type Cache string

func (c Cache) file(family string) string { return filepath.Join(string(c), family+".json") }

// load returns the fingerprints of a family's revisions by ARN.
func (c Cache) load(family string) map[string]string {
	known := map[string]string{}
	if c == "" {
		return known
	}
	data, err := os.ReadFile(c.file(family))
	if err != nil || json.Unmarshal(data, &known) != nil {
		return map[string]string{}
	}
	maps.DeleteFunc(known, func(_, fp string) bool { return !strings.HasPrefix(fp, fingerprintVersion) })
	return known
}

// save remembers the fingerprints of a family's revisions, and forgets all others.
func (c Cache) save(family string, known map[string]string) {
	if c == "" || len(known) == 0 || maps.Equal(known, c.load(family)) {
		return
	}
	data, err := json.Marshal(known)
	if err != nil || os.MkdirAll(string(c), 0o700) != nil {
		return
	}
	_ = renameio.WriteFile(c.file(family), append(data, '\n'), 0o600) // the next run describes again
}
