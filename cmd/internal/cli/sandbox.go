package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/term"

	"github.com/ecsctl/ecsctl/cmd/internal/profile"
	"github.com/ecsctl/ecsctl/cmd/internal/sandbox"
)

const (
	defaultSandbox = "default"
	sandboxRegion  = "eu-west-1" // where nothing says another one
)

// A sandboxLink reaches a sandbox: one that this process serves, or one at a URL.
type sandboxLink struct {
	url     string
	local   *sandbox.Account // nil at a URL
	cache   string           // directory of fingerprints, "" if there is none
	watched bool             // somebody looks on, and time is not to fly
}

// sandboxName returns the name or the URL of the sandbox that the command works in, "" if it works in AWS.
func (a *app) sandboxName() string {
	if a.flags.Changed("sandbox") {
		return a.sandboxFlag
	}
	return a.env["ECSCTL_SANDBOX"]
}

// sandboxPattern is what the names of sandboxes are made of.
const sandboxPattern = `^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`

// sandboxDir returns the directory of the sandboxes' states.
func (a *app) sandboxDir() (string, error) {
	dir := a.env["XDG_STATE_HOME"]
	if dir == "" {
		if a.env["HOME"] == "" {
			return "", usageError{errors.New("a sandbox keeps its state below HOME or XDG_STATE_HOME: set one of them")}
		}
		dir = filepath.Join(a.env["HOME"], ".local", "state")
	}
	return filepath.Join(dir, "ecsctl", "sandbox"), nil
}

// openSandbox returns the sandbox of a name, with where its state and its cache are.
func (a *app) openSandbox(name string) (acct *sandbox.Account, cache string, err error) {
	if ok, _ := regexp.MatchString(sandboxPattern, name); !ok {
		return nil, "", usageError{fmt.Errorf("--sandbox: %q is no name of a sandbox: use letters, digits, - and _, "+
			"or the URL that sandbox serve prints", name)}
	}
	dir, err := a.sandboxDir()
	if err != nil {
		return nil, "", err
	}
	acct, err = sandbox.Open(filepath.Join(dir, name+".json"), sandbox.Options{})
	if err != nil {
		err = fmt.Errorf("sandbox %s: %w; ecsctl sandbox reset %s forgets it", name, err, name)
	}
	return acct, filepath.Join(dir, name+".cache"), err
}

// enterSandbox makes the sandbox the account that calls go to. It lasts as long as the process.
func (a *app) enterSandbox(name string, s *profile.Settings) (aws.Config, error) {
	link, said := &sandboxLink{url: strings.TrimSuffix(name, "/")}, "sandbox"
	if f, ok := a.stderr.(*os.File); ok {
		link.watched = term.IsTerminal(int(f.Fd()))
	}
	if !strings.Contains(name, "://") {
		said += " " + name
		var err error
		if link.local, link.cache, err = a.openSandbox(name); err != nil {
			return aws.Config{}, err
		}
		if err := a.addCluster(link.local, s); err != nil {
			return aws.Config{}, err
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return aws.Config{}, fmt.Errorf("sandbox: %w", err)
		}
		link.url = "http://" + listener.Addr().String()
		server := &http.Server{Handler: link.local, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }() // until the process ends
	}
	if link.local == nil {
		status, err := link.control(context.Background(), http.MethodGet, "")
		if err != nil {
			return aws.Config{}, err
		}
		if dir := a.userCache("revisions"); dir != "" && status.ID != "" {
			link.cache = filepath.Join(dir, "sandbox-"+status.ID)
		}
	}
	if a.sandbox == nil && !a.quiet {
		fmt.Fprintf(a.stderr, "%s: nothing reaches AWS\n", said)
	}
	a.sandbox = link
	s.Endpoint = profile.Value{Value: link.url, From: "the sandbox"}
	s.Credentials = profile.Value{Value: "none are needed", From: "the sandbox"}
	return aws.Config{
		BaseEndpoint: &link.url, Region: s.Region.Value, Retryer: s.Retryer, HTTPClient: bufferedClient{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "sandbox", SecretAccessKey: "sandbox", Source: "sandbox"}, nil
		}),
	}, nil
}

// addCluster makes the cluster that is meant, which is of no account but AWS's: a rehearsal is not about clusters.
func (a *app) addCluster(account *sandbox.Account, s *profile.Settings) error {
	if strings.HasPrefix(s.Cluster.Value, "arn:") {
		return nil
	}
	added, err := account.AddCluster(s.Region.Value, s.Cluster.Value)
	if added {
		a.note(fmt.Sprintf("the sandbox has a cluster %s now", s.Cluster.Value))
	}
	return err
}

// Now returns the time of the sandbox, or that of the machine if it cannot be asked.
func (l *sandboxLink) Now() time.Time {
	if l.local != nil {
		return l.local.Now()
	}
	status, err := l.control(context.Background(), http.MethodGet, "")
	if err != nil {
		return time.Now()
	}
	return status.Now
}

// speed is how much faster the sandbox's clock runs than the one on the wall while somebody looks on. For everybody
// else it jumps.
const speed = 10

// Sleep lets the time of the sandbox pass.
func (l *sandboxLink) Sleep(ctx context.Context, d time.Duration) error {
	if l.watched {
		if err := sleep(ctx, d/speed); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.local != nil {
		return l.local.Advance(d)
	}
	_, err := l.control(ctx, http.MethodPost, "/clock?advance="+url.QueryEscape(d.String()))
	return err
}

// A sandboxStatus is what a sandbox at a URL says of itself.
type sandboxStatus struct {
	Now time.Time
	ID  string // another one after a reset
}

// control asks a sandbox at a URL how it is, after changing it if path says so.
func (l *sandboxLink) control(ctx context.Context, method, path string) (s sandboxStatus, err error) {
	req, err := http.NewRequestWithContext(ctx, method, l.url+"/_sandbox"+path, nil)
	if err != nil {
		return s, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, fmt.Errorf("sandbox: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("sandbox: %s answers %s", l.url, resp.Status)
	}
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// A bufferedClient sends requests from a copy of their bodies. The sandbox answers so fast that the SDK closes a body
// while the connection still looks whether more of it comes, which would end the connection and repeat the call.
type bufferedClient struct{}

// Do sends a request.
func (bufferedClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(data))
	}
	return http.DefaultClient.Do(r)
}
