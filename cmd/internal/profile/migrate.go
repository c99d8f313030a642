package profile

import (
	"bytes"
	"context"
	"fmt"

	"gopkg.in/yaml.v3"
)

// A Migration is what ~/.ecs/config in its old form becomes.
type Migration struct {
	Cluster Cluster
	Keys    *Keys    // nil if the file has none
	Notes   []string // what has no place in the new form
	Text    string   // what the files will say, with keys masked

	dir    file
	data   []byte // of the file as it was planned for
	config []byte // of the file as it will be
}

// migrated is the name of the entries that a file in the old form becomes.
const migrated = "default"

// PlanMigration reads ~/.ecs/config. It returns nil if the file has the new form.
func PlanMigration(env map[string]string) (*Migration, error) {
	dir := directory(env)
	f := dir.join("config")
	data, err := f.read()
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, inputErrorf("%s: there is no such file", f.name)
	}
	config, err := readConfig(dir)
	if err != nil || config.old == nil {
		return nil, err
	}
	old := *config.old
	m := &Migration{Cluster: old, dir: dir, data: data}
	m.Cluster.Name = migrated
	if old.StackName == defaultStackPrefix+old.Cluster {
		m.Cluster.StackName = "" // as it is named without being told
	}
	if k := old.keys; k.AccessKey != "" || k.SecretKey != "" {
		k.Name = migrated
		m.Keys = &k
	}
	if old.awsProfile != "" {
		m.Notes = append(m.Notes, fmt.Sprintf("aws_profile %s has no place in the new form: "+
			"give --aws-profile or set AWS_PROFILE", old.awsProfile))
	}
	if old.taskPrefix != "" && old.taskPrefix != oldTaskPrefix {
		m.Notes = append(m.Notes, fmt.Sprintf("compose-project-name-prefix %s has no place in the new form: "+
			"tasks are listed by the name of the project alone", old.taskPrefix))
	}
	return m, m.preview()
}

// preview writes m.Text, with keys masked.
func (m *Migration) preview() error {
	config, err := clusterTable.only(m.dir, clusterPairs(m.Cluster))
	if err != nil {
		return err
	}
	m.config = config
	m.Text = "# ~/.ecs/config\n" + string(config)
	if m.Keys == nil {
		return nil
	}
	masked := Keys{AccessKey: Mask(m.Keys.AccessKey), SecretKey: Mask(m.Keys.SecretKey)}
	credentials, err := keysTable.only(m.dir, keysPairs(masked))
	m.Text += "# ~/.ecs/credentials\n" + string(credentials)
	return err
}

// only returns a file with one entry.
func (t table) only(dir file, pairs []pair) ([]byte, error) {
	f := dir.join(t.file)
	doc, err := t.parse(nil, f)
	if err != nil {
		return nil, err
	}
	if err := t.set(doc.Content[0], f, migrated, pairs); err != nil {
		return nil, err
	}
	return encode(doc)
}

// Apply rewrites the file, and moves keys to ~/.ecs/credentials before that. An ECS profile that is there already is
// not replaced by another.
func (m *Migration) Apply(ctx context.Context) error {
	return m.dir.locked(ctx, func() error {
		f := m.dir.join(clusterTable.file)
		data, err := f.read()
		if err != nil {
			return err
		}
		if !bytes.Equal(data, m.data) {
			return inputErrorf("%s was changed meanwhile", f.name)
		}
		if m.Keys != nil {
			if _, err := keysTable.change(m.dir, m.addKeys); err != nil {
				return err
			}
		}
		return f.write(m.config)
	})
}

func (m *Migration) addKeys(root *yaml.Node, f file) error {
	if entry := member(member(root, keysTable.entries), m.Keys.Name); entry != nil {
		var there Keys
		if err := entry.Decode(&there); err != nil {
			return f.badYAML(err)
		}
		if there.AccessKey != m.Keys.AccessKey || there.SecretKey != m.Keys.SecretKey {
			return inputErrorf("%s has another ECS profile %q already: rename it there, or take the keys out of ~/.ecs/config",
				f.name, m.Keys.Name)
		}
		return nil
	}
	return keysTable.set(root, f, m.Keys.Name, keysPairs(*m.Keys))
}
