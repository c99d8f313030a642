package main_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
)

// imageCommands let a script have images, an engine that has them, and repositories.
var imageCommands = map[string]command{
	"archive":    writeArchive,
	"engine":     startEngine,
	"repository": createRepository,
	"untag":      pushUntagged,
}

// A savedImage is an image as docker save writes it.
type savedImage struct {
	id      string
	layers  []string // digests
	archive []byte
}

// newImage returns an image for a platform with a layer for each text.
func newImage(image, platform string, texts ...string) *savedImage {
	osName, arch, _ := strings.Cut(platform, "/")
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, data []byte) {
		_ = w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644, Typeflag: tar.TypeReg})
		_, _ = w.Write(data)
	}
	blob := func(data []byte) string {
		sum := sha256.Sum256(data)
		add("blobs/sha256/"+hex.EncodeToString(sum[:]), data)
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	i := &savedImage{}
	var files []string
	for _, text := range texts {
		var layer bytes.Buffer
		l := tar.NewWriter(&layer)
		_ = l.WriteHeader(&tar.Header{Name: "file", Size: int64(len(text)), Mode: 0o644, Typeflag: tar.TypeReg})
		_, _ = l.Write([]byte(text))
		_ = l.Close()
		i.layers = append(i.layers, blob(layer.Bytes()))
		files = append(files, "blobs/sha256/"+strings.TrimPrefix(i.layers[len(i.layers)-1], "sha256:"))
	}
	config, _ := json.Marshal(map[string]any{
		"architecture": arch, "os": osName, "rootfs": map[string]any{"type": "layers", "diff_ids": i.layers},
	})
	i.id = blob(config)
	manifest, _ := json.Marshal([]map[string]any{{
		"Config": "blobs/sha256/" + strings.TrimPrefix(i.id, "sha256:"), "RepoTags": []string{image}, "Layers": files,
	}})
	add("manifest.json", manifest)
	_ = w.Close()
	i.archive = b.Bytes()
	return i
}

// writeArchive writes an archive of docker save: archive FILE IMAGE PLATFORM TEXT...
func writeArchive(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), newImage(args[1], args[2], args[3:]...).archive, 0o600))
}

// An engine is a Docker engine that has images and can do nothing with them.
type engine struct {
	mu     sync.Mutex
	images map[string]*savedImage
}

// startEngine starts an engine that has images for linux/amd64: engine IMAGE... Their layers are made of their names.
func startEngine(ts *testscript.TestScript, _ bool, args []string) {
	e := &engine{images: map[string]*savedImage{}}
	for _, image := range args {
		e.images[image] = newImage(image, "linux/amd64", "base", image)
	}
	server := httptest.NewServer(e)
	ts.Defer(server.Close)
	ts.Setenv("DOCKER_HOST", "tcp://"+strings.TrimPrefix(server.URL, "http://"))
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1.44")
	image, action := strings.TrimPrefix(path, "/images/"), ""
	if i := strings.LastIndex(image, "/"); i >= 0 {
		image, action = image[:i], image[i+1:]
	}
	i := e.images[image]
	switch {
	case path == "/_ping":
		w.Header().Set("Api-Version", "1.44")
	case path == "/images/create":
		e.create(w, r)
	case i == nil:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"message": "No such image: %s"}`, image)
	case action == "json":
		_ = json.NewEncoder(w).Encode(map[string]any{"Id": i.id, "RootFS": map[string]any{"Layers": i.layers}})
	case action == "get":
		_, _ = w.Write(i.archive)
	case action == "tag":
		e.images[r.FormValue("repo")+":"+r.FormValue("tag")] = i
		w.WriteHeader(http.StatusCreated)
	}
}

// create pulls an image, with the credentials that came with the request.
func (e *engine) create(w http.ResponseWriter, r *http.Request) {
	var login authn.AuthConfig
	data, _ := base64.URLEncoding.DecodeString(r.Header.Get("X-Registry-Auth"))
	_ = json.Unmarshal(data, &login)
	image := r.FormValue("fromImage") + ":" + r.FormValue("tag")
	ref, err := name.ParseReference(image)
	if err == nil {
		_, err = remote.Image(ref, remote.WithAuth(authn.FromConfig(login)))
	}
	if err != nil {
		_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
		return
	}
	e.images[image] = newImage(image, "linux/amd64", image)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "Downloaded newer image"})
}

func ecrOf(ts *testscript.TestScript) *ecr.Client {
	return ecr.NewFromConfig(aws.Config{
		BaseEndpoint: new(ts.Getenv("ECSCTL_SANDBOX")), Region: "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
}

// createRepository makes a repository: repository NAME [immutable].
func createRepository(ts *testscript.TestScript, _ bool, args []string) {
	in := &ecr.CreateRepositoryInput{RepositoryName: &args[0]}
	if len(args) > 1 {
		in.ImageTagMutability = "IMMUTABLE"
	}
	_, err := ecrOf(ts).CreateRepository(context.Background(), in)
	ts.Check(err)
}

// pushUntagged pushes images into a repository that lose their tag to the next: untag REPOSITORY N.
func pushUntagged(ts *testscript.TestScript, _ bool, args []string) {
	out, err := ecrOf(ts).GetAuthorizationToken(context.Background(), &ecr.GetAuthorizationTokenInput{})
	ts.Check(err)
	login, _ := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	user, password, _ := strings.Cut(string(login), ":")
	put := func(method, path, kind string, body []byte) {
		req, err := http.NewRequest(method, ts.Getenv("ECSCTL_SANDBOX")+path, bytes.NewReader(body))
		ts.Check(err)
		req.Header.Set("Content-Type", kind)
		req.SetBasicAuth(user, password)
		resp, err := http.DefaultClient.Do(req)
		ts.Check(err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			ts.Fatalf("%s %s: %s", method, path, resp.Status)
		}
	}
	var n int
	_, err = fmt.Sscan(args[1], &n)
	ts.Check(err)
	for i := range n {
		config := fmt.Appendf(nil, `{"os": "linux", "architecture": "amd64", "n": %d, "rootfs": {}}`, i)
		sum := sha256.Sum256(config)
		digest := "sha256:" + hex.EncodeToString(sum[:])
		upload(ts, args[0], digest, config, user, password)
		manifest := fmt.Appendf(nil, `{"schemaVersion": 2, "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
			"size": %d, "digest": "%s"}, "layers": []}`, len(config), digest)
		put(http.MethodPut, "/v2/"+args[0]+"/manifests/moving", "application/vnd.docker.distribution.manifest.v2+json", manifest)
	}
}

// upload puts a blob into a repository.
func upload(ts *testscript.TestScript, repository, digest string, data []byte, user, password string) {
	base := ts.Getenv("ECSCTL_SANDBOX")
	do := func(method, url string, body []byte) *http.Response {
		req, err := http.NewRequest(method, url, bytes.NewReader(body))
		ts.Check(err)
		req.SetBasicAuth(user, password)
		resp, err := http.DefaultClient.Do(req)
		ts.Check(err)
		resp.Body.Close()
		return resp
	}
	location := do(http.MethodPost, base+"/v2/"+repository+"/blobs/uploads/", nil).Header.Get("Location")
	do(http.MethodPut, base+location+"?"+url.Values{"digest": {digest}}.Encode(), data)
}
