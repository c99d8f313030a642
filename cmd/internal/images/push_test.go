package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

const host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/"

// A world is an account and a client of it.
type world struct {
	*Client
	account *sandbox.Account
	url     string
	t       *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	account := sandbox.New(sandbox.Options{})
	server := httptest.NewServer(account)
	t.Cleanup(server.Close)
	cfg := aws.Config{
		BaseEndpoint: &server.URL, Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	c := NewClient(cfg, Cache(t.TempDir()))
	c.Keychain = authn.NewMultiKeychain()
	c.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return &world{c, account, server.URL, t}
}

// push pushes an image and returns what became of its layers, sorted.
func (w *world) push(ctx context.Context, image string, from Source) (*Pushed, []string, error) {
	w.t.Helper()
	target, err := w.Resolve(ctx, image, Registry{}, Repository{})
	if err != nil {
		return nil, nil, err
	}
	var said []string
	pushed, err := w.Push(ctx, target, image, from, func(l Layer) {
		if l.State != Compressing && l.State != Uploading {
			said = append(said, string(l.State))
		}
	})
	slices.Sort(said)
	return pushed, said, err
}

// check pulls an image with another client, and compares it with what it was made of.
func (w *world) check(image string, x *example) {
	w.t.Helper()
	tok, err := w.token(w.t.Context(), "eu-west-1", false)
	if err != nil {
		w.t.Fatal(err)
	}
	u, _ := url.Parse(w.url)
	ref, err := name.ParseReference(u.Host + "/" + image)
	if err != nil {
		w.t.Fatal(err)
	}
	img, err := remote.Image(ref, remote.WithAuth(&authn.Basic{Username: tok.user, Password: tok.password}))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		w.t.Error(err)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != len(x.layers) {
		w.t.Fatalf("%d layers, %v", len(layers), err)
	}
	for i, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			w.t.Fatal(err)
		}
		got, _ := io.ReadAll(r)
		if !bytes.Equal(got, x.layers[i]) {
			w.t.Errorf("layer %d differs", i)
		}
	}
	if config, _ := img.RawConfigFile(); !bytes.Equal(config, x.config) {
		w.t.Errorf("configuration %s, want %s", config, x.config)
	}
}

// TestLayouts: an image comes back as it was, whatever wrote the archive, from a file, a stream and a compressed file.
func TestLayouts(t *testing.T) {
	for layout, archive := range layouts {
		x := newExample(t, 1, 3)
		data := archive(t, x, "web:1")
		for how, from := range map[string]Source{
			"file": fileSource(write(t, data)), "stream": streamSource{bytes.NewReader(data)},
			"gzip": fileSource(write(t, gzipped(data))),
		} {
			t.Run(layout+" "+how, func(t *testing.T) {
				w := newWorld(t)
				pushed, said, err := w.push(t.Context(), "web:1", from)
				if err != nil {
					t.Fatal(err)
				}
				if pushed.Image != host+"web:1" {
					t.Errorf("pushed %s", pushed.Image)
				}
				if !slices.Equal(said, []string{"pushed", "pushed", "pushed", "pushed", "pushed"}) { // with the configuration
					t.Errorf("layers: %v", said)
				}
				w.check("web:1", x)
				if strings.Contains("containerd buildx", layout) {
					if m := "sha256:" + manifestHex(data); pushed.Digest != m {
						t.Errorf("digest %s, want that of the archive, %s", pushed.Digest, m)
					}
				}
			})
		}
	}
}

// manifestHex finds the digest of the manifest in the index.json of an archive.
func manifestHex(archive []byte) string {
	i := strings.LastIndex(string(archive), `"manifests":`)
	_, after, _ := strings.Cut(string(archive)[i:], `"digest":"sha256:`)
	return after[:64]
}

// TestSecondPush: what the registry has is neither compressed nor sent again, and another repository takes its layers
// if the account lets it.
func TestSecondPush(t *testing.T) {
	for _, layout := range []string{"docker 20", "docker 25", "podman"} {
		t.Run(layout, func(t *testing.T) {
			w := newWorld(t)
			from := fileSource(write(t, layouts[layout](t, newExample(t, 1, 3), "web:1")))
			mustPush := func(image string, want ...string) {
				t.Helper()
				if _, said, err := w.push(t.Context(), image, from); err != nil || !slices.Equal(said, want) {
					t.Errorf("%s: %v, %v, want %v", image, said, err, want)
				}
			}
			mustPush("web:1", "pushed", "pushed", "pushed", "pushed", "pushed")
			there := string(Present)
			mustPush("web:2", there, there, there, there, there)
			mustPush("other:1", "pushed", "pushed", "pushed", "pushed", "pushed")
			_, err := w.ECR("", false).(*ecr.Client).PutAccountSetting(t.Context(), &ecr.PutAccountSettingInput{
				Name: new("BLOB_MOUNTING"), Value: new("ENABLED"),
			})
			if err != nil {
				t.Fatal(err)
			}
			taken := string(Mounted)
			mustPush("third:1", "pushed", taken, taken, taken, taken)
			w.check("third:1", newExample(t, 1, 3))
		})
	}
}

// TestFaults: whatever goes wrong once with whichever request, the image arrives.
func TestFaults(t *testing.T) {
	x := newExample(t, 1, 2)
	data := layouts["docker 25"](t, x, "web:1")
	for _, action := range []string{"HeadBlob", "StartUpload", "PatchUpload", "FinishUpload", "HeadManifest", "PutManifest"} {
		for _, kind := range []sandbox.Kind{
			sandbox.Broken, sandbox.Throttle, sandbox.Cut, sandbox.Lost, sandbox.Half, sandbox.Gone, sandbox.Corrupt, sandbox.Expired,
		} {
			if (kind == sandbox.Half || kind == sandbox.Corrupt) && action != "PatchUpload" {
				continue
			}
			for nth := 1; nth <= 3; nth++ {
				t.Run(fmt.Sprintf("%s %s %d", action, kind, nth), func(t *testing.T) {
					w := newWorld(t)
					if err := w.account.Fail(sandbox.Fault{Action: "registry:" + action, Kind: kind, Nth: nth}); err != nil {
						t.Fatal(err)
					}
					if _, _, err := w.push(t.Context(), "web:1", streamSource{bytes.NewReader(data)}); err != nil {
						t.Fatal(err)
					}
					w.check("web:1", x)
				})
			}
		}
	}
}

// TestResumed: of a layer that broke off only the rest is sent.
func TestResumed(t *testing.T) {
	w := newWorld(t)
	if err := w.account.Fail(sandbox.Fault{Action: "registry:PatchUpload", Kind: sandbox.Half, Nth: 1}); err != nil {
		t.Fatal(err)
	}
	x := newExample(t, 1, 1)
	if _, _, err := w.push(t.Context(), "web:1", streamSource{bytes.NewReader(layouts["docker 25"](t, x, "web:1"))}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, c := range w.account.Calls() {
		if c.Action == "registry:GetUpload" {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the registry was asked %d times how much has arrived, want once", asked)
	}
	w.check("web:1", x)
}

// TestInterrupted: after an interrupt at whichever layer the next push sends what is missing, and no more.
func TestInterrupted(t *testing.T) {
	x := newExample(t, 1, 4)
	data := layouts["docker 25"](t, x, "web:1")
	for after := 1; after <= 5; after++ {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			w := newWorld(t)
			target, err := w.Resolve(t.Context(), "web:1", Registry{}, Repository{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			sent := 0
			_, err = w.Push(ctx, target, "web:1", streamSource{bytes.NewReader(data)}, func(l Layer) {
				if l.State == Uploaded {
					if sent++; sent == after {
						cancel()
					}
				}
			})
			if err == nil {
				t.Fatal("the push was not interrupted")
			}
			_, said, err := w.push(t.Context(), "web:1", streamSource{bytes.NewReader(data)})
			if err != nil {
				t.Fatal(err)
			}
			there := 0
			for _, s := range said {
				if s == string(Present) {
					there++
				}
			}
			if there < after || len(said) != 6 {
				t.Errorf("%d layers were sent before, and then: %v", after, said)
			}
			w.check("web:1", x)
		})
	}
}

// TestDamaged: a layer that is not what the image says is noticed, and nothing gets the tag.
func TestDamaged(t *testing.T) {
	for layout, archive := range layouts {
		t.Run(layout, func(t *testing.T) {
			w := newWorld(t)
			data := archive(t, newExample(t, 1, 2), "web:1")
			i := bytes.LastIndex(data, []byte("file1")) // in the second layer
			if strings.Contains("containerd buildx", layout) {
				i = bytes.Index(data, []byte{0x1f, 0x8b}) + 1000
			}
			data[i] ^= 1
			_, _, err := w.push(t.Context(), "web:1", streamSource{bytes.NewReader(data)})
			if err == nil || !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "corrupt") {
				t.Errorf("got %v, want it to be damaged", err)
			}
			for _, c := range w.account.Calls() {
				if c.Action == "registry:PutManifest" {
					t.Error("a manifest was put")
				}
			}
		})
	}
}

// TestIndexes: an index of a registry or a layout is pushed with all its parts and keeps its digest.
func TestIndexes(t *testing.T) {
	w := newWorld(t)
	if _, err := w.ECR("", false).CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: new("from")}); err != nil {
		t.Fatal(err)
	}
	index, err := random.Index(1000, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	tok, _ := w.token(t.Context(), "eu-west-1", false)
	ref, _ := name.ParseReference(strings.TrimPrefix(w.url, "http://") + "/from:1")
	if err := remote.WriteIndex(ref, index, remote.WithAuth(&authn.Basic{Username: tok.user, Password: tok.password})); err != nil {
		t.Fatal(err)
	}
	from, err := From("docker://"+host+"from:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	pushed, _, err := w.push(t.Context(), "to:1", from)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := index.Digest(); pushed.Digest != want.String() {
		t.Errorf("digest %s, want %s", pushed.Digest, want)
	}
}

// TestDescribeDenied: a repository is made only if ECR says that there is none.
func TestDescribeDenied(t *testing.T) {
	w := newWorld(t)
	if err := w.account.Fail(sandbox.Fault{Action: "ecr:DescribeRepositories", Kind: sandbox.Denied}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Resolve(t.Context(), "web:1", Registry{}, Repository{})
	if err == nil || !strings.HasPrefix(err.Error(), "ecr:DescribeRepositories repository/web: AccessDeniedException: ") {
		t.Errorf("got %v", err)
	}
}

// TestParse: hosts, repositories with slashes, tags and digests are told apart, and ECR's hosts are known.
func TestParse(t *testing.T) {
	sum := sha256.Sum256(nil)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	for in, want := range map[string]Reference{
		"web":                     {Repository: "web"},
		"team/web:1":              {Repository: "team/web", Tag: "1"},
		"localhost:5000/web":      {Host: "localhost:5000", Repository: "web"},
		"ghcr.io/a/b:c@" + digest: {Host: "ghcr.io", Repository: "a/b", Tag: "c", Digest: digest},
		host + "team/web:1": {Host: strings.TrimSuffix(host, "/"), Repository: "team/web", Tag: "1", Account: "111122223333",
			Region: "eu-west-1"},
		"111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com/web": {Host: "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
			Repository: "web", Account: "111122223333", Region: "us-gov-west-1", FIPS: true},
		"111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/web": {Host: "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
			Repository: "web", Account: "111122223333", Region: "cn-north-1"},
		"111122223333.dkr-ecr.eu-west-1.on.aws/web": {Host: "111122223333.dkr-ecr.eu-west-1.on.aws",
			Repository: "web", Account: "111122223333", Region: "eu-west-1"},
	} {
		got, err := Parse(in)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "Web", "web:", "web:a b", "web@sha256:1", "/web", "web/"} {
		if got, err := Parse(in); err == nil {
			t.Errorf("%q: got %+v, want an error", in, got)
		}
	}
}
