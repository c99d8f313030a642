package cli

import (
	"context"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/cmd/internal/profile"
)

// An account is what a command reaches: that of AWS, or the sandbox.
type account struct {
	app      *app
	settings *profile.Settings
	clients  *deploy.Clients
}

// open returns the account that the command line means. Nothing is sent.
func (a *app) open(ctx context.Context) (*account, error) {
	cfg, settings, err := a.aws(ctx)
	if err != nil {
		return nil, err
	}
	var clock deploy.Clock = wallClock{}
	cache := a.cacheDir(settings.Endpoint.Value)
	if a.sandbox != nil {
		clock = a.sandbox
		if a.sandbox.cache != "" {
			cache = a.sandbox.cache
		}
	}
	return &account{app: a, settings: settings, clients: deploy.NewClients(cfg, clock, deploy.Cache(cache))}, nil
}

// cacheDir returns the directory in which fingerprints are remembered, "" if there is none. Accounts at another
// endpoint than AWS's own have one of their own: their ARNs do not say which account it is.
func (a *app) cacheDir(endpoint string) string {
	dir := a.env["XDG_CACHE_HOME"]
	if dir == "" {
		var err error
		if dir, err = os.UserCacheDir(); err != nil {
			return ""
		}
	}
	dir = filepath.Join(dir, "ecsctl", "revisions")
	if endpoint == "" {
		return dir
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return ""
	}
	return filepath.Join(dir, url.PathEscape(u.Host))
}

// A wallClock is the time of AWS.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// Sleep sleeps for d, a tenth more or less, so that many who wait do not ask at once.
func (wallClock) Sleep(ctx context.Context, d time.Duration) error {
	return sleep(ctx, time.Duration(float64(d)*(0.9+0.2*rand.Float64())))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
