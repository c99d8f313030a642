package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An Engine is a Docker engine, or podman by its socket; see https://docs.docker.com/reference/api/engine/.
type Engine struct {
	http    *http.Client
	base    string // "http://docker", or the address
	version string // of the API that both sides speak, "" for the engine's own
	env     map[string]string
}

// An endpoint is where an engine listens.
type endpoint struct {
	host  string // "unix:///var/run/docker.sock"
	certs string // directory with ca.pem, cert.pem and key.pem, "" for no TLS
	from  string // what said so
}

// OpenEngine returns the engine that docker would use: that of DOCKER_HOST, of the context that DOCKER_CONTEXT or
// docker context use names, or of the usual sockets, those of rootless engines, Docker Desktop and podman among them.
func OpenEngine(ctx context.Context, env map[string]string) (*Engine, error) {
	at, err := findEndpoint(env)
	if err != nil {
		return nil, err
	}
	e := &Engine{env: env, base: "http://docker"}
	if e.http, err = at.client(); err != nil {
		return nil, fmt.Errorf("docker engine (%s): %w", at.from, err)
	}
	if address, ok := strings.CutPrefix(at.host, "tcp://"); ok {
		e.base = "http://" + address
		if at.certs != "" {
			e.base = "https://" + address
		}
	}
	resp, err := e.do(ctx, http.MethodGet, "/_ping", nil, nil)
	if err != nil {
		return nil, fmt.Errorf("docker engine at %s (%s): %w", at.host, at.from, err)
	}
	resp.Body.Close()
	e.version = env["DOCKER_API_VERSION"]
	if e.version == "" {
		e.version = resp.Header.Get("Api-Version")
	}
	return e, nil
}

func findEndpoint(env map[string]string) (endpoint, error) {
	if host := env["DOCKER_HOST"]; host != "" {
		at := endpoint{host: host, from: "DOCKER_HOST"}
		if env["DOCKER_TLS_VERIFY"] != "" || env["DOCKER_TLS"] != "" {
			if at.certs = env["DOCKER_CERT_PATH"]; at.certs == "" {
				at.certs = dockerConfigDir(env)
			}
		}
		return at, nil
	}
	name := env["DOCKER_CONTEXT"]
	if name == "" {
		var config struct{ CurrentContext string }
		data, err := os.ReadFile(filepath.Join(dockerConfigDir(env), "config.json"))
		if err == nil && json.Unmarshal(data, &config) == nil {
			name = config.CurrentContext
		}
	}
	if name != "" && name != "default" {
		return contextEndpoint(dockerConfigDir(env), name)
	}
	for _, socket := range sockets(env) {
		if info, err := os.Stat(socket); err == nil && info.Mode()&os.ModeSocket != 0 {
			return endpoint{host: "unix://" + socket, from: "the usual place"}, nil
		}
	}
	return endpoint{}, errors.New("there is no Docker engine: none at " + strings.Join(sockets(env), ", ") +
		": start one, set DOCKER_HOST, or push an archive with --from")
}

// sockets are the usual places, the first that is there counts.
func sockets(env map[string]string) []string {
	all := []string{"/var/run/docker.sock"}
	if dir := env["XDG_RUNTIME_DIR"]; dir != "" {
		all = append(all, filepath.Join(dir, "docker.sock"))
	}
	if home := env["HOME"]; home != "" {
		all = append(all, filepath.Join(home, ".docker", "run", "docker.sock"))
	}
	if dir := env["XDG_RUNTIME_DIR"]; dir != "" {
		all = append(all, filepath.Join(dir, "podman", "podman.sock"))
	}
	return append(all, "/run/podman/podman.sock")
}

func dockerConfigDir(env map[string]string) string {
	if dir := env["DOCKER_CONFIG"]; dir != "" {
		return dir
	}
	return filepath.Join(env["HOME"], ".docker")
}

// contextEndpoint reads a context of the Docker CLI: contexts/meta/<sha256 of the name>/meta.json.
func contextEndpoint(dir, name string) (endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	data, err := os.ReadFile(filepath.Join(dir, "contexts", "meta", id, "meta.json"))
	if err != nil {
		return endpoint{}, fmt.Errorf("docker context %s: %w", name, err)
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return endpoint{}, fmt.Errorf("docker context %s: %w", name, err)
	}
	at := endpoint{host: meta.Endpoints["docker"].Host, from: "docker context " + name}
	certs := filepath.Join(dir, "contexts", "tls", id, "docker")
	if _, err := os.Stat(certs); err == nil {
		at.certs = certs
	}
	return at, nil
}

// client returns a client that dials the endpoint.
func (at endpoint) client() (*http.Client, error) {
	t := &http.Transport{DisableCompression: true, ReadBufferSize: 256 << 10}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	scheme, rest, _ := strings.Cut(at.host, "://")
	switch scheme {
	case "unix":
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", rest) }
	case "tcp":
		t.DialContext = dialer.DialContext
		if at.certs != "" {
			config, err := tlsConfig(at.certs)
			if err != nil {
				return nil, err
			}
			t.TLSClientConfig = config
		}
	default:
		return nil, inputError("%s cannot be reached: pipe the image, docker save IMAGE | ecsctl push --from - IMAGE", at.host)
	}
	return &http.Client{Transport: t}, nil
}

func tlsConfig(dir string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(ca)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// An engineError is an answer of the engine that is an error.
type engineError struct {
	status  int
	message string
}

func (e *engineError) Error() string { return e.message }

func (e *Engine) do(
	ctx context.Context, method, path string, header http.Header, body io.Reader,
) (*http.Response, error) {
	if e.version != "" {
		path = "/v" + e.version + path
	}
	req, err := http.NewRequestWithContext(ctx, method, e.base+path, body)
	if err != nil {
		return nil, err
	}
	for key := range header {
		req.Header.Set(key, header.Get(key))
	}
	resp, err := e.http.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var v struct{ Message string }
	if json.Unmarshal(data, &v) != nil || v.Message == "" {
		v.Message = fmt.Sprintf("HTTP status %d: %s", resp.StatusCode, bytes.TrimSpace(data))
	}
	return nil, &engineError{resp.StatusCode, v.Message}
}

// escape returns a reference as a part of a path of the API.
func escape(image string) string { return strings.ReplaceAll(url.PathEscape(image), "%2F", "/") }

// An engineImage is what an engine knows of an image.
type engineImage struct {
	ID         string `json:"Id"` // digest of the configuration; with the containerd store, of the manifest or the index
	RootFS     struct{ Layers []string }
	Descriptor *struct{ Digest string }
}

func (e *Engine) inspect(ctx context.Context, image string) (*engineImage, error) {
	resp, err := e.do(ctx, http.MethodGet, "/images/"+escape(image)+"/json", nil, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	v := &engineImage{}
	return v, json.NewDecoder(resp.Body).Decode(v)
}

// Has reports whether the engine has an image.
func (e *Engine) Has(ctx context.Context, image string) (bool, error) {
	_, err := e.inspect(ctx, image)
	if failed, ok := errors.AsType[*engineError](err); ok && failed.status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

// Tag gives an image one more name.
func (e *Engine) Tag(ctx context.Context, image string, name Reference) error {
	query := url.Values{"repo": {name.Name()}, "tag": {name.target()}}
	resp, err := e.do(ctx, http.MethodPost, "/images/"+escape(image)+"/tag?"+query.Encode(), nil, nil)
	if err != nil {
		return fmt.Errorf("docker tag %s %s: %w", image, name, err)
	}
	return resp.Body.Close()
}

// pull makes the engine pull an image, logged in as the user.
func (e *Engine) pull(ctx context.Context, ref Reference, user, password string, report func(string)) error {
	auth, _ := json.Marshal(map[string]string{"username": user, "password": password, "serveraddress": ref.Host})
	header := http.Header{"X-Registry-Auth": {base64.URLEncoding.EncodeToString(auth)}}
	query := url.Values{"fromImage": {ref.Name()}, "tag": {ref.target()}}
	resp, err := e.do(ctx, http.MethodPost, "/images/create?"+query.Encode(), header, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	messages := json.NewDecoder(resp.Body)
	for {
		var m struct{ ID, Status, Error string }
		if err := messages.Decode(&m); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if m.Error != "" {
			return errors.New(m.Error)
		}
		report(strings.TrimSpace(m.ID + " " + m.Status))
	}
}
