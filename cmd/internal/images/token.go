package images

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/ecsctl/ecsctl/cmd/internal/call"
)

// A token logs in to ECR's registries in one region.
type token struct {
	user, password string
	expires        time.Time
	endpoint       *url.URL // of the registry of the account that asked
}

type tokenKey struct {
	region string
	fips   bool
}

// token returns a token of ECR, which is never written to a disk. It is used until a registry says that it has expired.
func (c *Client) token(ctx context.Context, region string, fips bool) (*token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := tokenKey{region, fips}
	if t := c.tokens[key]; t != nil {
		return t, nil
	}
	out, err := c.ECR(region, fips).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, call.Wrap("registry", err)
	}
	if len(out.AuthorizationData) == 0 || out.AuthorizationData[0].AuthorizationToken == nil {
		return nil, errors.New("ecr:GetAuthorizationToken registry: the answer has no token")
	}
	d := out.AuthorizationData[0]
	text, err := base64.StdEncoding.DecodeString(*d.AuthorizationToken)
	if err != nil {
		return nil, errors.New("ecr:GetAuthorizationToken registry: the token is not base64")
	}
	t := &token{}
	t.user, t.password, _ = strings.Cut(string(text), ":")
	if d.ExpiresAt != nil {
		t.expires = *d.ExpiresAt
	}
	if d.ProxyEndpoint != nil {
		if t.endpoint, err = url.Parse(*d.ProxyEndpoint); err != nil {
			return nil, errors.New("ecr:GetAuthorizationToken registry: the endpoint is no URL")
		}
	}
	if c.tokens == nil {
		c.tokens = map[tokenKey]*token{}
	}
	c.tokens[key] = t
	return t, nil
}

// forgetToken makes the next call ask for a new token, if t is still the one in use.
func (c *Client) forgetToken(region string, fips bool, t *token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key := (tokenKey{region, fips}); c.tokens[key] == t {
		delete(c.tokens, key)
	}
}

// elsewhere returns where the registry is reached if it is not at its name: emulators of ECR answer so.
func (t *token) elsewhere() *url.URL {
	if t.endpoint == nil || t.endpoint.Host == "" || ecrHosts.MatchString(t.endpoint.Hostname()) {
		return nil
	}
	return t.endpoint
}
