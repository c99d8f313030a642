package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/compose"
	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/ecsparams"
	"github.com/ecsctl/ecsctl/translate"
)

// A projectFlags holds the flags that say which files make the project.
type projectFlags struct {
	files         []string
	name          string
	ecsParams     []string
	registryCreds string
	envFiles      []string
	profiles      []string
	taskRoleARN   string
	restartPolicy string
}

func newCompose(a *app) *cobra.Command {
	p := &projectFlags{}
	cmd := &cobra.Command{
		Use:   "compose",
		Short: "Work with the project that compose files describe",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := cmd.PersistentFlags()
	f.StringArrayVarP(&p.files, "file", "f", nil, "compose file, - for standard input; repeatable, later ones win; "+
		"default: COMPOSE_FILE, else compose.yaml or docker-compose.yml with its override for ECS")
	f.StringVarP(&p.name, "project-name", "p", "", "name of the project; default: COMPOSE_PROJECT_NAME, "+
		"the name in the files, or that of their directory")
	f.StringArrayVar(&p.ecsParams, "ecs-params", nil, "ecs-params file; repeatable, later ones win; "+
		"default: ecs-params.yml here or beside the compose file")
	f.StringVar(&p.registryCreds, "registry-creds", "",
		"registry credentials file; default: the newest ecs-registry-creds_*.yml here")
	f.StringArrayVar(&p.envFiles, "env-file", nil, "file of variables in place of .env; repeatable, later ones win")
	f.StringArrayVar(&p.profiles, "profile", nil, "active profile besides COMPOSE_PROFILES; repeatable")
	f.StringVar(&p.taskRoleARN, "task-role-arn", "", "name or ARN of the role of the task")
	f.StringVar(&p.restartPolicy, "restart-policy", "sidecars",
		"containers that ECS restarts in place: all, sidecars or none")
	cmd.AddCommand(newBuild(a, p), newCheck(a, p), newConfig(a, p), newConvert(a, p), newCreate(a, p), newKeys(a),
		newComposeLogs(a, p), newComposePull(a, p), newComposePush(a, p), newPlan(a, p), newPs(a, p), newRevisions(a, p),
		newRun(a, p), newScale(a, p), newSchema(a), newService(a, p), newStart(a, p), newStop(a, p), newUp(a, p))
	return cmd
}

// load reads the compose files. The project is nil if nothing could be read.
func (p *projectFlags) load(ctx context.Context, a *app) (*compose.Project, diag.List, error) {
	return compose.Load(ctx, compose.Options{
		Files: p.files, Name: p.name, EnvFiles: p.envFiles, Profiles: p.profiles, Env: a.env, Stdin: a.stdin,
	})
}

// A translateFlags holds the flags that say what the files are translated for.
type translateFlags struct {
	purpose string
	tags    string
}

func (o *translateFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.purpose, "for", "task-definition",
		"what the files are for: task-definition, run-task or service")
	cmd.Flags().StringVar(&o.tags, "tags", "", "tags `KEY=VALUE,...` of all that is made")
}

// purposes are what a project may be translated for.
var purposes = map[string]translate.Purpose{
	"task-definition": translate.ToRegister, "run-task": translate.ToRun, "service": translate.ToServe,
}

// A translation is a project with what ECS is told of it.
type translation struct {
	target  *translate.Target
	project *compose.Project
	result  *translate.Result
	diags   diag.List
}

// translate reads all files of the project and translates it for the purpose that the command line names.
func (p *projectFlags) translate(ctx context.Context, a *app, o *translateFlags) (*translation, error) {
	purpose, ok := purposes[o.purpose]
	if !ok {
		return nil, usageError{fmt.Errorf("--for must be task-definition, run-task or service, not %q", o.purpose)}
	}
	return p.translateFor(ctx, a, purpose, o.tags)
}

// translateFor reads all files of the project and translates it. The result is nil if the compose files could not be
// read.
func (p *projectFlags) translateFor(
	ctx context.Context, a *app, purpose translate.Purpose, tags string,
) (*translation, error) {
	target, err := p.target(a, purpose, tags)
	if err != nil {
		return nil, err
	}
	project, diags, err := p.load(ctx, a)
	if err != nil {
		return nil, err
	}
	t := &translation{target: target, project: project, diags: diags}
	if project == nil {
		return t, nil
	}
	files := p.ecsParams
	if len(files) == 0 {
		if f := ecsparams.FindFile("", project.Dir); f != "" {
			files = []string{shorten(f)}
		}
	}
	params, diags, err := ecsparams.Load(ctx, files, project.Environment)
	if err != nil {
		return nil, usageError{err}
	}
	t.diags = append(t.diags, diags...)
	if target.Registry, diags, err = p.registry(ctx); err != nil {
		return nil, usageError{err}
	}
	t.diags = append(t.diags, diags...)
	t.result, diags = translate.Translate(project, params, *target)
	t.diags.Follow(diags)
	t.diags.Sort()
	return t, nil
}

// shorten returns a path relative to the working directory if it is below it.
func shorten(path string) string {
	cwd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	if rel, err := filepath.Rel(cwd, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

func (p *projectFlags) registry(ctx context.Context) (*ecsparams.RegistryCredentials, diag.List, error) {
	name := p.registryCreds
	if name == "" {
		name = ecsparams.FindRegistryCredentials("")
	}
	if name == "" {
		return nil, nil, nil
	}
	return ecsparams.LoadRegistryCredentials(ctx, name)
}

// target returns what the command line says about where the project runs.
func (p *projectFlags) target(a *app, purpose translate.Purpose, tags string) (*translate.Target, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	if err := checkLaunchType(s.LaunchType); err != nil {
		return nil, err
	}
	t := &translate.Target{
		Purpose: purpose, ServicePrefix: s.ServicePrefix.Value,
		LaunchType: types.LaunchType(s.LaunchType.Value), Region: s.Region.Value, TaskRoleARN: p.taskRoleARN,
		RestartPolicy: translate.RestartPolicy(p.restartPolicy), AllowUnsupported: a.allowUnsupported,
	}
	switch t.RestartPolicy {
	case translate.RestartAll, translate.RestartNone, translate.RestartSidecars:
	default:
		return nil, usageError{fmt.Errorf("--restart-policy must be all, sidecars or none, not %q", p.restartPolicy)}
	}
	for _, word := range a.allowUnsupported {
		if !translate.CanAllow(word) {
			return nil, usageError{fmt.Errorf("--allow-unsupported: %q is no key of a compose service and no rule%s",
				word, translate.SuggestKey(word))}
		}
	}
	t.Tags, err = parseTags(tags)
	return t, err
}

// parseTags reads KEY=VALUE,KEY=VALUE as ecs-cli does: values may have an equals sign, and no comma.
func parseTags(s string) (map[string]string, error) {
	if s == "" {
		return nil, nil
	}
	tags := map[string]string{}
	for tag := range strings.SplitSeq(s, ",") {
		key, value, found := strings.Cut(tag, "=")
		if !found || key == "" {
			return nil, usageError{fmt.Errorf("--tags: %q is not KEY=VALUE", tag)}
		}
		tags[key] = value
	}
	return tags, nil
}
