// Package profile finds clusters, regions and credentials by name: in flags, in the environment, in the files of
// ecs-cli below ~/.ecs, and in AWS's own chain. Of all files it writes only those below ~/.ecs.
package profile

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
)

// Options are what a command line and its environment say. Empty strings are not said.
type Options struct {
	ClusterConfig string // --cluster-config: entry of ~/.ecs/config
	ECSProfile    string // --ecs-profile: entry of ~/.ecs/credentials
	AWSProfile    string // --aws-profile
	Cluster       string // --cluster
	Region        string // --region
	LaunchType    string // --launch-type
	EndpointURL   string // --endpoint-url: where all services are

	Env        map[string]string                 // the environment, HOME included
	Prompt     func(what string) (string, error) // asks for an MFA code; nil if nobody can be asked
	UserAgent  string                            // version that AWS is told of
	MaxBackoff time.Duration                     // longest pause before a retry; 0: as the SDK has it
}

// A Value is a setting and where it came from: a flag, a variable, an entry of a file.
type Value struct {
	Value string `json:"value"`
	From  string `json:"from"`
}

// notSet is where settings come from that nothing says and nothing stands in for.
const notSet = "not set"

// first returns the first of the values that is not empty, the last one if all are.
func first(values ...Value) Value {
	for _, v := range values {
		if v.Value != "" {
			return v
		}
	}
	return values[len(values)-1]
}

// Settings are what a command works with.
type Settings struct {
	Cluster     Value // never empty
	Region      Value // empty if nothing says one
	LaunchType  Value // empty if nothing says one; as it was written
	Endpoint    Value // of ECS; empty for AWS's own
	Credentials Value // which ones, in words; no secrets

	// ServicePrefix and TaskPrefix come before the name of the project in names of services and of task groups. Of the
	// two the old form of ~/.ecs/config alone has a TaskPrefix.
	ServicePrefix Value
	TaskPrefix    Value
	StackName     Value // of the CloudFormation stack of the cluster

	// Notes are sentences about choices that may surprise: settings that lost against others.
	Notes []string

	options     Options
	credentials credentials
	shared      config.SharedConfig // of the AWS profile that is used for all but credentials
	sharedFrom  string
	err         error // why there are no credentials, if it is known
}

// Resolve finds the settings. It reads files only. The order is that of ecs-cli 1.21, and where its program and its
// README differ, that of its README.
//
// Errors are about what a flag names or about ~/.ecs/config. Those about credentials that no flag names are left to
// AWS, so that commands which need none work without.
func Resolve(o Options) (*Settings, error) {
	dir := directory(o.Env)
	clusters, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	entry, err := clusters.choose(o.ClusterConfig)
	if err != nil {
		return nil, err
	}
	s := &Settings{options: o}
	if err := s.resolveCredentials(dir, entry); err != nil {
		return nil, err
	}
	s.loadProfile()
	s.Cluster = first(
		Value{o.Cluster, "--cluster"},
		Value{o.Env["ECS_CLUSTER"], "ECS_CLUSTER"},
		Value{entry.Cluster, entry.from},
		Value{"default", notSet + ": the cluster that ECS assumes"},
	)
	s.Region = first(
		Value{o.Region, "--region"},
		Value{entry.Region, entry.from},
		Value{o.Env["AWS_REGION"], "AWS_REGION"},
		Value{o.Env["AWS_DEFAULT_REGION"], "AWS_DEFAULT_REGION"},
		Value{s.shared.Region, s.sharedFrom},
		Value{"", notSet},
	)
	s.LaunchType = first(Value{o.LaunchType, "--launch-type"}, Value{entry.LaunchType, entry.from}, Value{"", notSet})
	s.Endpoint = s.endpoint("ECS")
	s.ServicePrefix = first(Value{entry.ServicePrefix, entry.from}, Value{"", notSet})
	s.TaskPrefix = first(Value{entry.taskPrefix, entry.from}, Value{"", notSet})
	s.StackName = s.stackName(entry)
	s.note(entry)
	return s, nil
}

// endpoint returns the endpoint of a service, in the order of the SDK; id is the SDK's, in capitals.
func (s *Settings) endpoint(id string) Value {
	o, none := s.options, Value{"", notSet + ": AWS's own"}
	ignored := s.shared.IgnoreConfiguredEndpoints != nil && *s.shared.IgnoreConfiguredEndpoints
	if v := o.Env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]; v != "" {
		ignored = strings.EqualFold(v, "true")
	}
	if o.EndpointURL == "" && ignored {
		return none
	}
	return first(
		Value{o.EndpointURL, "--endpoint-url"},
		Value{o.Env["AWS_ENDPOINT_URL_"+id], "AWS_ENDPOINT_URL_" + id},
		Value{o.Env["AWS_ENDPOINT_URL"], "AWS_ENDPOINT_URL"},
		Value{s.shared.Services.ServiceValues[strings.ToLower(id)]["endpoint_url"], s.sharedFrom},
		Value{s.shared.BaseEndpoint, s.sharedFrom},
		none,
	)
}

// stackName returns the name of the stack that made the cluster. The one in ~/.ecs/config is that of the cluster in the
// same entry, and of no other.
func (s *Settings) stackName(entry Cluster) Value {
	if s.Cluster.Value == entry.Cluster && entry.StackName != "" {
		return Value{entry.StackName, entry.from}
	}
	prefix := defaultStackPrefix
	if entry.stackPrefix != nil {
		prefix = *entry.stackPrefix
	}
	return Value{prefix + s.Cluster.Value, "name of the cluster"}
}

// note says which explicit choices lost against others.
func (s *Settings) note(entry Cluster) {
	o := s.options
	if s.Cluster.From == "ECS_CLUSTER" && o.ClusterConfig != "" && entry.Cluster != s.Cluster.Value {
		s.Notes = append(s.Notes, fmt.Sprintf("the cluster is %s, of ECS_CLUSTER, not %s of --cluster-config %s",
			s.Cluster.Value, entry.Cluster, o.ClusterConfig))
	}
	if env := cmp.Or(o.Env["AWS_REGION"], o.Env["AWS_DEFAULT_REGION"]); o.Region == "" && s.Region.Value == entry.Region &&
		entry.Region != "" && env != "" && env != entry.Region {
		s.Notes = append(s.Notes, fmt.Sprintf("the region is %s, of %s, not %s of the environment: --region overrides both",
			entry.Region, entry.from, env))
	}
}

// An InputError is a mistake in a flag, the environment or a file of the user's: nothing was sent or written.
type InputError struct{ error }

// Unwrap returns what is wrong.
func (e InputError) Unwrap() error { return e.error }

func inputErrorf(format string, args ...any) error { return InputError{fmt.Errorf(format, args...)} }

// An UnknownError is a name that does not exist where it should.
type UnknownError struct {
	What  string   // "cluster configuration"
	Name  string   // the one asked for
	File  string   // where it should be
	By    string   // what asked for it: a flag, a variable, the file itself
	Known []string // those there are, sorted
}

func (e *UnknownError) Error() string {
	known := "there is none"
	if len(e.Known) > 0 {
		known = "there are: " + strings.Join(e.Known, ", ")
	}
	if len(e.Known) == 1 {
		known = "there is only " + e.Known[0]
	}
	return fmt.Sprintf("%s: %s has no %s %q; %s", e.By, e.File, e.What, e.Name, known)
}
