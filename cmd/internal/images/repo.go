package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A repo is a repository of a registry that can be reached.
type repo struct {
	client *Client
	ref    Reference
	http   http.RoundTripper
	at     atomic.Pointer[session]
}

// A session is how a registry is reached until its token expires.
type session struct {
	base  url.URL // scheme and host
	token *token  // of ECR, nil for other registries
}

// The actions of a token of other registries; see
// https://distribution.github.io/distribution/spec/auth/scope/.
const (
	toPull = "pull"
	toPush = "pull,push"
)

// repo returns the repository of a reference, logged in to.
func (c *Client) repo(ctx context.Context, ref Reference, actions string) (*repo, error) {
	ref = ref.full()
	r := &repo{client: c, ref: ref, http: c.HTTP}
	if ref.IsECR() {
		return r, r.login(ctx)
	}
	repository, err := name.NewRepository(ref.Name(), name.StrictValidation)
	if err != nil {
		return nil, inputError("image %q: %w", ref.Name(), err)
	}
	if c.Offline && repository.Scheme() == "https" {
		return nil, errOffline
	}
	auth, err := c.Keychain.Resolve(repository)
	if err != nil {
		return nil, fmt.Errorf("log in to %s: %w", ref.Host, err)
	}
	r.at.Store(&session{base: url.URL{Scheme: repository.Scheme(), Host: ref.Host}})
	r.http, err = transport.NewWithContext(ctx, repository.Registry, auth, c.HTTP, []string{repository.Scope(actions)})
	if err != nil {
		return nil, fmt.Errorf("log in to %s: %w", ref.Host, err)
	}
	return r, nil
}

// login gets a token of ECR.
func (r *repo) login(ctx context.Context) error {
	t, err := r.client.token(ctx, r.ref.Region, r.ref.FIPS)
	if err != nil {
		return err
	}
	s := &session{url.URL{Scheme: "https", Host: r.ref.Host}, t}
	if u := t.elsewhere(); u != nil {
		s.base = url.URL{Scheme: u.Scheme, Host: u.Host}
	}
	r.at.Store(s)
	return nil
}

// A request is one to a registry, which may be made several times.
type request struct {
	method string
	path   string                           // after /v2/NAME/, or a URL
	header map[string]string                // nil for none
	body   func() (io.Reader, int64, error) // nil for none; called for each attempt
	accept []int                            // statuses that are no errors, besides 2xx
	once   bool                             // it is not made again
}

// attempts is how often a request is made at most.
const attempts = 5

// A statusError is an answer of a registry that is an error.
type statusError struct {
	method, path string
	status       int
	code         string // "TAG_INVALID", "" if the answer has none
	message      string
	after        time.Duration // to wait, as the registry says; 0 if it does not
}

func (e *statusError) Error() string {
	said := strings.TrimSpace(e.code + ": " + e.message)
	if e.code == "" {
		said = "HTTP status " + strconv.Itoa(e.status)
	}
	return said
}

// do makes a request, again if it failed for a reason that may pass. The caller closes the body of the answer.
func (r *repo) do(ctx context.Context, q *request) (*http.Response, error) {
	relogged := false
	for n := 1; ; n++ {
		at := r.at.Load()
		resp, err := r.try(ctx, q, at)
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !relogged && r.tokenRefused(err) {
			relogged = true
			r.client.forgetToken(r.ref.Region, r.ref.FIPS, at.token)
			if err := r.login(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if n == attempts || q.once || !mayPass(err) {
			return nil, err
		}
		if err := r.client.Sleep(ctx, pause(n, err)); err != nil {
			return nil, err
		}
	}
}

// tokenRefused reports whether the registry may take the token of ECR for one that has expired. An answer to HEAD does
// not say why.
func (r *repo) tokenRefused(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && r.ref.IsECR() && (e.status == http.StatusUnauthorized ||
		e.status == http.StatusForbidden && (e.code == "" || strings.Contains(e.message, "token has expired")))
}

// mayPass reports whether a request that failed so may succeed when it is made again.
func mayPass(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	if !ok {
		return true // no answer
	}
	switch e.status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// pause returns how long to wait after the nth attempt: a quarter of a second, doubled each time, or what the registry
// asks for.
func pause(n int, err error) time.Duration {
	if e, ok := errors.AsType[*statusError](err); ok && e.after > 0 {
		return min(e.after, time.Minute)
	}
	return 250 * time.Millisecond << (n - 1)
}

// try makes a request once.
func (r *repo) try(ctx context.Context, q *request, at *session) (*http.Response, error) {
	target, err := r.url(q.path, at)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	var size int64
	if q.body != nil {
		if body, size, err = q.body(); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.ContentLength = size
		if size == 0 {
			req.Body = http.NoBody
		}
	}
	for key, value := range q.header {
		req.Header.Set(key, value)
	}
	if at.token != nil && req.URL.Host == at.base.Host {
		req.Host = r.ref.Host
		req.SetBasicAuth(at.token.user, at.token.password)
	}
	resp, err := (&http.Client{Transport: r.http}).Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	for _, status := range q.accept {
		if resp.StatusCode == status {
			return resp, nil
		}
	}
	return nil, readError(q, resp)
}

// url returns the URL of a path below the repository, or of what a registry calls a location.
func (r *repo) url(path string, at *session) (string, error) {
	if !strings.HasPrefix(path, "/") && !strings.Contains(path, "://") {
		path = "/v2/" + r.ref.Repository + "/" + path
	}
	u, err := at.base.Parse(path)
	if err != nil {
		return "", fmt.Errorf("location of the registry: %w", err)
	}
	if u.Host == r.ref.Host {
		u.Scheme, u.Host = at.base.Scheme, at.base.Host
	}
	return u.String(), nil
}

// readError reads the answer that is an error; see "Error Codes" in the distribution specification.
func readError(q *request, resp *http.Response) error {
	defer resp.Body.Close()
	e := &statusError{method: q.method, path: q.path, status: resp.StatusCode}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		e.after = time.Duration(seconds) * time.Second
	}
	var v struct {
		Errors []struct{ Code, Message string }
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&v) == nil && len(v.Errors) > 0 {
		e.code, e.message = v.Errors[0].Code, v.Errors[0].Message
	}
	return e
}

// status makes a request whose answer is only its status.
func (r *repo) status(ctx context.Context, q *request) (int, http.Header, error) {
	resp, err := r.do(ctx, q)
	if err != nil {
		return 0, nil, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode, resp.Header, nil
}

// hasBlob reports whether the repository has a blob.
func (r *repo) hasBlob(ctx context.Context, digest string) (bool, error) {
	status, _, err := r.status(ctx, &request{method: http.MethodHead, path: "blobs/" + digest, accept: []int{404}})
	return status/100 == 2, err
}

// credentials returns what the Docker configuration has for a registry, nothing if it has none.
func (c *Client) credentials(ref Reference) (user, password string, err error) {
	repository, err := name.NewRepository(ref.full().Name(), name.StrictValidation)
	if err != nil {
		return "", "", inputError("image %q: %w", ref.Name(), err)
	}
	auth, err := c.Keychain.Resolve(repository)
	if err != nil {
		return "", "", fmt.Errorf("log in to %s: %w", ref.Host, err)
	}
	config, err := auth.Authorization()
	if err != nil {
		return "", "", fmt.Errorf("log in to %s: %w", ref.Host, err)
	}
	return config.Username, config.Password, nil
}
