package diag

import (
	"go/token"
	"testing"
)

func TestSuggest(t *testing.T) {
	keys := []string{"image", "ports", "healthcheck", "deploy", "env_file"}
	for word, want := range map[string]string{
		"imgae": ` (did you mean "image"?)`, "port": ` (did you mean "ports"?)`, "helthchek": ` (did you mean "healthcheck"?)`,
		"env-file": ` (did you mean "env_file"?)`, "volumes": "", "": "", "x": "",
		"health": ` (did you mean "healthcheck"?)`, "env": ` (did you mean "env_file"?)`, "de": "",
	} {
		if got := Suggest(word, keys); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestSort(t *testing.T) {
	at := func(file string, line int) token.Position {
		return token.Position{Filename: file, Line: line, Column: 1}
	}
	var l List
	l.Addf(at("b.yml", 1), Error, "T01", "x", "second file")
	l.Addf(at("a.yml", 10), Note, "T01", "x", "line ten")
	l.Addf(at("a.yml", 9), Note, "T02", "x", "a note")
	l.Addf(at("a.yml", 9), Error, "T03", "x", "an error")
	l.Addf(at("a.yml", 10), Note, "T01", "x", "line ten")
	l.Addf(token.Position{}, Warning, "C05", "", "no file")
	l.Sort()
	want := []string{
		"warning: no file [C05]",
		"a.yml:9:1: error: x: an error [T03]",
		"a.yml:9:1: note: x: a note [T02]",
		"a.yml:10:1: note: x: line ten [T01]",
		"b.yml:1:1: error: x: second file [T01]",
	}
	if len(l) != len(want) {
		t.Fatalf("got %v", l)
	}
	for i, d := range l {
		if d.String() != want[i] {
			t.Errorf("got  %s\nwant %s", d, want[i])
		}
	}
	if l.Count(Note) != 2 || !l.HasErrors() {
		t.Errorf("counts %d notes, errors %v", l.Count(Note), l.HasErrors())
	}
}

// TestFollow: what follows from a mistake is left out; what stands beside it, or beside a warning, is not.
func TestFollow(t *testing.T) {
	at := func(file string) token.Position { return token.Position{Filename: file, Line: 1, Column: 1} }
	var l, later List
	l.Addf(at("a.yml"), Error, "C10", "web.retries", "no number")
	l.Addf(at("a.yml"), Warning, "C04", "web.image", "not set")
	l.Addf(at("a.yml"), Error, "C09", "", "no YAML")
	for _, path := range []string{"web.retries", "web.image", "web", ""} {
		later.Addf(at("a.yml"), Error, "T12", path, "out of its limits")
	}
	later.Addf(at("b.yml"), Error, "T12", "web.retries", "out of its limits")
	l.Follow(later)
	if len(l) != 7 {
		t.Errorf("got %v", l)
	}
}
