package cli

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/mattn/go-shellwords"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

// An overrideFlags holds the flags for what ECS lets a task have otherwise than its definition says (TaskOverride).
type overrideFlags struct {
	env              []string
	envFiles         []string
	cpu              string
	memory           string
	taskRoleARN      string
	executionRoleARN string
	ephemeralStorage int32
	resources        []string
}

func (o *overrideFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&o.env, "env", "e", nil,
		"variable `KEY=VALUE` of SERVICE's container, KEY alone for that of the shell; repeatable")
	f.StringArrayVar(&o.envFiles, "env-from-file", nil, "file of variables of SERVICE's container; repeatable, --env wins")
	f.StringVar(&o.cpu, "cpu", "", "CPU units of the task")
	f.StringVar(&o.memory, "memory", "", "MiB of the task")
	f.StringVar(&o.taskRoleARN, "task-role-arn", "", "role of this task; the task definition keeps its own")
	f.StringVar(&o.executionRoleARN, "execution-role-arn", "", "execution role of this task")
	f.Int32Var(&o.ephemeralStorage, "ephemeral-storage", 0, "GiB of ephemeral storage of the task")
	f.StringArrayVar(&o.resources, "resource-requirement", nil, "`TYPE=VALUE` of SERVICE's container, GPU=1; repeatable")
}

// A runCommands is what the command line says of the containers of a run.
type runCommands struct {
	service   string
	jobs      [][]string          // the commands of SERVICE's container, a task each; nil for that of its definition
	others    map[string][]string // commands of other containers
	env       []types.KeyValuePair
	resources []types.ResourceRequirement
}

// commands reads SERVICE, its command and those of other containers.
func (o *runFlags) commands(a *app, args []string) (*runCommands, error) {
	if len(args) == 0 {
		return nil, usageError{fmt.Errorf("run takes a SERVICE, and may be its command: see ecsctl compose run --help")}
	}
	c := &runCommands{service: args[0], others: map[string][]string{}}
	for _, text := range o.overrides {
		service, command, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--override: %q is not SERVICE=COMMAND", text)}
		}
		words, err := split("--override "+service, command)
		if err != nil {
			return nil, err
		}
		c.others[service] = words
	}
	if err := o.setJobs(c, args[1:]); err != nil {
		return nil, err
	}
	for _, text := range o.resources {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--resource-requirement: %q is not TYPE=VALUE", text)}
		}
		c.resources = append(c.resources, types.ResourceRequirement{Type: types.ResourceType(name), Value: &value})
	}
	return c, o.setEnv(a, c)
}

// pairs takes over what ecs-cli has, SERVICE "COMMAND" SERVICE "COMMAND": all but the first become overrides. A command
// with a space, followed by the name of another service, can be nothing else.
func (o *runFlags) pairs(a *app, args []string, td *types.TaskDefinition) []string {
	names := containerNames(td)
	if len(args) < 4 || len(args)%2 != 0 || !strings.Contains(args[1], " ") {
		return args
	}
	for i := 0; i < len(args); i += 2 {
		if !slices.Contains(names, args[i]) {
			return args
		}
	}
	for i := 2; i < len(args); i += 2 {
		o.overrides = append(o.overrides, args[i]+"="+args[i+1])
	}
	a.note(fmt.Sprintf("pairs of services and commands are read as ecs-cli did: %s is run, the others are --override",
		args[0]))
	return args[:2]
}

func containerNames(td *types.TaskDefinition) []string {
	var names []string
	for _, c := range td.ContainerDefinitions {
		names = append(names, *c.Name)
	}
	return names
}

// setJobs reads the commands of SERVICE's container.
func (o *runFlags) setJobs(c *runCommands, command []string) error {
	if len(command) > 0 && command[0] == "--" { // it ends flags, and is no command
		command = command[1:]
	}
	switch {
	case o.count < 1:
		return usageError{fmt.Errorf("--count must be 1 or more, not %d", o.count)}
	case len(o.each) > 0 && (len(command) > 0 || o.count > 1):
		return usageError{fmt.Errorf("--each names the commands: leave out %q and --count", strings.Join(command, " "))}
	case len(o.each) > 0:
		for _, text := range o.each {
			words, err := split("--each", text)
			if err != nil {
				return err
			}
			c.jobs = append(c.jobs, words)
		}
	case len(command) == 1:
		words, err := split(c.service, command[0])
		if err != nil {
			return err
		}
		c.jobs = [][]string{words}
	default:
		c.jobs = [][]string{command}
	}
	return nil
}

// split splits a command that is one argument, as ecs-cli's are.
func split(what, text string) ([]string, error) {
	parser := shellwords.NewParser()
	words, err := parser.Parse(text)
	switch {
	case err != nil:
		return nil, usageError{fmt.Errorf("%s: %q: %w", what, text, err)}
	case parser.Position >= 0:
		return nil, usageError{fmt.Errorf("%s: no shell runs %q: write sh -c '...' if the image has one", what, text)}
	case len(words) == 0:
		return nil, usageError{fmt.Errorf("%s: the command is empty", what)}
	}
	return words, nil
}

// setEnv reads the variables: of several of one name the last counts.
func (o *runFlags) setEnv(a *app, c *runCommands) error {
	vars := map[string]string{}
	for _, name := range o.envFiles {
		f, err := os.Open(name)
		if err != nil {
			return usageError{fmt.Errorf("--env-from-file: %w", err)}
		}
		file, err := dotenv.ParseWithLookup(f, func(key string) (string, bool) { v, ok := a.env[key]; return v, ok })
		_ = f.Close() // it was only read
		if err != nil {
			return usageError{fmt.Errorf("--env-from-file %s: %w", name, err)}
		}
		for key, value := range file {
			vars[key] = value
		}
	}
	for _, text := range o.env {
		key, value, ok := strings.Cut(text, "=")
		switch {
		case key == "":
			return usageError{fmt.Errorf("--env: %q is not KEY=VALUE", text)}
		case !ok:
			if value, ok = a.env[key]; !ok {
				a.warn([]string{"--env " + key + ": the shell has no such variable: it is left out"})
				continue
			}
		}
		vars[key] = value
	}
	c.env = pairs(vars)
	return nil
}

// pairs returns variables in order.
func pairs(vars map[string]string) []types.KeyValuePair {
	var list []types.KeyValuePair
	for key, value := range vars {
		list = append(list, types.KeyValuePair{Name: &key, Value: &value})
	}
	slices.SortFunc(list, func(a, b types.KeyValuePair) int { return strings.Compare(*a.Name, *b.Name) })
	return list
}

// check returns an error if the files lack a container that the command line names. What another revision has is not
// in the files.
func (o *runFlags) check(c *runCommands, td *types.TaskDefinition) error {
	if o.revision != "" || o.deployed {
		return nil
	}
	return c.checkContainers(td)
}

// checkContainers returns an error if a task definition lacks a container that the command line names.
func (c *runCommands) checkContainers(td *types.TaskDefinition) error {
	names := containerNames(td)
	for _, name := range append([]string{c.service}, slices.Sorted(maps.Keys(c.others))...) {
		if !slices.Contains(names, name) {
			return noService(name, names)
		}
	}
	return nil
}

// jobs returns what is run: a job for each command.
func (o *runFlags) jobs(c *runCommands, base *ecs.RunTaskInput) []deploy.Job {
	var jobs []deploy.Job
	for i, command := range c.jobs {
		env := slices.Clone(c.env)
		if len(o.each) > 0 {
			env = append(env, types.KeyValuePair{Name: new("CMD_INDEX"), Value: new(fmt.Sprint(i))})
		}
		why := c.service
		if len(command) > 0 {
			why += ": " + strings.Join(command, " ")
		}
		jobs = append(jobs, deploy.Job{Why: why, Count: o.count, Overrides: o.taskOverride(base.Overrides, c, command, env)})
	}
	return jobs
}

// taskOverride returns what a task has otherwise than its definition says; what the files say of that is kept. It is nil
// if that is nothing.
func (o *runFlags) taskOverride(
	files *types.TaskOverride, c *runCommands, command []string, env []types.KeyValuePair,
) *types.TaskOverride {
	t := types.TaskOverride{}
	if files != nil {
		t = *files
		t.ContainerOverrides = slices.Clone(files.ContainerOverrides)
	}
	set := func(field **string, flag string) {
		if flag != "" {
			*field = &flag
		}
	}
	set(&t.Cpu, o.cpu)
	set(&t.Memory, o.memory)
	set(&t.TaskRoleArn, o.overrideFlags.taskRoleARN)
	set(&t.ExecutionRoleArn, o.executionRoleARN)
	if o.ephemeralStorage > 0 {
		t.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: o.ephemeralStorage}
	}
	for _, name := range slices.Sorted(maps.Keys(c.others)) {
		containerOverride(&t, name).Command = c.others[name]
	}
	if len(command) > 0 || len(env) > 0 || len(c.resources) > 0 {
		v := containerOverride(&t, c.service)
		if len(command) > 0 {
			v.Command = command
		}
		v.Environment = append(slices.Clone(v.Environment), env...)
		v.ResourceRequirements = append(slices.Clone(v.ResourceRequirements), c.resources...)
	}
	if reflect.ValueOf(t).IsZero() {
		return nil
	}
	return &t
}

// containerOverride returns what a container has otherwise, to be changed.
func containerOverride(t *types.TaskOverride, name string) *types.ContainerOverride {
	i := slices.IndexFunc(t.ContainerOverrides, func(c types.ContainerOverride) bool { return *c.Name == name })
	if i < 0 {
		i = len(t.ContainerOverrides)
		t.ContainerOverrides = append(t.ContainerOverrides, types.ContainerOverride{Name: &name})
	}
	return &t.ContainerOverrides[i]
}
