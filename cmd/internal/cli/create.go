package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/translate"
)

func newCreate(a *app, p *projectFlags) *cobra.Command {
	o := &deployFlags{verifyFlags: verifyFlags{verifyDefault: "warn"}}
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Register the task definition, or reuse the revision that has its content; run nothing",
		Long: "create compares what the files describe with the ACTIVE revisions of the family, as ECS has them: the same\n" +
			"content is the same revision, on every machine, also if it is an older one. Only what differs is registered.\n" +
			"Tags are no content. --quiet prints family:revision alone, --output json all of it.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return create(cmd.Context(), a, p, o) },
	}
	o.add(cmd)
	return cmd
}

func create(ctx context.Context, a *app, p *projectFlags, o *deployFlags) error {
	t, err := p.deployable(ctx, a, o, translate.ToRegister)
	if err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	verified, err := s.startVerify(ctx, t, &o.verifyFlags)
	if err != nil {
		return err
	}
	want := o.createWant(t)
	state, err := deploy.ObserveCreate(ctx, s.clients, &want)
	if err != nil {
		return err
	}
	if err := verified(); err != nil {
		return err
	}
	a.warn(state.Family.Warnings)
	x, err := s.apply(ctx, deploy.Create(&want, state), o.timeout)
	if err != nil {
		return err
	}
	return s.finish(state.Family.Match, x)
}

// deployable reads and translates the project. All its problems are reported; an error among them ends the command.
func (p *projectFlags) deployable(
	ctx context.Context, a *app, o *deployFlags, purpose translate.Purpose,
) (*translation, error) {
	if _, err := a.oneOf("text", "json"); err != nil {
		return nil, err
	}
	if o.reuseDepth < 0 || o.timeout < 0 {
		return nil, usageError{errors.New("--reuse-depth and --timeout must not be negative")}
	}
	t, err := p.translateFor(ctx, a, purpose, o.tags)
	if err != nil {
		return nil, err
	}
	if t.project != nil {
		t.diags = append(t.diags, t.adviseImages(o.pinDigest)...)
		t.diags.Sort()
	}
	if err := a.report(t.diags); err != nil {
		return nil, err
	}
	if o.noManagedTags {
		t.result.Service.EnableECSManagedTags = new(false)
	}
	return t, nil
}

func (o *deployFlags) createWant(t *translation) deploy.CreateWant {
	return deploy.CreateWant{Result: t.result, ReuseDepth: o.reuseDepth, CreateLogGroups: o.createLogGroups}
}
