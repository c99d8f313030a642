package images

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A Login is what other programs log in to a registry of ECR with.
type Login struct {
	Server   string    `json:"server"`
	User     string    `json:"username"`
	Password string    `json:"password"`
	Expires  time.Time `json:"expiresAt"`
}

// Login returns a login to the registry of the account.
func (c *Client) Login(ctx context.Context, registry Registry) (*Login, error) {
	t, err := c.token(ctx, registry.Region, registry.FIPS)
	if err != nil {
		return nil, err
	}
	l := &Login{User: t.user, Password: t.password, Expires: t.expires}
	if t.endpoint != nil {
		l.Server = t.endpoint.Host
	}
	if account, rest, ok := strings.Cut(l.Server, "."); ok && registry.ID != "" && t.elsewhere() == nil && account != registry.ID {
		l.Server = registry.ID + "." + rest
	}
	return l, nil
}

// Pull makes the engine pull an image: without a registry in its name one of the ECR registry. What the registry is an
// emulator of, the image is called by in the end.
func (c *Client) Pull(ctx context.Context, e *Engine, image string, registry Registry, report func(string)) (Reference, error) {
	ref, err := Parse(image)
	if err != nil {
		return ref, err
	}
	if ref.Host == "" {
		t, err := c.Resolve(ctx, ref.Name(), registry, Repository{NoCreate: true})
		if err != nil {
			return ref, err
		}
		t.Tag, t.Digest = ref.Tag, ref.Digest
		ref = t.Reference
	}
	if !ref.IsECR() {
		if c.Offline {
			return ref, errOffline
		}
		user, password, err := c.credentials(ref)
		if err != nil {
			return ref, err
		}
		return ref, wrapPull(ref, e.pull(ctx, ref, user, password, report))
	}
	t, err := c.token(ctx, ref.Region, ref.FIPS)
	if err != nil {
		return ref, err
	}
	from := ref
	if u := t.elsewhere(); u != nil {
		from.Host = u.Host
	}
	if err := e.pull(ctx, from, t.user, t.password, report); err != nil {
		return ref, wrapPull(ref, err)
	}
	if from.Host != ref.Host && ref.Digest == "" {
		return ref, e.Tag(ctx, from.Name()+":"+from.target(), ref)
	}
	return ref, nil
}

func wrapPull(ref Reference, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pull %s: %w", ref, err)
}
