package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
)

// A registryCall is a request of the distribution protocol,
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md. The registry is meant that the host names,
// 111122223333.dkr.ecr.eu-west-1.amazonaws.com, wherever the request arrives; without such a name, that of the account
// in the region of the token.
type registryCall struct {
	account  *Account
	w        http.ResponseWriter
	r        *http.Request
	action   string // "PutManifest"
	registry string
	region   string
	name     string // of the repository
	ref      string // tag, digest or upload
}

// A registryError is an error as registries answer it: see "Error Codes" in the specification.
type registryError struct {
	status  int
	code    string
	message string
}

func (e *registryError) Error() string { return e.code + ": " + e.message }

// A registryAction is something that a registry does.
type registryAction struct {
	name   string
	method string
	path   *regexp.Regexp // its groups are the repository and the tag, digest or upload
	serve  func(*registryCall) error
}

const uploadsPath = `^(.+)/blobs/uploads/`

// registryActions are what the registry does. The first that fits counts.
var registryActions = []registryAction{
	{"Ping", "GET", regexp.MustCompile(`^$`), (*registryCall).ping},
	{"StartUpload", "POST", regexp.MustCompile(uploadsPath + `$`), (*registryCall).startUpload},
	{"GetUpload", "GET", regexp.MustCompile(uploadsPath + `([0-9a-f-]+)$`), (*registryCall).getUpload},
	{"PatchUpload", "PATCH", regexp.MustCompile(uploadsPath + `([0-9a-f-]+)$`), (*registryCall).patchUpload},
	{"FinishUpload", "PUT", regexp.MustCompile(uploadsPath + `([0-9a-f-]+)$`), (*registryCall).finishUpload},
	{"DeleteUpload", "DELETE", regexp.MustCompile(uploadsPath + `([0-9a-f-]+)$`), (*registryCall).deleteUpload},
	{"HeadBlob", "HEAD", regexp.MustCompile(`^(.+)/blobs/(sha256:[0-9a-f]{64})$`), (*registryCall).getBlob},
	{"GetBlob", "GET", regexp.MustCompile(`^(.+)/blobs/(sha256:[0-9a-f]{64})$`), (*registryCall).getBlob},
	{"HeadManifest", "HEAD", regexp.MustCompile(`^(.+)/manifests/([^/]+)$`), (*registryCall).getManifest},
	{"GetManifest", "GET", regexp.MustCompile(`^(.+)/manifests/([^/]+)$`), (*registryCall).getManifest},
	{"PutManifest", "PUT", regexp.MustCompile(`^(.+)/manifests/([^/]+)$`), (*registryCall).putManifest},
	{"ListTags", "GET", regexp.MustCompile(`^(.+)/tags/list$`), (*registryCall).listTags},
}

// registryHosts are the names of registries; see "Amazon ECR private registry" in ECR's user guide.
var registryHosts = regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.`)

// serveRegistry serves a request below /v2/.
func (a *Account) serveRegistry(w http.ResponseWriter, r *http.Request, path string) {
	c := &registryCall{account: a, w: w, r: r}
	do := c.route(path)
	if do == nil {
		writeRegistryError(w, &registryError{404, "UNSUPPORTED", "the sandbox does not know " + r.Method + " " + r.URL.Path})
		return
	}
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	kind := a.registryFault(c.action)
	if kind == Cut {
		drop(w)
		return
	}
	if kind == Lost || kind == Half {
		c.w = httptest.NewRecorder()
	}
	err := c.disturbed(kind, do)
	a.finishCall(c, err, kind)
	switch {
	case kind == Lost || kind == Half:
		drop(w)
	case err != nil:
		writeRegistryError(w, err)
	}
}

// route finds out what the request is for. It returns nil if that is unknown.
func (c *registryCall) route(path string) func(*registryCall) error {
	for _, action := range registryActions {
		m := action.path.FindStringSubmatch(path)
		if m == nil || c.r.Method != action.method {
			continue
		}
		c.action = "registry:" + action.name
		if len(m) > 1 {
			c.name = m[1]
		}
		if len(m) > 2 {
			c.ref = m[2]
		}
		return action.serve
	}
	return nil
}

// disturbed serves the request, with what goes wrong.
func (c *registryCall) disturbed(kind Kind, do func(*registryCall) error) error {
	if e, ok := registryFaults[kind]; ok {
		return &e
	}
	if err := c.authorize(); err != nil {
		return err
	}
	switch kind {
	case Gone:
		c.account.uploads.forget(c.ref)
	case Corrupt:
		c.r.Body = io.NopCloser(&flipped{r: c.r.Body})
	case Half:
		c.r.Body = io.NopCloser(io.LimitReader(c.r.Body, c.r.ContentLength/2))
	}
	return do(c)
}

// flipped reads what r does, with the first bit turned.
type flipped struct {
	r    io.Reader
	done bool
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if n > 0 && !f.done {
		p[0] ^= 1
		f.done = true
	}
	return n, err
}

// registryFaults are the answers to requests that go wrong with an answer.
var registryFaults = map[Kind]registryError{
	Broken:   {503, "UNAVAILABLE", "service unavailable"},
	Denied:   {403, "DENIED", "User: " + Principal + " is not authorized to perform this action"},
	Expired:  errExpired,
	Throttle: {429, "TOOMANYREQUESTS", "Rate exceeded"},
}

var errExpired = registryError{403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."}

// registryFault returns what goes wrong with a request.
func (a *Account) registryFault(action string) Kind {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fault(action)
}

// finishCall remembers the call.
func (a *Account) finishCall(c *registryCall, err error, kind Kind) {
	call := Call{Action: c.action, Status: http.StatusOK}
	call.Request, _ = json.Marshal(map[string]string{"name": c.name, "reference": c.ref})
	if e := (*registryError)(nil); errors.As(err, &e) {
		call.Status = e.status
	}
	if kind == Lost || kind == Half {
		call.Status = 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, call)
}

// authorize finds out which registry is meant, and whether the token is good for it.
func (c *registryCall) authorize() error {
	_, password, ok := c.r.BasicAuth()
	if !ok {
		c.w.Header().Set("WWW-Authenticate", `Basic realm="https://`+c.r.Host+`/",service="ecr.amazonaws.com"`)
		return &registryError{401, "UNAUTHORIZED", "no basic auth credentials"}
	}
	region, expires, ok := readToken(password)
	if !ok {
		return &registryError{400, "DENIED", "Your Authorization Token is invalid."}
	}
	if !c.account.Now().Before(expires) {
		e := errExpired
		return &e
	}
	c.registry, c.region = AccountID, region
	if m := registryHosts.FindStringSubmatch(c.r.Host); m != nil {
		if m[2] != region {
			return &registryError{403, "DENIED", "The token is for " + region + ", not for " + m[2] + "."}
		}
		c.registry = m[1]
	}
	return nil
}

// repository does something with the repository under the lock.
func (c *registryCall) repository(how access, do func(*region, *repository) error) error {
	return c.account.locked(how, func() error {
		if how == writing {
			c.account.st.Now = c.account.st.Now.Add(step)
		}
		r := c.account.st.region(c.region)
		repo := r.Repos[c.registry+"/"+c.name]
		if repo == nil {
			return &registryError{404, "NAME_UNKNOWN", repositoryNotFound(c.registry, c.name).(*apiError).message}
		}
		return do(r, repo)
	})
}

func (c *registryCall) ping() error {
	c.writeJSON(http.StatusOK, struct{}{})
	return nil
}

func (c *registryCall) listTags() error {
	var tags []string
	err := c.repository(reading, func(_ *region, repo *repository) error {
		for _, i := range repo.Images {
			tags = append(tags, i.Tags...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.writeJSON(http.StatusOK, map[string]any{"name": c.name, "tags": tags})
	return nil
}

func (c *registryCall) writeJSON(status int, v any) {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_ = json.NewEncoder(c.w).Encode(v)
}

func writeRegistryError(w http.ResponseWriter, err error) {
	e := (*registryError)(nil)
	if !errors.As(err, &e) {
		e = &registryError{500, "UNKNOWN", err.Error()}
	}
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(map[string]any{"errors": []map[string]string{{"code": e.code, "message": e.message}}})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status)
	_, _ = w.Write(b.Bytes())
}

// isDigest reports whether a reference is a digest and no tag.
func isDigest(ref string) bool { return strings.HasPrefix(ref, "sha256:") }
