package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/compose"
)

// A buildFlags holds the flags of compose build.
type buildFlags struct {
	pushFlags
	buildArgs []string
	cacheFrom []string
	noCache   bool
	pull      bool
	push      bool
}

func newBuild(a *app, p *projectFlags) *cobra.Command {
	o := &buildFlags{}
	cmd := &cobra.Command{
		Use:   "build [SERVICE...]",
		Short: "Build the images of the services that have build, with docker; --push sends them to their registry",
		Long: "build calls docker buildx build, or docker build where there is no buildx, with all that the file says below build,\n" +
			"and tags what it builds with image. In arguments * stands for any letters. --dry-run prints the commands.\n" +
			"An image for several platforms is sent as a whole with --push; a Docker engine may not be able to keep it.",
		RunE: func(cmd *cobra.Command, args []string) error { return build(cmd.Context(), a, p, o, args) },
	}
	f := cmd.Flags()
	o.pushFlags.add(f)
	f.StringArrayVar(&o.buildArgs, "build-arg", nil, "argument `KEY=VALUE` in place of that in the file; repeatable")
	f.StringArrayVar(&o.cacheFrom, "cache-from", nil, "`IMAGE` whose layers are used besides those that the file names; repeatable")
	f.BoolVar(&o.noCache, "no-cache", false, "use no layer that has been built before")
	f.BoolVar(&o.pull, "pull", false, "pull the images that the Dockerfiles begin with, also if they are there")
	f.BoolVar(&o.push, "push", false, "push what has been built")
	return cmd
}

func build(ctx context.Context, a *app, p *projectFlags, o *buildFlags, patterns []string) error {
	project, err := p.loaded(ctx, a)
	if err != nil {
		return err
	}
	list, err := buildings(project, o, patterns)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		a.note("no service has build: there is nothing to build")
		return nil
	}
	d := &docker{app: a}
	d.buildx = d.quiet(ctx, "buildx", "version") == nil
	dir, err := os.MkdirTemp("", "ecsctl-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, b := range list {
		if err := d.build(ctx, b, filepath.Join(dir, b.name+".tar")); err != nil {
			return err
		}
	}
	if !o.push || a.dryRun {
		return nil
	}
	return pushBuilt(ctx, a, o, list, dir)
}

// buildings returns what is to be built, in the order of the files.
func buildings(project *compose.Project, o *buildFlags, patterns []string) ([]*building, error) {
	names, err := matchServices(project, patterns)
	if err != nil {
		return nil, err
	}
	for _, arg := range o.buildArgs {
		if strings.HasPrefix(arg, "=") || arg == "" {
			return nil, usageError{fmt.Errorf("--build-arg: %q is not KEY=VALUE", arg)}
		}
	}
	var list []*building
	for _, name := range names {
		service := project.Services[name]
		switch {
		case service.Build != nil:
			list = append(list, &building{project, name, service, o, service.Build})
		case slices.Contains(patterns, name):
			return nil, usageError{fmt.Errorf("service %s has no build", name)}
		}
	}
	return list, nil
}

// pushBuilt pushes what has been built: images for several platforms as a whole from their archives.
func pushBuilt(ctx context.Context, a *app, o *buildFlags, list []*building, dir string) error {
	var names []string
	for _, b := range list {
		if !b.archived() {
			names = append(names, b.image())
			continue
		}
		whole := o.pushFlags
		whole.from = filepath.Join(dir, b.name+".tar")
		if err := push(ctx, a, &whole, []string{b.image()}); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		return nil
	}
	return push(ctx, a, &o.pushFlags, names)
}

// archived reports whether the image is built into an archive: one for several platforms that is to be pushed.
func (b *building) archived() bool { return b.flags.push && len(b.platforms()) > 1 }

// docker is the program of Docker.
type docker struct {
	app    *app
	buildx bool // it has buildx
}

func (d *docker) build(ctx context.Context, b *building, archive string) error {
	args := []string{"build"}
	if d.buildx {
		args = []string{"buildx", "build"}
		if b.archived() {
			args = append(args, "--output", "type=oci,dest="+archive)
		} else {
			args = append(args, "--load")
		}
	} else {
		for _, image := range b.caches() {
			if err := d.pullCache(ctx, image); err != nil {
				return err
			}
		}
	}
	for _, key := range buildKeys {
		args = append(args, key.flags(b)...)
	}
	return d.run(ctx, strings.NewReader(b.DockerfileInline), args...)
}

// pullCache pulls an image whose layers the build may use. That it is not there, as before the first build, is no error.
func (d *docker) pullCache(ctx context.Context, image string) error {
	if strings.Contains(image, "=") {
		return nil // type=…, which only buildx knows
	}
	if err := d.run(ctx, nil, "pull", image); err != nil {
		if ctx.Err() != nil {
			return err
		}
		d.app.note(fmt.Sprintf("%s could not be pulled: the build goes on without its layers", image))
	}
	return nil
}

// run runs docker, or prints the command if this is a dry run. What docker says is no data.
func (d *docker) run(ctx context.Context, stdin io.Reader, args ...string) error {
	if d.app.dryRun {
		_, err := fmt.Fprintln(d.app.stdout, "docker "+quote(args))
		return err
	}
	cmd := d.command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, d.app.stderr, d.app.stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker %s: %w", quote(args), err)
	}
	return nil
}

// quiet runs docker and says nothing.
func (d *docker) quiet(ctx context.Context, args ...string) error {
	cmd := d.command(ctx, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	return cmd.Run()
}

func (d *docker) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "docker", args...)
	for _, key := range slices.Sorted(maps.Keys(d.app.env)) {
		cmd.Env = append(cmd.Env, key+"="+d.app.env[key])
	}
	return cmd
}

// quote writes arguments as a shell reads them.
func quote(args []string) string {
	var out []string
	for _, arg := range args {
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"\\$&;|<>()*?[]#~`!{}") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		out = append(out, arg)
	}
	return strings.Join(out, " ")
}
