package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecsctl/ecsctl/cmd/internal/images"
)

// A pushFlags holds the flags of the commands that push images.
type pushFlags struct {
	registryFlags
	from         string
	tags         string
	noCreateRepo bool
	repository   images.Repository
}

// A registryFlags holds the flags that say which registry of ECR is meant where an image does not.
type registryFlags struct {
	id   string
	fips bool
}

func (o *registryFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.id, "registry-id", "", "account of the registry, where the image does not say; default: your own")
	f.BoolVar(&o.fips, "use-fips", false, "use the FIPS endpoints of ECR")
	f.BoolVar(&o.fips, "fips", false, "the same as --use-fips")
	_ = f.MarkHidden("fips") // it exists
}

func (o *registryFlags) registry() images.Registry { return images.Registry{ID: o.id, FIPS: o.fips} }

func (o *pushFlags) add(f *pflag.FlagSet) {
	o.registryFlags.add(f)
	r := &o.repository
	f.StringVar(&o.tags, "tags", "", "tags `KEY=VALUE,...` of the repository")
	f.BoolVar(&o.noCreateRepo, "no-create-repo", false, "a repository that is missing is an error; also ECSCTL_NO_CREATE_REPO=1")
	f.BoolVar(&r.ScanOnPush, "scan-on-push", false, "of a repository that is made: images are scanned")
	f.BoolVar(&r.Immutable, "immutable-tags", false, "of a repository that is made: tags stay where they are")
	f.IntVar(&r.KeepUntagged, "lifecycle-untagged", 0, "of a repository that is made: how many images without a tag are kept")
	f.StringVar(&r.KMSKey, "kms-key", "", "of a repository that is made: key that encrypts it, aws/ecr for ECR's own; default: AES256")
}

func newPush(a *app) *cobra.Command {
	o := &pushFlags{}
	cmd := &cobra.Command{
		Use:   "push [IMAGE...]",
		Short: "Push images to Amazon ECR or another registry; make the repository if it is missing",
		Long: "push sends images of the Docker engine, or of an archive or OCI layout (--from), to the registry that their names\n" +
			"say, with its account and region. A name without a registry is one of your own ECR registry. No docker login is\n" +
			"needed. Layers are compressed and sent while they are read, and what the registry has is not sent again.\n" +
			"Without an image push is the same as compose push.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return composePush(cmd.Context(), a, &projectFlags{restartPolicy: "sidecars"}, o, nil)
			}
			return push(cmd.Context(), a, o, args)
		},
	}
	o.add(cmd.Flags())
	cmd.Flags().StringVar(&o.from, "from", "", "`PATH` of an archive of docker save, of an OCI layout or its archive, - for "+
		"standard input, or docker://IMAGE of another registry; default: the Docker engine")
	return cmd
}

// imagesError returns err as a mistake of the user's if it is one.
func imagesError(err error) error {
	if _, ok := errors.AsType[images.InputError](err); ok {
		return usageError{err}
	}
	return err
}

// A pushing is an image that is to be pushed.
type pushing struct {
	image  string // as the user wrote it
	target *images.Target
	from   images.Source
}

func push(ctx context.Context, a *app, o *pushFlags, names []string) error {
	if o.from != "" && len(names) != 1 {
		return usageError{errors.New("--from takes one image: under which name it is to be pushed")}
	}
	var err error
	if o.repository.Tags, err = parseTags(o.tags); err != nil {
		return err
	}
	o.repository.NoCreate = o.noCreateRepo || a.env["ECSCTL_NO_CREATE_REPO"] != ""
	for _, name := range names {
		if _, err := images.Parse(name); err != nil {
			return imagesError(err)
		}
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	list, engine, err := s.observePush(ctx, o, names)
	if err != nil {
		return imagesError(err)
	}
	if a.dryRun {
		return a.printPush(list, o)
	}
	var done []images.Pushed
	for _, p := range list {
		pushed, err := s.pushOne(ctx, &p, engine)
		if err != nil {
			return imagesError(err)
		}
		done = append(done, *pushed)
	}
	return a.printPushed(done)
}

// observePush finds out where everything is to go, and whether it is there to be sent. Nothing is changed.
func (s *account) observePush(
	ctx context.Context, o *pushFlags, names []string,
) (list []pushing, engine *images.Engine, err error) {
	var from images.Source
	if o.from != "" {
		if from, err = images.From(o.from, s.app.stdin); err != nil {
			return nil, nil, err
		}
	} else if engine, err = images.OpenEngine(ctx, s.app.env); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		p := pushing{image: name, from: from}
		if engine != nil {
			there, err := engine.Has(ctx, name)
			if err != nil {
				return nil, nil, fmt.Errorf("docker inspect %s: %w", name, err)
			}
			if !there {
				return nil, nil, fmt.Errorf("the Docker engine has no image %s: build it with ecsctl compose build or docker build", name)
			}
			p.from = engine.Source(name)
		}
		if p.target, err = s.images.Resolve(ctx, name, s.registry(&o.registryFlags), o.repository); err != nil {
			return nil, nil, err
		}
		list = append(list, p)
	}
	return list, engine, nil
}

// pushOne pushes an image.
func (s *account) pushOne(ctx context.Context, p *pushing, engine *images.Engine) (*images.Pushed, error) {
	a := s.app
	progress := a.newLayers()
	for _, step := range p.target.Steps {
		progress.line("%s %s: %s", step.Action, step.On, step.Why)
	}
	pushed, err := s.images.Push(ctx, p.target, p.image, p.from, progress.report)
	progress.end()
	if err != nil {
		return nil, err
	}
	a.note(pushed.Notes...)
	if p.target.Short {
		a.warn([]string{fmt.Sprintf("%s was pushed as %s: write that in the compose file, where %s still means another registry",
			p.image, p.target, p.image)})
		if engine != nil {
			return pushed, engine.Tag(ctx, p.image, p.target.Reference)
		}
	}
	return pushed, nil
}

// printPush prints what would be done.
func (a *app) printPush(list []pushing, o *pushFlags) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	from := "from the Docker engine"
	if o.from != "" {
		from = "from " + o.from
	}
	var steps []images.Step
	for _, p := range list {
		steps = append(steps, p.target.Steps...)
		steps = append(steps, images.Step{Action: "push", On: p.target.String(), Why: from})
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"steps": steps, "writes": true})
	}
	action, on := 0, 0
	for _, s := range steps {
		action, on = max(action, len(s.Action)), max(on, len(s.On))
	}
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", action, s.Action, on, s.On, s.Why)
	}
	_, err = fmt.Fprint(a.stdout, b.String())
	return err
}

// printPushed prints what has been pushed: IMAGE@DIGEST, a line each.
func (a *app) printPushed(done []images.Pushed) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"images": append([]images.Pushed{}, done...)})
	}
	for _, p := range done {
		if _, err := fmt.Fprintf(a.stdout, "%s@%s\n", p.Image, p.Digest); err != nil {
			return err
		}
	}
	return nil
}
