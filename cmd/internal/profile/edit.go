package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"gopkg.in/yaml.v3"
)

// A table is a file with the mapping of names to entries in it.
type table struct {
	file    string     // below ~/.ecs
	entries string     // key of the mapping
	what    string     // an entry, in words
	content func() any // a pointer to what the whole file must decode into
}

var (
	clusterTable = table{"config", "clusters", "cluster configuration", func() any { return &configFile{} }}
	keysTable    = table{"credentials", "ecs_profiles", "ECS profile", func() any { return &credentialsFile{} }}
)

// An Edit is what came of a change to a file.
type Edit struct {
	File    string // as the user knows it: ~/.ecs/config
	Default string // the default entry there is now, "" if there is none
}

// SetCluster writes a cluster configuration, in place of the one of that name if there is one. It becomes the default
// if there was none. Keys and comments that are not about it stay.
func SetCluster(ctx context.Context, env map[string]string, c Cluster) (*Edit, error) {
	return clusterTable.edit(ctx, env, func(root *yaml.Node, f file) error {
		return clusterTable.set(root, f, c.Name, clusterPairs(c))
	})
}

func clusterPairs(c Cluster) []pair {
	return []pair{
		{"cluster", c.Cluster, keepEmpty}, {"region", c.Region, keepEmpty},
		{"cfn-stack-name", c.StackName, dropEmpty}, {"compose-service-name-prefix", c.ServicePrefix, dropEmpty},
		{"default_launch_type", c.LaunchType, keepEmpty},
	}
}

// SetKeys writes an ECS profile as SetCluster does a cluster configuration.
func SetKeys(ctx context.Context, env map[string]string, k Keys) (*Edit, error) {
	return keysTable.edit(ctx, env, func(root *yaml.Node, f file) error {
		return keysTable.set(root, f, k.Name, keysPairs(k))
	})
}

func keysPairs(k Keys) []pair {
	return []pair{
		{"aws_access_key_id", k.AccessKey, keepEmpty}, {"aws_secret_access_key", k.SecretKey, keepEmpty},
		{"aws_session_token", k.SessionToken, dropEmpty},
	}
}

// SetDefaultCluster makes a cluster configuration the one that is used if none is named.
func SetDefaultCluster(ctx context.Context, env map[string]string, name string) (*Edit, error) {
	return clusterTable.setDefault(ctx, env, name)
}

// SetDefaultKeys makes an ECS profile the one that is used if nothing names credentials.
func SetDefaultKeys(ctx context.Context, env map[string]string, name string) (*Edit, error) {
	return keysTable.setDefault(ctx, env, name)
}

// DeleteCluster deletes a cluster configuration. If it was the default there is none any more.
func DeleteCluster(ctx context.Context, env map[string]string, name string) (*Edit, error) {
	return clusterTable.delete(ctx, env, name)
}

// DeleteKeys deletes an ECS profile. If it was the default there is none any more.
func DeleteKeys(ctx context.Context, env map[string]string, name string) (*Edit, error) {
	return keysTable.delete(ctx, env, name)
}

func (t table) setDefault(ctx context.Context, env map[string]string, name string) (*Edit, error) {
	return t.edit(ctx, env, func(root *yaml.Node, f file) error {
		if names := keysOf(member(root, t.entries)); !slices.Contains(names, name) {
			return InputError{&UnknownError{t.what, name, f.name, "default", names}}
		}
		setString(root, "default", name)
		return nil
	})
}

func (t table) delete(ctx context.Context, env map[string]string, name string) (*Edit, error) {
	return t.edit(ctx, env, func(root *yaml.Node, f file) error {
		entries := member(root, t.entries)
		if names := keysOf(entries); !slices.Contains(names, name) {
			return InputError{&UnknownError{t.what, name, f.name, "delete", names}}
		}
		remove(entries, name)
		if d := member(root, "default"); d != nil && d.Value == name {
			remove(root, "default")
		}
		return nil
	})
}

func (t table) set(root *yaml.Node, f file, name string, pairs []pair) error {
	entries, err := mapping(root, t.entries, f)
	if err != nil {
		return err
	}
	entry, err := mapping(entries, name, f)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		if p.value == "" && p.empty == dropEmpty {
			remove(entry, p.key)
			continue
		}
		setString(entry, p.key, p.value)
	}
	if d := member(root, "default"); d == nil || d.Value == "" || d.Tag == "!!null" {
		setString(root, "default", name)
	}
	return nil
}

// edit reads the file, changes it and writes it, while nobody else does.
func (t table) edit(ctx context.Context, env map[string]string, change func(*yaml.Node, file) error) (*Edit, error) {
	dir := directory(env)
	e := &Edit{File: dir.join(t.file).name}
	err := dir.locked(ctx, func() error {
		var err error
		e.Default, err = t.change(dir, change)
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// change is edit for a caller that holds the lock. It returns the default entry there is then.
func (t table) change(dir file, change func(*yaml.Node, file) error) (string, error) {
	f := dir.join(t.file)
	data, err := f.read()
	if err != nil {
		return "", err
	}
	if _, old := oldForm(data); old && t.file == clusterTable.file {
		return "", inputErrorf("%s has the form of ecs-cli before 1.0: ecsctl configure migrate rewrites it; "+
			"it is left as it is", f.name)
	}
	doc, err := t.parse(data, f)
	if err != nil {
		return "", err
	}
	root := doc.Content[0]
	if err := change(root, f); err != nil {
		return "", err
	}
	if data, err = encode(doc); err != nil {
		return "", fmt.Errorf("%s: %w", f.name, err)
	}
	if err := f.write(data); err != nil {
		return "", err
	}
	if d := member(root, "default"); d != nil {
		return d.Value, nil
	}
	return "", nil
}

// parse returns the document in data, which has a mapping at its root, and is what t describes.
func (t table) parse(data []byte, f file) (*yaml.Node, error) {
	doc := &yaml.Node{}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, f.badYAML(err)
	}
	if err := dec.Decode(&yaml.Node{}); err == nil {
		return nil, f.badYAML(errors.New("it has more than one document"))
	}
	if doc.Kind == 0 {
		doc.Kind = yaml.DocumentNode
		doc.HeadComment = string(bytes.TrimSpace(data)) // what is no node is comment
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		root := &yaml.Node{Kind: yaml.MappingNode}
		setString(root, "version", "v1")
		doc.Content = []*yaml.Node{root}
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		return nil, f.badYAML(errors.New("it is no mapping of keys to values"))
	}
	if err := doc.Decode(t.content()); err != nil {
		return nil, f.badYAML(err)
	}
	return doc, nil
}

func encode(doc *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// locked calls do while no other process does so for the same directory, which is made if it does not exist.
func (dir file) locked(ctx context.Context, do func() error) error {
	if dir.path == "" {
		return inputErrorf("there is no home directory to keep %s in: set HOME", dir.name)
	}
	if err := os.MkdirAll(dir.path, 0o700); err != nil {
		return fmt.Errorf("%s: %w", dir.name, reason(err))
	}
	lock := flock.New(filepath.Join(dir.path, ".lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("%s/.lock: %w", dir.name, err)
	}
	defer lock.Close()
	return do()
}

// write replaces the content of the file at once, so that whoever reads it sees the old or the new, and nobody but the
// user can. A symbolic link stays one.
func (f file) write(data []byte) error {
	path := f.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	err := replace(path, data)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, reason(err))
	}
	return nil
}

func replace(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // it has moved if all went well
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
