package images

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// put pushes something with another client and returns its digest.
func (w *world) pushIndex(tag string, parts int64) (digest string, children []string) {
	w.t.Helper()
	index, err := random.Index(100, 1, parts)
	if err != nil {
		w.t.Fatal(err)
	}
	tok, err := w.token(w.t.Context(), "eu-west-1", false)
	if err != nil {
		w.t.Fatal(err)
	}
	ref, _ := name.ParseReference(w.url[len("http://"):] + "/web:" + tag)
	if err := remote.WriteIndex(ref, index, remote.WithAuth(&authn.Basic{Username: tok.user, Password: tok.password})); err != nil {
		w.t.Fatal(err)
	}
	m, _ := index.IndexManifest()
	for _, d := range m.Manifests {
		children = append(children, d.Digest.String())
	}
	h, _ := index.Digest()
	return h.String(), children
}

// sweep returns the digests that are to be deleted, in their order, and the reasons why others are not.
func (w *world) sweep(rule Rule, uses ...Use) (doomed, kept []string) {
	w.t.Helper()
	found, err := w.Sweep(w.t.Context(), Registry{}, []string{"web"}, rule, uses)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range found {
		if d.Kept != "" {
			kept = append(kept, d.Kept)
		} else {
			doomed = append(doomed, d.Digest)
		}
	}
	return doomed, kept
}

// TestSweepIndexes: the parts of an index, which have no tag, stay as long as it does, and go after it. What runs stays,
// whether a tag or a digest says so, that of the index or that of a part.
func TestSweepIndexes(t *testing.T) {
	w := newWorld(t)
	if _, err := w.ECR("", false).CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: new("web")}); err != nil {
		t.Fatal(err)
	}
	one, parts := w.pushIndex("1", 2)
	two, others := w.pushIndex("2", 2)
	now := w.account.Now()
	if doomed, kept := w.sweep(Rule{Untagged: true, Now: now}); len(doomed)+len(kept) > 0 {
		t.Errorf("parts of what has a tag: %v, %v", doomed, kept)
	}
	if doomed, _ := w.sweep(Rule{OlderThan: time.Hour, Now: now}); len(doomed) > 0 {
		t.Errorf("too young: %v", doomed)
	}
	rule := Rule{OlderThan: time.Hour, Now: now.Add(2 * time.Hour)}
	for _, image := range []string{host + "web:1", host + "web@" + one} {
		doomed, kept := w.sweep(rule, Use{image, "task/1"})
		if len(doomed) != 3 || doomed[0] != two || !slices.Equal(kept, []string{"task/1"}) {
			t.Errorf("%s in use: %v are to go, %v stay", image, doomed, kept)
		}
	}
	doomed, kept := w.sweep(rule, Use{host + "web@" + parts[0], "task/2"})
	if slices.Contains(doomed, parts[0]) || !slices.Contains(kept, "task/2") {
		t.Errorf("a part in use: %v are to go, %v stay", doomed, kept)
	}
	if doomed, _ := w.sweep(Rule{Keep: 1}); !slices.Equal(doomed[:1], []string{one}) || len(doomed) != 3 {
		t.Errorf("all but the latest: %v", doomed)
	}
	// Another registry's image of the same name keeps nothing.
	if doomed, _ := w.sweep(rule, Use{"999988887777.dkr.ecr.eu-west-1.amazonaws.com/web:1", "task/3"}); len(doomed) != 6 {
		t.Errorf("%v are to go", doomed)
	}
	failed, err := w.Delete(t.Context(), Registry{}, "web", append([]string{two}, others...))
	if err != nil || len(failed) > 0 {
		t.Errorf("%v, %v", failed, err)
	}
	if failed, _ := w.Delete(t.Context(), Registry{}, "web", parts[:1]); len(failed) != 1 {
		t.Errorf("a part without its index: %v", failed)
	}
}
