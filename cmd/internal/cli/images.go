package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/images"
)

// A listFlags holds the flags of images.
type listFlags struct {
	registryFlags
	tagged, untagged bool
}

func newImages(a *app) *cobra.Command {
	o := &listFlags{}
	cmd := &cobra.Command{
		Use:   "images [REPOSITORY...]",
		Short: "List the images of repositories of Amazon ECR, the latest first; of all if none is named",
		RunE:  func(cmd *cobra.Command, args []string) error { return listImages(cmd.Context(), a, o, args) },
	}
	f := cmd.Flags()
	o.add(f)
	f.BoolVar(&o.tagged, "tagged", false, "only images that have a tag")
	f.BoolVar(&o.untagged, "untagged", false, "only images that have none")
	return cmd
}

func listImages(ctx context.Context, a *app, o *listFlags, names []string) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	var tagged *bool
	if o.tagged != o.untagged { // both are no filter, as in ecs-cli
		tagged = &o.tagged
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	list, err := s.images.List(ctx, s.registry(&o.registryFlags), names, tagged)
	if err != nil {
		return err
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"images": append([]images.Image{}, list...)})
	}
	rows := [][]string{{"REPOSITORY NAME", "TAG", "IMAGE DIGEST", "PUSHED AT", "SIZE"}}
	now := s.clients.Clock.Now()
	for _, i := range list {
		tags := i.Tags
		if len(tags) == 0 {
			tags = []string{"<none>"}
		}
		for _, tag := range tags {
			rows = append(rows, []string{i.Repository, tag, i.Digest, age(now, i.Pushed), units.HumanSize(float64(i.Size))})
		}
	}
	return table(a.stdout, rows)
}

// age returns how long ago something was, for people.
func age(now, then time.Time) string { return units.HumanDuration(max(0, now.Sub(then))) + " ago" }

// registry returns the registry of ECR that flags mean.
func (s *account) registry(o *registryFlags) images.Registry {
	r := o.registry()
	r.Region = s.settings.Region.Value
	return r
}

func newPull(a *app) *cobra.Command {
	o := &registryFlags{}
	cmd := &cobra.Command{
		Use:   "pull IMAGE...",
		Short: "Pull images from Amazon ECR or another registry into the Docker engine, without docker login",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("pull takes the images to pull")}
			}
			return pull(cmd.Context(), a, o, args)
		},
	}
	o.add(cmd.Flags())
	return cmd
}

func newComposePull(a *app, p *projectFlags) *cobra.Command {
	o := &registryFlags{}
	cmd := &cobra.Command{
		Use:   "pull [SERVICE...]",
		Short: "Pull the images of the project, as pull does",
		RunE: func(cmd *cobra.Command, args []string) error {
			project, err := p.loaded(cmd.Context(), a)
			if err != nil {
				return err
			}
			names, err := matchServices(project, args)
			if err != nil {
				return err
			}
			return pull(cmd.Context(), a, o, serviceImages(a, project, names))
		},
	}
	o.add(cmd.Flags())
	return cmd
}

func pull(ctx context.Context, a *app, o *registryFlags, names []string) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := images.Parse(name); err != nil {
			return imagesError(err)
		}
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	engine, err := images.OpenEngine(ctx, a.env)
	if err != nil {
		return imagesError(err)
	}
	pulled := []string{}
	for _, name := range names {
		ref, err := s.images.Pull(ctx, engine, name, s.registry(o), func(status string) {
			if a.verbose {
				fmt.Fprintln(a.stderr, status)
			}
		})
		if err != nil {
			return imagesError(err)
		}
		pulled = append(pulled, ref.String())
	}
	if form == "json" {
		return encodeJSON(a.stdout, map[string]any{"images": pulled})
	}
	for _, image := range pulled {
		fmt.Fprintln(a.stdout, image)
	}
	return nil
}
