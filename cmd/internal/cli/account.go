package cli

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/cmd/internal/images"
	"github.com/ecsctl/ecsctl/cmd/internal/profile"
)

// An account is what a command reaches: that of AWS, or the sandbox.
type account struct {
	app      *app
	settings *profile.Settings
	clients  *deploy.Clients
	images   *images.Client
}

// open returns the account that the command line means. Nothing is sent.
func (a *app) open(ctx context.Context) (*account, error) {
	cfg, settings, err := a.aws(ctx)
	if err != nil {
		return nil, err
	}
	var clock deploy.Clock = wallClock{}
	cache, layers := "", a.userCache("images")
	switch {
	case a.sandbox != nil:
		clock, cache = a.sandbox, a.sandbox.cache
		if cache != "" {
			layers = filepath.Join(cache, "images")
		}
	case settings.Endpoint.Value == "": // elsewhere the same ARN may come to mean something else
		cache = a.userCache("revisions")
	}
	return &account{
		app: a, settings: settings, clients: deploy.NewClients(cfg, clock, deploy.Cache(cache)),
		images: a.newImages(cfg, layers),
	}, nil
}

// newImages returns the client of registries. Working in the sandbox it asks no other registries, and does not wait.
func (a *app) newImages(cfg aws.Config, cache string) *images.Client {
	c := images.NewClient(cfg, images.Cache(cache))
	c.Offline = a.sandbox != nil
	if limit := a.maxBackoff(); limit > 0 {
		c.Sleep = func(ctx context.Context, d time.Duration) error { return sleep(ctx, min(d, limit)) }
	}
	return c
}

// userCache returns the directory in which something is remembered, "" if there is none.
func (a *app) userCache(what string) string {
	dir := a.env["XDG_CACHE_HOME"]
	if dir == "" {
		var err error
		if dir, err = os.UserCacheDir(); err != nil {
			return ""
		}
	}
	return filepath.Join(dir, "ecsctl", what)
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
