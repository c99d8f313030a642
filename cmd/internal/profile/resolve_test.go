package profile

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// home writes files below a new home directory and returns an environment with it.
func home(t *testing.T, files map[string]string, env ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := map[string]string{"HOME": dir}
	for _, e := range env {
		key, value, _ := strings.Cut(e, "=")
		m[key] = value
	}
	return m
}

// ecsFiles are the files of a user of ecs-cli and of the AWS CLI.
var ecsFiles = map[string]string{
	".ecs/config": `version: v1
default: prod
clusters:
  prod: {cluster: shop, region: eu-west-1, default_launch_type: FARGATE, cfn-stack-name: shop-stack}
  test: {cluster: lab, region: eu-west-2, compose-service-name-prefix: lab-, default_launch_type: ""}
  bare: {cluster: bare, default_launch_type: ""}
`,
	".ecs/credentials": `version: v1
default: ci
ecs_profiles:
  ci: {aws_access_key_id: AKIAIOSFODNN7EXAMPLE, aws_secret_access_key: secret}
  me: {aws_access_key_id: AKIAI44QH8DHBEXAMPLE, aws_secret_access_key: secret}
`,
	".aws/config": "[default]\nregion = us-west-1\n[profile sso]\nregion = ap-south-1\nrole_arn = arn:aws:iam::111122223333:role/r\n" +
		"source_profile = keys\n[profile other]\nregion = sa-east-1\n",
	".aws/credentials": "[keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n",
}

const oldConfig = `; written by ecs-cli 0.6
[ecs]
cluster                     = old
region                      = eu-central-1 # since 2016
aws_access_key_id           = "AKIAIOSFODNN7EXAMPLE"
aws_secret_access_key       = a/b+c=
compose-service-name-prefix =
`

func without(names ...string) map[string]string {
	files := maps.Clone(ecsFiles)
	for _, n := range names {
		delete(files, n)
	}
	return files
}

func with(name, data string) map[string]string {
	files := maps.Clone(ecsFiles)
	files[name] = data
	return files
}

const (
	cluster     = "cluster"
	region      = "region"
	launchType  = "launch type"
	endpoint    = "endpoint"
	credential  = "credentials"
	prefix      = "service prefix"
	taskPrefix  = "task prefix"
	stack       = "stack"
	prodEntry   = ` from ~/.ecs/config cluster configuration "prod"`
	testEntry   = ` from ~/.ecs/config cluster configuration "test"`
	ownKeys     = "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE"
	ownSecret   = "AWS_SECRET_ACCESS_KEY=secret"
	noEndpoint  = " from not set: AWS's own"
	defaultKeys = `ECS profile "ci" from ~/.ecs/credentials: default`
)

func (s *Settings) get(name string) string {
	v := map[string]Value{
		cluster: s.Cluster, region: s.Region, launchType: s.LaunchType, endpoint: s.Endpoint, credential: s.Credentials,
		prefix: s.ServicePrefix, taskPrefix: s.TaskPrefix, stack: s.StackName,
	}[name]
	return v.Value + " from " + v.From
}

// orders holds a row for each rule of which setting wins.
var orders = []struct {
	rule    string
	files   map[string]string
	options Options
	env     []string
	what    string
	want    string
}{
	{"a flag names the cluster", ecsFiles, Options{Cluster: "c", ClusterConfig: "test"}, []string{"ECS_CLUSTER=e"}, cluster,
		"c from --cluster"},
	// ecs-cli: even against an explicit --cluster-config. Its README says nothing else. Here a note says so.
	{"ECS_CLUSTER beats the file", ecsFiles, Options{ClusterConfig: "test"}, []string{"ECS_CLUSTER=e"}, cluster, "e from ECS_CLUSTER"},
	{"the default cluster configuration", ecsFiles, Options{}, nil, cluster, "shop" + prodEntry},
	{"the cluster configuration asked for", ecsFiles, Options{ClusterConfig: "test"}, nil, cluster, "lab" + testEntry},
	// ecs-cli sent an empty name, which ECS takes for this one.
	{"no cluster is the cluster default", nil, Options{}, nil, cluster, "default from not set: the cluster that ECS assumes"},

	{"a flag names the region", ecsFiles, Options{Region: "x"}, []string{"AWS_REGION=y"}, region, "x from --region"},
	// Code and README of ecs-cli agree, against the AWS CLI. Here a note says so.
	{"the file's region beats AWS_REGION", ecsFiles, Options{}, []string{"AWS_REGION=y"}, region, "eu-west-1" + prodEntry},
	{"AWS_REGION, if the entry has none", ecsFiles, Options{ClusterConfig: "bare"}, []string{"AWS_DEFAULT_REGION=z", "AWS_REGION=y"},
		region, "y from AWS_REGION"},
	{"AWS_DEFAULT_REGION", nil, Options{}, []string{"AWS_DEFAULT_REGION=z"}, region, "z from AWS_DEFAULT_REGION"},
	{"the region of the AWS profile of the flag", without(".ecs/config"), Options{AWSProfile: "other"}, []string{"AWS_PROFILE=sso"}, region,
		`sa-east-1 from AWS profile "other"`},
	{"the region of AWS_PROFILE", without(".ecs/config"), Options{}, []string{"AWS_PROFILE=sso"}, region, `ap-south-1 from AWS profile "sso"`},
	{"the region of AWS_DEFAULT_PROFILE", without(".ecs/config"), Options{}, []string{"AWS_DEFAULT_PROFILE=sso"}, region,
		`ap-south-1 from AWS profile "sso"`},
	{"the region of the default AWS profile", without(".ecs/config"), Options{}, nil, region, `us-west-1 from AWS profile "default"`},
	{"no region", nil, Options{}, nil, region, " from not set"},

	{"a flag names the launch type", ecsFiles, Options{LaunchType: "EC2"}, nil, launchType, "EC2 from --launch-type"},
	{"the file's launch type", ecsFiles, Options{}, nil, launchType, "FARGATE" + prodEntry},
	{"no launch type", ecsFiles, Options{ClusterConfig: "test"}, nil, launchType, " from not set"},

	// ecs-cli's code had --aws-profile and AWS_PROFILE beat all else; its README has this order.
	{"--ecs-profile first", ecsFiles, Options{ECSProfile: "me", AWSProfile: "sso"}, []string{"AWS_PROFILE=sso", ownKeys, ownSecret}, credential,
		`ECS profile "me" from --ecs-profile`},
	{"--aws-profile second", ecsFiles, Options{AWSProfile: "sso"}, []string{"ECS_PROFILE=me", ownKeys, ownSecret}, credential,
		`AWS profile "sso" from --aws-profile`},
	{"ECS_PROFILE third", ecsFiles, Options{}, []string{"ECS_PROFILE=me", "AWS_PROFILE=sso", ownKeys, ownSecret}, credential,
		`ECS profile "me" from ECS_PROFILE`},
	// Unlike in the SDK: code and README of ecs-cli agree. Here a note says so.
	{"AWS_PROFILE before keys of the environment", ecsFiles, Options{}, []string{"AWS_PROFILE=sso", ownKeys, ownSecret}, credential,
		`AWS profile "sso" from AWS_PROFILE`},
	{"keys of the environment before the default ECS profile", ecsFiles, Options{}, []string{ownKeys, ownSecret}, credential,
		"access key ****MPLE from AWS_ACCESS_KEY_ID"},
	{"half a key of the environment is none", ecsFiles, Options{}, []string{ownKeys}, credential, defaultKeys},
	{"the default ECS profile", ecsFiles, Options{}, []string{"AWS_DEFAULT_PROFILE=sso"}, credential, defaultKeys},
	{"AWS's own chain last", without(".ecs/credentials"), Options{}, nil, credential, "AWS's own chain from not set"},
	{"keys of an old file", map[string]string{".ecs/config": oldConfig}, Options{}, nil, credential,
		"access key ****MPLE from ~/.ecs/config [ecs]"},
	{"the AWS profile of an old file", map[string]string{".ecs/config": "[ecs]\naws_profile=sso\n", ".aws/config": ecsFiles[".aws/config"],
		".aws/credentials": ecsFiles[".aws/credentials"]}, Options{}, nil, credential, `AWS profile "sso" from ~/.ecs/config [ecs]`},
	{"an ECS profile beats keys of an old file", with(".ecs/config", oldConfig), Options{}, nil, credential, defaultKeys},

	{"a flag names the endpoint", nil, Options{EndpointURL: "http://a"}, []string{"AWS_ENDPOINT_URL=http://b"}, endpoint,
		"http://a from --endpoint-url"},
	{"the endpoint of ECS before that of all", nil, Options{}, []string{"AWS_ENDPOINT_URL=http://b", "AWS_ENDPOINT_URL_ECS=http://c"}, endpoint,
		"http://c from AWS_ENDPOINT_URL_ECS"},
	{"endpoints of the environment ignored", nil, Options{}, []string{"AWS_ENDPOINT_URL=http://b", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"},
		endpoint, noEndpoint},

	{"the endpoint of the AWS profile", map[string]string{".aws/config": "[default]\nendpoint_url = http://d\n"}, Options{}, nil, endpoint,
		`http://d from AWS profile "default"`},
	{"the endpoint of the service in the AWS profile", map[string]string{".aws/config": "[default]\nendpoint_url = http://d\nservices = s\n" +
		"[services s]\necs =\n  endpoint_url = http://e\n"}, Options{}, nil, endpoint, `http://e from AWS profile "default"`},

	{"the file's service prefix", ecsFiles, Options{ClusterConfig: "test"}, nil, prefix, "lab-" + testEntry},
	{"an old file's service prefix, empty if it says so", with(".ecs/config", oldConfig), Options{}, nil, prefix, " from not set"},
	{"an old file's service prefix, if it says none", map[string]string{".ecs/config": "[ecs]\ncluster: c\n"}, Options{}, nil, prefix,
		"ecscompose-service- from ~/.ecs/config [ecs]"},
	{"an old file's task prefix", with(".ecs/config", oldConfig), Options{}, nil, taskPrefix, "ecscompose- from ~/.ecs/config [ecs]"},
	{"an old file's region", with(".ecs/config", oldConfig), Options{}, nil, region, "eu-central-1 from ~/.ecs/config [ecs]"},

	{"the file's stack", ecsFiles, Options{}, nil, stack, "shop-stack" + prodEntry},
	// ecs-cli deleted the stack of another cluster so.
	{"the file's stack is of its cluster alone", ecsFiles, Options{Cluster: "c"}, nil, stack, "amazon-ecs-cli-setup-c from name of the cluster"},
	{"an old file's stack", map[string]string{".ecs/config": "[ecs]\ncluster=c\ncfn-stack-name-prefix=s-\n"}, Options{}, nil, stack,
		"s-c from ~/.ecs/config [ecs]"},
	{"an old file's stack prefix with another cluster", map[string]string{".ecs/config": "[ecs]\ncluster=c\ncfn-stack-name-prefix=s-\n"},
		Options{Cluster: "d"}, nil, stack, "s-d from name of the cluster"},
}

func TestOrders(t *testing.T) {
	for _, c := range orders {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			c.options.Env = home(t, c.files, c.env...)
			s, err := Resolve(c.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.get(c.what); got != c.want {
				t.Errorf("%s is %q, want %q", c.what, got, c.want)
			}
		})
	}
}

// TestNotes: a choice that may surprise is said.
func TestNotes(t *testing.T) {
	for _, c := range []struct {
		options Options
		env     []string
		want    []string
	}{
		{Options{}, nil, nil},
		{Options{}, []string{"AWS_REGION=eu-west-1", "ECS_CLUSTER=shop"}, nil},
		{Options{ClusterConfig: "test"}, []string{"ECS_CLUSTER=e"}, []string{"the cluster is e, of ECS_CLUSTER, not lab of --cluster-config test"}},
		{Options{}, []string{"AWS_REGION=y"}, []string{`the region is eu-west-1, of ~/.ecs/config cluster configuration "prod", ` +
			"not y of the environment: --region overrides both"}},
		{Options{}, []string{"AWS_PROFILE=sso", ownKeys}, []string{"AWS_PROFILE is used, AWS_ACCESS_KEY_ID is not"}},
		{Options{ECSProfile: "me", AWSProfile: "sso"}, nil, []string{"--ecs-profile is used, --aws-profile is not"}},
	} {
		c.options.Env = home(t, ecsFiles, c.env...)
		s, err := Resolve(c.options)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, s.Notes); diff != "" {
			t.Errorf("%v: wanted (-) and actual (+) notes differ:\n%s", c.env, diff)
		}
	}
}

// TestMistakes: what a flag names exists, or the error names what does. Credentials that no flag names are needed only by
// those who call AWS.
func TestMistakes(t *testing.T) {
	const later = true
	for _, c := range []struct {
		name    string
		files   map[string]string
		options Options
		env     []string
		later   bool // found by AWS, not by Resolve
		want    string
	}{
		{"cluster configuration", ecsFiles, Options{ClusterConfig: "prd"}, nil, !later,
			`--cluster-config: ~/.ecs/config has no cluster configuration "prd"; there are: bare, prod, test`},
		{"cluster configuration without files", nil, Options{ClusterConfig: "prd"}, nil, !later,
			`--cluster-config: ~/.ecs/config has no cluster configuration "prd"; there is none`},
		{"ECS profile", ecsFiles, Options{ECSProfile: "x"}, nil, !later,
			`--ecs-profile: ~/.ecs/credentials has no ECS profile "x"; there are: ci, me`},
		{"ECS profile without files", nil, Options{ECSProfile: "x"}, nil, !later,
			`--ecs-profile: ~/.ecs/credentials has no ECS profile "x"; there is none`},
		{"AWS profile", ecsFiles, Options{AWSProfile: "x"}, nil, !later,
			`--aws-profile: ~/.aws has no profile "x"; there are: default, keys, other, sso`},
		{"ECS_PROFILE", nil, Options{}, []string{"ECS_PROFILE=x"}, later,
			`ECS_PROFILE: ~/.ecs/credentials has no ECS profile "x"; there is none`},
		{"AWS_PROFILE", nil, Options{}, []string{"AWS_PROFILE=x"}, later, `AWS_PROFILE: ~/.aws has no profile "x"; there is none`},
		{"the default is missing", with(".ecs/config", "default: gone\nclusters: {one: {}}\n"), Options{}, nil, !later,
			`~/.ecs/config: default: ~/.ecs/config has no cluster configuration "gone"; there is only one`},
		{"config is no YAML", with(".ecs/config", "default: [\n"), Options{}, nil, !later,
			"~/.ecs/config cannot be read: line 2: did not find expected node content: correct it or move it away; it is left as it is"},
		{"config has wrong types", with(".ecs/config", "clusters: [a]\n"), Options{}, nil, !later, "~/.ecs/config cannot be read: line 1: " +
			"a list does not belong there: correct it or move it away; it is left as it is"},
		{"config has a text for an entry", with(".ecs/config", "clusters:\n  a: b\n"), Options{}, nil, !later,
			"~/.ecs/config cannot be read: line 2: a single value does not belong there: correct it or move it away; it is left as it is"},
		{"credentials are no YAML", with(".ecs/credentials", "a: b: c\n"), Options{}, nil, later,
			"~/.ecs/credentials cannot be read: mapping values are not allowed in this context: correct it or move it away; it is left as it is"},
		{"AWS_PROFILE beside a flag", ecsFiles, Options{ECSProfile: "me"}, []string{"AWS_PROFILE=x"}, later,
			`AWS_PROFILE: ~/.aws has no profile "x": unset it, although ECS profile "me" is used`},
		{"half a key", with(".ecs/credentials", "ecs_profiles: {x: {aws_access_key_id: k}}"), Options{ECSProfile: "x"}, nil, !later,
			`~/.ecs/credentials: ECS profile "x" has no aws_access_key_id or no aws_secret_access_key: ` +
				`ecsctl configure profile --profile-name x writes them`},
		{"no region", nil, Options{}, nil, later,
			"no region: give --region, set AWS_REGION, or keep one with ecsctl configure --cluster NAME --region REGION"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Env = home(t, c.files)
			setenv(t, c.options.Env, c.env...)
			s, err := Resolve(c.options)
			if c.later {
				if err != nil {
					t.Fatalf("%v, before credentials are needed", err)
				}
				_, err = s.AWS(t.Context())
			}
			if err == nil || err.Error() != c.want {
				t.Fatalf("got  %v\nwant %v", err, c.want)
			}
			if _, ok := errors.AsType[InputError](err); !ok {
				t.Errorf("%T is no InputError", err)
			}
		})
	}
}
