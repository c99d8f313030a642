// Package composetest keeps the projects of tests in txtar archives: the files of a project, and in files whose names
// begin with want what is expected of it.
package composetest

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// An Archive is a project with what is expected of it.
type Archive struct {
	*txtar.Archive
	Name string // of the file, without .txtar
	path string
}

// All returns the archives of a directory, sorted by name. It is an error if there are none.
func All(t testing.TB, dir string) []*Archive {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives in %s: %v", dir, err)
	}
	all := make([]*Archive, len(paths))
	for i, p := range paths {
		a, err := txtar.ParseFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = &Archive{a, strings.TrimSuffix(filepath.Base(p), ".txtar"), p}
	}
	return all
}

// File returns the contents of a file of the archive, or "".
func (a *Archive) File(name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// Extract writes the files of the archive below the directory from, "" for all, into dir.
func (a *Archive) Extract(t testing.TB, from, dir string) {
	t.Helper()
	for _, f := range a.Files {
		name, ok := strings.CutPrefix(f.Name, from)
		if !ok || isWanted(f.Name) {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func isWanted(name string) bool { return strings.HasPrefix(path.Base(name), "want") }

// Compare compares results with those the archive wants, by file. With update it writes them into the archive instead.
func (a *Archive) Compare(t testing.TB, results map[string]string, update bool) {
	t.Helper()
	wanted := map[string]string{}
	var kept []txtar.File
	for _, f := range a.Files {
		if isWanted(f.Name) {
			wanted[f.Name] = string(f.Data)
		} else {
			kept = append(kept, f)
		}
	}
	if !update {
		if diff := cmp.Diff(wanted, results); diff != "" {
			t.Errorf("wanted (-) and actual (+) differ:\n%s", diff)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(results)) {
		kept = append(kept, txtar.File{Name: name, Data: []byte(results[name])})
	}
	data := txtar.Format(&txtar.Archive{Comment: a.Comment, Files: kept})
	if err := os.WriteFile(a.path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
