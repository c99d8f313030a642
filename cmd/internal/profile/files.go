package profile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A Cluster is a cluster configuration: an entry of ~/.ecs/config.
type Cluster struct {
	Name          string `yaml:"-"`
	Cluster       string `yaml:"cluster"`
	Region        string `yaml:"region"`
	StackName     string `yaml:"cfn-stack-name"`              // empty: amazon-ecs-cli-setup-<cluster>
	ServicePrefix string `yaml:"compose-service-name-prefix"` // deprecated by ecs-cli
	LaunchType    string `yaml:"default_launch_type"`

	from        string  // in words, for Value.From
	taskPrefix  string  // old form only
	stackPrefix *string // old form only
	awsProfile  string  // old form only
	keys        Keys    // old form only
}

// Keys are an ECS profile: an entry of ~/.ecs/credentials.
type Keys struct {
	Name         string `yaml:"-"`
	AccessKey    string `yaml:"aws_access_key_id"`
	SecretKey    string `yaml:"aws_secret_access_key"`
	SessionToken string `yaml:"aws_session_token"`
}

// A configFile is ~/.ecs/config, in the form of ecs-cli 1.x or the old one before that.
type configFile struct {
	Default  string             `yaml:"default"`
	Clusters map[string]Cluster `yaml:"clusters"`

	path file
	old  *Cluster // the only entry of a file in the old form
}

// A credentialsFile is ~/.ecs/credentials.
type credentialsFile struct {
	Default  string          `yaml:"default"`
	Profiles map[string]Keys `yaml:"ecs_profiles"`

	path file
}

// A file is a file of the user's: its path, and its name in messages.
type file struct{ path, name string }

// directory returns the directory of ecs-cli's files; it need not exist. Its path is empty without a home directory.
func directory(env map[string]string) file {
	home := env["HOME"]
	if home == "" {
		home = env["USERPROFILE"]
	}
	switch {
	case home == "":
		return file{"", "~/.ecs"}
	case runtime.GOOS == "windows":
		return file{filepath.Join(home, "AppData", "local", "ecs"), `~\AppData\local\ecs`}
	}
	return file{filepath.Join(home, ".ecs"), "~/.ecs"}
}

func (dir file) join(name string) file {
	if dir.path == "" {
		return file{"", dir.name + "/" + name}
	}
	return file{filepath.Join(dir.path, name), dir.name + "/" + name}
}

// read returns what is in the file, nothing if it does not exist.
func (f file) read() ([]byte, error) {
	if f.path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, inputErrorf("%s: %w", f.name, reason(err))
	}
	return data, nil
}

// reason returns why an operation on a file went wrong, without the path, which the caller names.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// badYAML returns err about the content of f with what to do.
func (f file) badYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := parserLine.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			text = fmt.Sprintf("line %d: %s", n+1, m[2])
		}
	}
	if e, ok := errors.AsType[*yaml.TypeError](err); ok {
		text = misplaced(e)
	}
	return inputErrorf("%s cannot be read: %s: correct it or move it away; it is left as it is", f.name, text)
}

// parserLine is an error in which yaml.v3 counts lines from 0; in others it does from 1.
var parserLine = regexp.MustCompile(`^line (\d+): (did not find expected .*)`)

// misplacedValue is how yaml.v3 says that a value is of another kind than the Go type that it is to become.
var misplacedValue = regexp.MustCompile(`^(line \d+): cannot unmarshal !!(\w+)`)

// misplaced says what stands where something else should, without Go types and without values, which may be secret.
func misplaced(e *yaml.TypeError) string {
	kinds := map[string]string{"seq": "a list", "map": "a mapping"}
	var said []string
	for _, text := range e.Errors {
		if m := misplacedValue.FindStringSubmatch(text); m != nil {
			text = fmt.Sprintf("%s: %s does not belong there", m[1], cmp.Or(kinds[m[2]], "a single value"))
		}
		said = append(said, text)
	}
	return strings.Join(said, "; ")
}

func readConfig(dir file) (*configFile, error) {
	c := &configFile{path: dir.join("config")}
	data, err := c.path.read()
	if err != nil {
		return nil, err
	}
	if sections, ok := oldForm(data); ok {
		c.old = oldCluster(sections["ecs"], c.path)
		return c, nil
	}
	if err := yaml.Unmarshal(data, c); err != nil {
		return nil, c.path.badYAML(err)
	}
	return c, nil
}

func readCredentials(dir file) (*credentialsFile, error) {
	c := &credentialsFile{path: dir.join("credentials")}
	data, err := c.path.read()
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(data, c); err != nil {
		return nil, c.path.badYAML(err)
	}
	return c, nil
}

// choose returns the entry of the given name, the default one if the name is empty. Without a default it is empty.
func (c *configFile) choose(name string) (Cluster, error) {
	by := "--cluster-config"
	switch {
	case name == "" && c.old != nil:
		return *c.old, nil
	case name == "":
		name, by = c.Default, c.path.name+": default"
	}
	if name == "" {
		return Cluster{}, nil
	}
	entry, ok := c.Clusters[name]
	if !ok {
		return Cluster{}, c.unknown(name, by)
	}
	entry.Name = name
	entry.from = c.path.name + ` cluster configuration "` + name + `"`
	return entry, nil
}

func (c *configFile) unknown(name, by string) error {
	return InputError{&UnknownError{"cluster configuration", name, c.path.name, by, sortedKeys(c.Clusters)}}
}

func (c *credentialsFile) unknown(name, by string) error {
	return InputError{&UnknownError{"ECS profile", name, c.path.name, by, sortedKeys(c.Profiles)}}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Files are the entries of ~/.ecs/config and ~/.ecs/credentials, by name.
type Files struct {
	Clusters       []Cluster
	DefaultCluster string
	Profiles       []Keys
	DefaultProfile string
	Old            bool // config has the old form, whose only entry has no name
}

// List returns all entries of the files.
func List(env map[string]string) (*Files, error) {
	dir := directory(env)
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	keys, err := readCredentials(dir)
	if err != nil {
		return nil, err
	}
	f := &Files{DefaultCluster: config.Default, DefaultProfile: keys.Default, Old: config.old != nil}
	for _, name := range sortedKeys(config.Clusters) {
		c := config.Clusters[name]
		c.Name = name
		f.Clusters = append(f.Clusters, c)
	}
	if config.old != nil {
		f.Clusters = []Cluster{*config.old}
		if k := config.old.keys; k.AccessKey != "" {
			f.Profiles = []Keys{k}
		}
	}
	for _, name := range sortedKeys(keys.Profiles) {
		k := keys.Profiles[name]
		k.Name = name
		f.Profiles = append(f.Profiles, k)
	}
	return f, nil
}
