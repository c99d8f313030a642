package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/ecsctl/ecsctl/cmd/internal/profile"
	"github.com/ecsctl/ecsctl/compose/diag"
)

// A sessionFlags holds the flags that say where a command works and as whom.
type sessionFlags struct {
	cluster       string
	clusterConfig string
	region        string
	launchType    string
	ecsProfile    string
	awsProfile    string
	endpointURL   string

	noted bool // the notes about these flags have been written
}

func (s *sessionFlags) add(f *pflag.FlagSet) {
	f.StringVarP(&s.cluster, "cluster", "c", "",
		"name or ARN of the cluster; default: ECS_CLUSTER, the cluster configuration, default")
	f.StringVar(&s.clusterConfig, "cluster-config", "",
		"cluster configuration of ecsctl configure; default: the default one")
	f.StringVarP(&s.region, "region", "r", "",
		"AWS region; default: the cluster configuration, AWS_REGION, AWS_DEFAULT_REGION, the AWS profile")
	f.StringVar(&s.launchType, "launch-type", "",
		"where tasks run: EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES; default: the cluster configuration")
	f.StringVar(&s.ecsProfile, "ecs-profile", "", "ECS profile of ecsctl configure profile; default: ECS_PROFILE")
	f.StringVar(&s.awsProfile, "aws-profile", "", "AWS profile; default: AWS_PROFILE")
	f.StringVar(&s.endpointURL, "endpoint-url", "",
		"URL of all AWS services; default: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL")
	f.StringVar(&s.endpointURL, "endpoint", "", "the same as --endpoint-url")
	_ = f.MarkHidden("endpoint") // it exists
}

// settings returns the cluster, region, launch type and credentials that flags, environment and files come to.
func (a *app) settings() (*profile.Settings, error) { return a.resolve(nil) }

// aws returns the configuration of the SDK, and the settings that it is for.
func (a *app) aws(ctx context.Context) (aws.Config, *profile.Settings, error) {
	s, err := a.resolve(func(what string) (string, error) { return a.ask(ctx, what) })
	if err != nil {
		return aws.Config{}, nil, err
	}
	if name := a.sandboxName(); name != "" {
		cfg, err := a.enterSandbox(name, s)
		return cfg, s, err
	}
	cfg, err := s.AWS(ctx)
	if err != nil {
		return aws.Config{}, nil, profileError(err)
	}
	return cfg, s, nil
}

func (a *app) resolve(prompt func(string) (string, error)) (*profile.Settings, error) {
	s, err := profile.Resolve(profile.Options{
		ClusterConfig: a.session.clusterConfig, ECSProfile: a.session.ecsProfile, AWSProfile: a.session.awsProfile,
		Cluster: a.session.cluster, Region: a.session.region, LaunchType: a.session.launchType,
		EndpointURL: a.session.endpointURL, Env: a.env, Prompt: prompt,
		UserAgent: strings.ReplaceAll(buildVersion(), " ", "-"), MaxBackoff: a.maxBackoff(),
	})
	if err != nil {
		return nil, profileError(err)
	}
	if s.Region.Value == "" && a.sandboxName() != "" {
		s.Region = profile.Value{Value: sandboxRegion, From: "the sandbox"}
	}
	if !a.session.noted {
		a.note(s.Notes...)
		a.session.noted = true
	}
	return s, nil
}

// maxBackoff returns the longest pause before a call is made again, 0 for the usual one. It is not for users: scripts
// that make calls fail wait less.
func (a *app) maxBackoff() time.Duration {
	if a.sandboxName() != "" {
		return time.Millisecond // its time does not pass by waiting
	}
	d, err := time.ParseDuration(a.env["ECSCTL_MAX_BACKOFF"])
	if err != nil {
		return 0
	}
	return d
}

// note writes sentences to stderr, unless the user wants errors only.
func (a *app) note(notes ...string) {
	for _, n := range notes {
		if !a.quiet {
			fmt.Fprintf(a.stderr, "note: %s\n", n)
		}
	}
}

// profileError returns err as a mistake of the user's if it is one, with the name that was probably meant.
func profileError(err error) error {
	if e, ok := errors.AsType[*profile.UnknownError](err); ok {
		return usageError{fmt.Errorf("%w%s", err, diag.Suggest(e.Name, e.Known))}
	}
	if _, ok := errors.AsType[profile.InputError](err); ok {
		return usageError{err}
	}
	return err
}

// checkLaunchType returns an error if v is none that ECS knows.
func checkLaunchType(v profile.Value) error {
	t := types.LaunchType(v.Value)
	if t != "" && !slices.Contains(t.Values(), t) {
		return usageError{fmt.Errorf("%s: launch type must be EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES, not %q",
			v.From, v.Value)}
	}
	return nil
}

// errNotTerminal is returned if there is a question and nobody to answer.
var errNotTerminal = errors.New("standard input is not a terminal")

// ask puts a question on stderr and returns the line that is the answer. It gives up when ctx ends.
func (a *app) ask(ctx context.Context, question string) (string, error) {
	f, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", fmt.Errorf("%s: %w", question, errNotTerminal)
	}
	fmt.Fprintf(a.stderr, "%s: ", question)
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		answers <- answer{strings.TrimSpace(line), err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-answers:
		if errors.Is(got.err, io.EOF) && got.line != "" {
			got.err = nil
		}
		return got.line, got.err
	}
}
