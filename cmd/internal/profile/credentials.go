package profile

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
)

// credentials are what to give the SDK: keys, or the name of an AWS profile, or nothing for its own chain.
type credentials struct {
	keys       *Keys
	awsProfile string
}

// resolveCredentials chooses the credentials, in the order of ecs-cli's README: the flags --ecs-profile and
// --aws-profile, the variables ECS_PROFILE, AWS_PROFILE and AWS_ACCESS_KEY_ID, the default ECS profile, AWS's own
// chain.
func (s *Settings) resolveCredentials(dir file, entry Cluster) error {
	o := s.options
	switch id := o.Env["AWS_ACCESS_KEY_ID"]; {
	case o.ECSProfile != "":
		if o.AWSProfile != "" {
			s.Notes = append(s.Notes, "--ecs-profile is used, --aws-profile is not")
		}
		s.useECSProfile(dir, o.ECSProfile, "--ecs-profile")
		return s.err
	case o.AWSProfile != "":
		s.useAWSProfile(o.AWSProfile, "--aws-profile")
		return s.err
	case o.Env["ECS_PROFILE"] != "":
		s.useECSProfile(dir, o.Env["ECS_PROFILE"], "ECS_PROFILE")
	case o.Env["AWS_PROFILE"] != "":
		if id != "" {
			s.Notes = append(s.Notes, "AWS_PROFILE is used, AWS_ACCESS_KEY_ID is not")
		}
		s.useAWSProfile(o.Env["AWS_PROFILE"], "AWS_PROFILE")
	case id != "" && o.Env["AWS_SECRET_ACCESS_KEY"] != "":
		keys := Keys{AccessKey: id, SecretKey: o.Env["AWS_SECRET_ACCESS_KEY"], SessionToken: o.Env["AWS_SESSION_TOKEN"]}
		s.useKeys(keys, "access key "+Mask(id), "AWS_ACCESS_KEY_ID")
	default:
		s.useDefaults(dir, entry)
	}
	return nil
}

// useDefaults chooses the credentials that nothing names. AWS_DEFAULT_PROFILE is left to AWS's own chain, in which a
// web identity beats it.
func (s *Settings) useDefaults(dir file, entry Cluster) {
	file, err := readCredentials(dir)
	switch {
	case err != nil:
		s.err = err
	case file.Default != "":
		s.useECSProfile(dir, file.Default, file.path.name+": default")
	case entry.keys.AccessKey != "" && entry.keys.SecretKey != "":
		s.useKeys(entry.keys, "access key "+Mask(entry.keys.AccessKey), entry.from)
	case entry.awsProfile != "":
		s.useAWSProfile(entry.awsProfile, entry.from)
	default:
		s.Credentials = Value{"AWS's own chain", notSet}
	}
}

func (s *Settings) useKeys(keys Keys, what, from string) {
	s.Credentials = Value{what, from}
	s.credentials = credentials{keys: &keys}
}

func (s *Settings) useECSProfile(dir file, name, from string) {
	file, err := readCredentials(dir)
	if err != nil {
		s.err = err
		return
	}
	keys, ok := file.Profiles[name]
	switch {
	case !ok:
		s.err = file.unknown(name, from)
	case keys.AccessKey == "" || keys.SecretKey == "":
		s.err = inputErrorf("%s: ECS profile %q has no aws_access_key_id or no aws_secret_access_key: "+
			"ecsctl configure profile --profile-name %[2]s writes them", file.path.name, name)
	}
	s.useKeys(keys, fmt.Sprintf("ECS profile %q", name), from)
}

func (s *Settings) useAWSProfile(name, from string) {
	s.Credentials = Value{fmt.Sprintf("AWS profile %q", name), from}
	s.credentials = credentials{awsProfile: name}
	files := awsFiles(s.options.Env)
	_, err := loadShared(files, name)
	if err == nil {
		return
	}
	known, ok := files.profiles()
	if ok && !slices.Contains(known, name) {
		s.err = InputError{&UnknownError{"profile", name, "~/.aws", from, known}}
		return
	}
	s.err = inputErrorf("%s: AWS profile %q: %w", from, name, err)
}

// loadProfile reads the AWS profile that says region and endpoints if nothing else does: the one that the credentials
// are of, or would be of if no others were named.
func (s *Settings) loadProfile() {
	env := s.options.Env
	name := first(
		Value{s.options.AWSProfile, ""}, Value{env["AWS_PROFILE"], ""}, Value{s.credentials.awsProfile, ""},
		Value{env["AWS_DEFAULT_PROFILE"], ""}, Value{"default", ""},
	).Value
	if shared, err := loadShared(awsFiles(env), name); err == nil {
		s.shared, s.sharedFrom = shared, fmt.Sprintf("AWS profile %q", name)
	}
}

// sharedFiles are the files of AWS's own tools, which are read and never written.
type sharedFiles struct{ config, credentials []string }

// awsFiles returns the files that env says. The SDK itself would look the home directory up once, in its process.
func awsFiles(env map[string]string) sharedFiles {
	path := func(variable, name string) []string {
		if v := env[variable]; v != "" {
			return []string{v}
		}
		home := first(Value{env["HOME"], ""}, Value{env["USERPROFILE"], ""}).Value
		if home == "" {
			return []string{}
		}
		return []string{filepath.Join(home, ".aws", name)}
	}
	return sharedFiles{path("AWS_CONFIG_FILE", "config"), path("AWS_SHARED_CREDENTIALS_FILE", "credentials")}
}

func loadShared(files sharedFiles, name string) (config.SharedConfig, error) {
	return config.LoadSharedConfigProfile(context.Background(), name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = files.config, files.credentials
	})
}

// profiles returns the names of all profiles, sorted, and false if a file cannot be read.
func (f sharedFiles) profiles() ([]string, bool) {
	names := map[string]bool{}
	for _, path := range slices.Concat(f.config, f.credentials) {
		data, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			return nil, false
		}
		for section := range parseINI(data) {
			kind, name, two := strings.Cut(section, " ")
			switch {
			case !two:
				names[section] = true
			case kind == "profile":
				names[unquote(strings.TrimSpace(name))] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names)), true
}

// Mask returns a key of which the last four characters can be seen, and fewer of a short one.
func Mask(key string) string {
	if key == "" {
		return ""
	}
	return "****" + key[len(key)-min(4, len(key)/4):]
}
