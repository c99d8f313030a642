package profile

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// attempts are made for each call, unless AWS_MAX_ATTEMPTS or max_attempts of the AWS profile says otherwise.
const attempts = 5

// AWS returns the configuration of the SDK for the settings: the region, the credentials with all that AWS profiles may
// say of them (SSO, roles, MFA, web identity, processes), endpoints and retries. Nothing is sent before the first call
// that a client makes. An error is an InputError.
func (s *Settings) AWS(ctx context.Context) (aws.Config, error) {
	if s.err != nil {
		return aws.Config{}, s.err
	}
	if s.Region.Value == "" {
		return aws.Config{}, inputErrorf("no region: give --region, set AWS_REGION, or keep one with " +
			"ecsctl configure --cluster NAME --region REGION")
	}
	files := awsFiles(s.options.Env)
	// The HTTP client stays the SDK's own: it is the one that AWS_CA_BUNDLE can be put into.
	load := []func(*config.LoadOptions) error{
		config.WithRegion(s.Region.Value),
		config.WithSharedConfigFiles(files.config),
		config.WithSharedCredentialsFiles(files.credentials),
		config.WithAssumeRoleCredentialOptions(s.assumeRole),
		config.WithWebIdentityRoleCredentialOptions(s.webIdentity),
	}
	if keys := s.credentials.keys; keys != nil {
		load = append(load, config.WithCredentialsProvider(awscredentials.StaticCredentialsProvider{Value: aws.Credentials{
			AccessKeyID: keys.AccessKey, SecretAccessKey: keys.SecretKey, SessionToken: keys.SessionToken,
			Source: s.Credentials.Value,
		}}))
	}
	if name := s.credentials.awsProfile; name != "" {
		load = append(load, config.WithSharedConfigProfile(name))
	}
	if url := s.options.EndpointURL; url != "" {
		load = append(load, config.WithBaseEndpoint(url))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if e, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return aws.Config{}, inputErrorf("AWS_PROFILE: ~/.aws has no profile %q: unset it, although %s is used", e.Profile,
			s.Credentials.Value)
	}
	if err != nil {
		return aws.Config{}, inputErrorf("credentials (%s, from %s): %w", s.Credentials.Value, s.Credentials.From, err)
	}
	if s.options.EndpointURL != "" { // AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is about the others
		cfg.BaseEndpoint = &s.options.EndpointURL
	}
	if cfg.RetryMode != aws.RetryModeAdaptive {
		cfg.Retryer = s.Retryer // cfg.RetryMaxAttempts, if the user set it, holds all the same
	}
	if v := s.options.UserAgent; v != "" {
		cfg.APIOptions = append(cfg.APIOptions, middleware.AddUserAgentKeyValue("ecsctl", v))
	}
	return cfg, nil
}

// Retryer returns how calls are made again: five attempts, as the settings say.
func (s *Settings) Retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None // calls side by side would exhaust each other's tokens
		if s.options.MaxBackoff > 0 {
			o.MaxBackoff = s.options.MaxBackoff
		}
	})
}

func (s *Settings) assumeRole(o *stscreds.AssumeRoleOptions) {
	if client, ok := o.Client.(*sts.Client); ok {
		o.Client = s.redirect(client)
	}
	serial := aws.ToString(o.SerialNumber)
	o.TokenProvider = func() (string, error) {
		if s.options.Prompt == nil {
			return "", fmt.Errorf("an MFA code of %s is needed, and there is nobody to ask", serial)
		}
		code, err := s.options.Prompt("MFA code of " + serial)
		if err == nil && code == "" {
			err = errors.New("no MFA code was given")
		}
		return code, err
	}
}

func (s *Settings) webIdentity(o *stscreds.WebIdentityRoleOptions) {
	if client, ok := o.Client.(*sts.Client); ok {
		o.Client = s.redirect(client)
	}
}

// redirect returns client, which asks for credentials, at the endpoint of all services, if there is one, and with our
// pauses: the SDK makes it before it knows.
func (s *Settings) redirect(client *sts.Client) *sts.Client {
	url := s.endpoint("STS").Value
	return sts.New(client.Options(), func(o *sts.Options) {
		o.Retryer = s.Retryer()
		if url != "" {
			o.BaseEndpoint = &url
		}
	})
}

// An Identity is whom AWS takes the user for.
type Identity struct {
	Account   string
	Principal string // ARN
	Provider  string // which part of AWS's chain had the credentials, in the SDK's words
}

// Caller asks AWS whose credentials cfg has (sts:GetCallerIdentity, which needs no permission).
func Caller(ctx context.Context, cfg aws.Config) (*Identity, error) {
	if cfg.Credentials == nil {
		return nil, inputErrorf("there are no credentials")
	}
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return &Identity{Account: aws.ToString(out.Account), Principal: aws.ToString(out.Arn), Provider: keys.Source}, nil
}
