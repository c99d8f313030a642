package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	composego "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"

	"github.com/ecsctl/ecsctl/compose/composetest"
	"github.com/ecsctl/ecsctl/compose/diag"
)

// TestLoad loads the project of each archive. want.json is its model, want.txt the diagnostics. The file options has
// one option a line: file, profile, env-file, env, name and a value.
func TestLoad(t *testing.T) {
	for _, a := range composetest.All(t, "../testdata/load") {
		t.Run(a.Name, func(t *testing.T) {
			dir := t.TempDir()
			a.Extract(t, "", dir)
			p, diags, err := Load(context.Background(), optionsOf(a, dir))
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			for _, d := range diags {
				text.WriteString(strings.ReplaceAll(d.String(), dir, "DIR") + "\n")
			}
			want := map[string]string{"want.txt": text.String()}
			if p != nil {
				want["want.json"] = strings.ReplaceAll(model(t, p.Project), dir, "DIR")
			}
			a.Compare(t, want, *update)
		})
	}
}

const (
	noTarget    = "a secret without a target stays one: ECS has no files to mount it at"
	firstFormat = "the first format has no services key"
	declared    = "ecs-params may declare the volume: translation reports one that nothing declares"
	dropped     = "volume_driver of old formats is known"
)

// differences from compose-go's loader that are meant, by archive.
var differences = map[string]string{
	"conformance/real-fargate-api":                                "a variable in the name of an image must be set",
	"conformance/v1-env-map-bool":                                 firstFormat,
	"conformance/v1-links-volumes-from":                           firstFormat,
	"conformance/v1-log-driver":                                   firstFormat,
	"conformance/v2-unsupported":                                  dropped,
	"conformance/v2-volumes-undeclared":                           declared,
	"conformance/v3-no-image":                                     "ecs-params may leave the service out: translation reports one without an image",
	"conformance/v3-secrets-configs":                              noTarget,
	"conformance/v3-unsupported":                                  "networks beside network_mode do no harm in ECS, and ecs-cli took them",
	"keys/label_file":                                             "the labels of files are labels, like the variables of env files",
	"keys/lost":                                                   dropped,
	"keys/pre_start":                                              "hooks have what they inherit, which compose-go's normalisation gives them",
	"keys/refused":                                                "count and device_ids of one request are refused in translation",
	"keys/params_task_definition.efs_volumes":                     declared,
	"keys/params_task_definition.fsx_windows_file_server_volumes": declared,
	"keys/params_task_definition.s3files_volumes":                 declared,
	"load/first_format":                                           firstFormat,
	"load/null_later":                                             "null in a later file leaves the logging and the ulimits of an earlier one",
	"load/include_named":                                          "the file names the project, which compose-go is told here",
	"load/merge":                                                  noTarget,
	"keys/secrets":                                                noTarget,
	"keys/top_secrets":                                            noTarget,
}

// TestLoadAsComposeGo holds the models of all projects under testdata against those of compose-go's own loader.
func TestLoadAsComposeGo(t *testing.T) {
	logrus.SetOutput(io.Discard)
	t.Setenv("HOME", "/home/user")
	dotenv.RegisterFormat("raw", func(r io.Reader, _ string, vars map[string]string, lookup func(string) (string, bool)) error {
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return parseRaw(data, vars, lookup)
	})
	for _, dir := range []string{"load", "keys", "conformance"} {
		for _, a := range composetest.All(t, "../testdata/"+dir) {
			name := dir + "/" + a.Name
			t.Run(name, func(t *testing.T) {
				diff := differenceFromComposeGo(t, a)
				switch reason := differences[name]; {
				case diff != "" && reason == "":
					t.Errorf("compose-go (-) and ecsctl (+) differ:\n%s", diff)
				case diff == "" && reason != "":
					t.Errorf("no difference any more: %s", reason)
				}
			})
		}
	}
}

// differenceFromComposeGo returns how our model of a project differs from compose-go's. What one of the two refuses is
// compared by the refusal.
func differenceFromComposeGo(t *testing.T, a *composetest.Archive) string {
	t.Helper()
	dir := t.TempDir()
	a.Extract(t, "", dir)
	if app := filepath.Join(dir, "app"); isDir(app) { // of a recorded case
		dir = app
	}
	o := optionsOf(a, dir)
	ours, diags, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if ours == nil {
		return ""
	}
	theirs, err := loadWithComposeGo(ours, o)
	switch {
	case err != nil && diags.HasErrors():
		return ""
	case err != nil:
		return "- " + err.Error()
	case diags.HasErrors():
		return "+ refused: " + diags[0].String()
	}
	return cmp.Diff(model(t, theirs), model(t, ours.Project))
}

func loadWithComposeGo(p *Project, o Options) (*types.Project, error) {
	details := types.ConfigDetails{WorkingDir: p.Dir, Environment: p.Environment}
	files, _ := (&loader{ctx: context.Background(), cwd: o.Dir, diags: &diag.List{}}).chooseFiles(o)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: f, Content: data})
	}
	q, err := composego.LoadWithContext(context.Background(), details, func(l *composego.Options) {
		l.SetProjectName("shop", true)
		l.SkipNormalization = true
		l.Profiles = p.Profiles
	}, composego.WithDiscardEnvFiles)
	if err != nil {
		return nil, err
	}
	return q.WithServicesEnvironmentResolved(true)
}

// model returns a project as JSON.
func model(t *testing.T, p *types.Project) string {
	t.Helper()
	data, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func optionsOf(a *composetest.Archive, dir string) Options {
	o := Options{Name: "shop", Dir: dir, Env: map[string]string{"HOME": "/home/user"}}
	for line := range strings.Lines(a.File("options")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "file":
			o.Files = append(o.Files, value)
		case "profile":
			o.Profiles = append(o.Profiles, value)
		case "env-file":
			o.EnvFiles = append(o.EnvFiles, value)
		case "env":
			name, v, _ := strings.Cut(value, "=")
			o.Env[name] = v
		case "name":
			o.Name = strings.Trim(value, `"`)
		}
	}
	return o
}
