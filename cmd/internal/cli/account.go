package cli

import (
	"context"
	"math/rand/v2"
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
	cache := ""
	switch {
	case a.sandbox != nil:
		clock, cache = a.sandbox, a.sandbox.cache
	case settings.Endpoint.Value == "": // elsewhere the same ARN may come to mean something else
		cache = a.cacheDir()
	}
	return &account{app: a, settings: settings, clients: deploy.NewClients(cfg, clock, deploy.Cache(cache))}, nil
}

// cacheDir returns the directory in which fingerprints are remembered, "" if there is none.
func (a *app) cacheDir() string {
	dir := a.env["XDG_CACHE_HOME"]
	if dir == "" {
		var err error
		if dir, err = os.UserCacheDir(); err != nil {
			return ""
		}
	}
	return filepath.Join(dir, "ecsctl", "revisions")
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
