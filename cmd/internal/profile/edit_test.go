package profile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, env map[string]string, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(env["HOME"], name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestEdits: a change to a file touches what it is about.
func TestEdits(t *testing.T) {
	prod := Cluster{Name: "prod", Cluster: "shop", Region: "eu-west-1", LaunchType: "FARGATE"}
	set := func(c Cluster) func(context.Context, map[string]string) (*Edit, error) {
		return func(ctx context.Context, env map[string]string) (*Edit, error) { return SetCluster(ctx, env, c) }
	}
	const entry = "  prod:\n    cluster: shop\n    region: eu-west-1\n    default_launch_type: FARGATE\n"
	for _, c := range []struct {
		name         string
		before, want string
		edit         func(context.Context, map[string]string) (*Edit, error)
	}{
		{"new file", "", "version: v1\nclusters:\n" + entry + "default: prod\n", set(prod)},
		{"only comments", "# mine\n", "# mine\n\nversion: v1\nclusters:\n" + entry + "default: prod\n", set(prod)},
		{"null clusters", "version: v1\ndefault: \"\"\nclusters:\n", "version: v1\ndefault: prod\nclusters:\n" + entry, set(prod)},
		{"empty clusters", "version: v1\ndefault:\nclusters: {}\n", "version: v1\ndefault: prod\nclusters:\n" + entry, set(prod)},
		{"another entry", "default: a\nclusters:\n  a:\n    cluster: x # of Ann\n    later: 1\n",
			"default: a\nclusters:\n  a:\n    cluster: x # of Ann\n    later: 1\n" + entry, set(prod)},
		{"the same entry", "default: prod\nclusters:\n  prod: # of Ann\n    mine: yes\n    cluster: x # old\n    region: y\n    cfn-stack-name: z\n",
			"default: prod\nclusters:\n  prod: # of Ann\n    mine: yes\n    cluster: shop # old\n    region: eu-west-1\n" +
				"    default_launch_type: FARGATE\n", set(prod)},
		{"text that looks like a number", "", "version: v1\nclusters:\n  \"1\":\n    cluster: \"2\"\n    region: \"true\"\n" +
			"    default_launch_type: \"\"\ndefault: \"1\"\n", set(Cluster{Name: "1", Cluster: "2", Region: "true"})},
		{"default", "default: a # mine\nclusters: {a: {}, b: {}}\n", "default: b # mine\nclusters: {a: {}, b: {}}\n",
			func(ctx context.Context, env map[string]string) (*Edit, error) {
				return SetDefaultCluster(ctx, env, "b")
			}},
		{"delete", "default: a\nclusters:\n  a: {}\n  b: {}\n", "default: a\nclusters:\n  a: {}\n",
			func(ctx context.Context, env map[string]string) (*Edit, error) { return DeleteCluster(ctx, env, "b") }},
		{"delete the default", "default: a\nclusters:\n  a: {}\n  b: {}\n", "clusters:\n  b: {}\n",
			func(ctx context.Context, env map[string]string) (*Edit, error) { return DeleteCluster(ctx, env, "a") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := home(t, nil)
			if c.before != "" {
				env = home(t, map[string]string{".ecs/config": c.before})
			}
			if _, err := c.edit(t.Context(), env); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, read(t, env, ".ecs/config")); diff != "" {
				t.Errorf("wanted (-) and actual (+) differ:\n%s", diff)
			}
		})
	}
}

// TestBrokenFilesStay: a file that cannot be read is never overwritten, and the error says why.
func TestBrokenFilesStay(t *testing.T) {
	for name, data := range map[string]string{
		"did not find expected node content":        "default: [\n",
		"a list does not belong there":              "clusters: [a]\necs_profiles: [a]\n",
		"no mapping of keys to values":              "- a\n",
		"more than one document":                    "default: a\n---\ndefault: b\n",
		"is no mapping of its own: edit it by hand": "x: &a {cluster: c}\nclusters: {default: *a}\necs_profiles: {default: *a}\n",
	} {
		for file, edit := range map[string]func(map[string]string) error{
			"config": func(env map[string]string) error {
				_, err := SetCluster(t.Context(), env, Cluster{Name: "default", Cluster: "c"})
				return err
			},
			"credentials": func(env map[string]string) error {
				_, err := SetKeys(t.Context(), env, Keys{Name: "default", AccessKey: "k"})
				return err
			},
		} {
			t.Run(file+"/"+name, func(t *testing.T) {
				env := home(t, map[string]string{".ecs/" + file: data})
				err := edit(env)
				if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "~/.ecs/"+file) {
					t.Errorf("got %v, want %s", err, name)
				}
				if _, ok := errors.AsType[InputError](err); !ok {
					t.Errorf("%T is no InputError", err)
				}
				if got := read(t, env, ".ecs/"+file); got != data {
					t.Errorf("the file says %q now", got)
				}
			})
		}
	}
	t.Run("a directory", func(t *testing.T) {
		env := home(t, map[string]string{".ecs/config/x": ""})
		if _, err := SetCluster(t.Context(), env, Cluster{Name: "a"}); err == nil || err.Error() != "~/.ecs/config: is a directory" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the old form", func(t *testing.T) {
		env := home(t, map[string]string{".ecs/config": oldConfig})
		_, err := SetCluster(t.Context(), env, Cluster{Name: "a"})
		if err == nil || !strings.Contains(err.Error(), "ecsctl configure migrate") || read(t, env, ".ecs/config") != oldConfig {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no home", func(t *testing.T) {
		if _, err := SetCluster(t.Context(), nil, Cluster{Name: "a"}); err == nil || !strings.Contains(err.Error(), "set HOME") {
			t.Errorf("got %v", err)
		}
	})
}

// TestModes: only the user can read what is written, and a symbolic link stays one.
func TestModes(t *testing.T) {
	env := home(t, nil)
	if _, err := SetKeys(t.Context(), env, Keys{Name: "a", AccessKey: "k", SecretKey: "s"}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(env["HOME"], ".ecs")
	path := filepath.Join(dir, "credentials")
	for p, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, path: 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v (%v), want %v", p, info.Mode(), err, want)
		}
	}
	target := filepath.Join(env["HOME"], "dotfiles")
	if err := errors.Join(os.Rename(path, target), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := SetKeys(t.Context(), env, Keys{Name: "b", AccessKey: "k", SecretKey: "s"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSymlink == 0 || !strings.Contains(read(t, env, "dotfiles"), "  b:\n") {
		t.Errorf("the link is %v, and its target %q (%v)", info, read(t, env, "dotfiles"), err)
	}
	left, err := filepath.Glob(dir + "/.c*")
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}

// TestConcurrentEdits: changes made at the same time all land.
func TestConcurrentEdits(t *testing.T) {
	env := home(t, nil)
	const n = 20
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		all.Go(func() {
			_, errs[i] = SetCluster(t.Context(), env, Cluster{Name: fmt.Sprintf("c%02d", i), Cluster: "c", Region: "r"})
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	files, err := List(env)
	if err != nil || len(files.Clusters) != n {
		t.Errorf("%d entries (%v), want %d", len(files.Clusters), err, n)
	}
}

// TestMigration: a file in the old form becomes entries that say the same, and its keys move.
func TestMigration(t *testing.T) {
	const there = "# mine\necs_profiles:\n  ci:\n    aws_access_key_id: k\n    aws_secret_access_key: s\ndefault: ci\n"
	env := home(t, map[string]string{".ecs/config": oldConfig + "aws_profile = sso\ncfn-stack-name-prefix = s-\n", ".ecs/credentials": there})
	m, err := PlanMigration(env)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.Text, "a/b+c=") || strings.Contains(m.Text, "AKIA") {
		t.Errorf("secrets are shown: %s", m.Text)
	}
	want := []string{"aws_profile sso has no place in the new form: give --aws-profile or set AWS_PROFILE"}
	if diff := cmp.Diff(want, m.Notes); diff != "" {
		t.Errorf("wanted (-) and actual (+) notes differ:\n%s", diff)
	}
	if err := m.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	config := "version: v1\nclusters:\n  default:\n    cluster: old\n    region: eu-central-1\n    cfn-stack-name: s-old\n" +
		"    default_launch_type: \"\"\ndefault: default\n"
	if diff := cmp.Diff(config, read(t, env, ".ecs/config")); diff != "" {
		t.Errorf("wanted (-) and actual (+) config differ:\n%s", diff)
	}
	credentials := strings.Replace(there, "default: ci", "  default:\n    aws_access_key_id: AKIAIOSFODNN7EXAMPLE\n"+
		"    aws_secret_access_key: a/b+c=\ndefault: ci", 1)
	if diff := cmp.Diff(credentials, read(t, env, ".ecs/credentials")); diff != "" {
		t.Errorf("wanted (-) and actual (+) credentials differ:\n%s", diff)
	}
	if m, err := PlanMigration(env); m != nil || err != nil {
		t.Errorf("there is more to migrate: %v %v", m, err)
	}
}

// TestMigrationRefuses: keys that are there already are not replaced, nor a file that changed since it was shown.
func TestMigrationRefuses(t *testing.T) {
	env := home(t, map[string]string{".ecs/config": oldConfig, ".ecs/credentials": "ecs_profiles: {default: {aws_access_key_id: k}}\n"})
	m, err := PlanMigration(env)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), `another ECS profile "default"`) {
		t.Errorf("got %v", err)
	}
	if read(t, env, ".ecs/config") != oldConfig {
		t.Error("config was rewritten")
	}
	if err := os.WriteFile(filepath.Join(env["HOME"], ".ecs/config"), []byte("[ecs]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "changed meanwhile") {
		t.Errorf("got %v", err)
	}
	if _, err := PlanMigration(home(t, nil)); err == nil || !strings.Contains(err.Error(), "there is no such file") {
		t.Errorf("got %v", err)
	}
}

func TestMask(t *testing.T) {
	for key, want := range map[string]string{"": "", "a": "****", "abcdefgh": "****gh", "AKIAIOSFODNN7EXAMPLE": "****MPLE"} {
		if got := Mask(key); got != want {
			t.Errorf("Mask(%q) = %q, want %q", key, got, want)
		}
	}
}
