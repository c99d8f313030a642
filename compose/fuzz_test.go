package compose

import (
	"bytes"
	"context"
	"go/token"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"

	"github.com/ecsctl/ecsctl/compose/composetest"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// FuzzLoad: no text makes the loader panic, and what it takes without an error is a model.
func FuzzLoad(f *testing.F) {
	logrus.SetOutput(io.Discard)
	for _, dir := range []string{"load", "keys", "conformance"} {
		for _, a := range composetest.All(f, "../testdata/"+dir) {
			for _, file := range a.Files {
				if strings.HasSuffix(file.Name, ".yaml") || strings.HasSuffix(file.Name, ".yml") {
					f.Add(file.Data)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Options{Files: []string{"-"}, Name: "p", Dir: "/nonexistent", Stdin: bytes.NewReader(data)}
		p, diags, err := Load(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if p == nil || diags.HasErrors() {
			return
		}
		if _, err := p.MarshalJSON(); err != nil {
			t.Error(err)
		}
	})
}

var noPos token.Position

// service returns the service web of a file in which the key has a string or a list of one as its value.
func service(t *testing.T, key, text string, list bool) (types.ServiceConfig, diag.List) {
	t.Helper()
	n := source.NewString(noPos, text)
	if list {
		n = &source.Node{Kind: source.Sequence, Items: []*source.Node{n}}
	}
	web := source.NewMapping(noPos, source.F("image", source.NewString(noPos, "x")), source.F(key, n))
	doc := source.NewMapping(noPos, source.F("services", source.NewMapping(noPos, source.F("web", web))))
	var diags diag.List
	l := &loader{ctx: context.Background(), diags: &diags}
	s := &scope{dir: "/nonexistent", bases: map[string]*extender{}}
	doc, _ = l.document(doc, "f.yml", s, false, false)
	return l.model(doc, s, "p", Options{}).Services["web"], diags
}

func FuzzPorts(f *testing.F) {
	for _, s := range []string{
		"80", "80:80", "8080:80/udp", "127.0.0.1:80:80", "[::1]:53:53/udp", "8000-8010:80", "1-3:1-3", "80:x", ":", "0:0", "-1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		web, diags := service(t, "ports", s, true)
		if diags.HasErrors() {
			return
		}
		for _, p := range web.Ports {
			if p.Target < 1 || p.Target > 65535 {
				t.Errorf("%q has the port %d", s, p.Target)
			}
		}
	})
}

func FuzzVolumes(f *testing.F) {
	for _, s := range []string{
		"/a", "a:/a", "./a:/a:ro", "~/a:/a", `C:\a:/a`, `C:\a:D:\b:ro`, "a:/a:ro,z", ":", "::", "a:", "//a:/b", "a:/a:b:c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		web, diags := service(t, "volumes", s, true)
		if diags.HasErrors() {
			return
		}
		for _, v := range web.Volumes {
			if v.Target == "" || v.Type == "" {
				t.Errorf("%q has the mount %+v", s, v)
			}
		}
	})
}

// decodable is a type of compose-go that reads text by itself.
type decodable interface{ DecodeMapstructure(value any) error }

// readAs decodes text into v, and reports whether it could.
func readAs(text string, v any) bool {
	var diags diag.List
	decoder(&diags).Decode(source.NewString(noPos, text), nil, v)
	return !diags.HasErrors()
}

// fuzzScalar holds what we read of a scalar against what compose-go reads.
func fuzzScalar[T any, P interface {
	*T
	decodable
}](f *testing.F, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var ours, theirs T
		if readAs(s, &ours) && P(&theirs).DecodeMapstructure(s) == nil && !reflect.DeepEqual(ours, theirs) {
			t.Errorf("%q is %v, compose-go says %v", s, ours, theirs)
		}
	})
}

func FuzzDurations(f *testing.F) {
	fuzzScalar[types.Duration](f, "1m30s", "90s", "1h", "5", "1d", "-1s", "1.5s", "", "1us", "9999999999h")
}

func FuzzSizes(f *testing.F) {
	fuzzScalar[types.UnitBytes](f, "512m", "1.5g", "1024", "1kb", "-1", "", "1 GB", "9999999999999999999", "1e3", "0x10")
}

// FuzzCommand: a command that is split and joined with quotes is split the same way again.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"a b", `a "b c"`, `'a b' c`, `a\ b`, `"a\"b"`, `"`, "a && b", "a\tb\nc", `""`, `'a'"b"c`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		words, err := SplitCommand(s)
		if err != nil {
			return
		}
		var quoted []string
		for _, w := range words {
			quoted = append(quoted, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
		}
		again, err := SplitCommand(strings.Join(quoted, " "))
		if err != nil || len(again) != len(words) {
			t.Fatalf("%q: %q, then %q: %v", s, words, again, err)
		}
		for i := range words {
			if words[i] != again[i] {
				t.Errorf("%q: %q, then %q", s, words, again)
			}
		}
	})
}
