package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
)

func newServiceContinue(a *app, p *projectFlags) *cobra.Command {
	o := &serviceFlags{}
	var rollback bool
	cmd := &cobra.Command{
		Use:   "continue",
		Short: "Let a paused deployment go on, and wait for it as service up does",
		Long: "continue answers the lifecycle hooks of type PAUSE that the deployment waits for, and waits until it has succeeded.\n" +
			"A deployment that is not paused is only waited for. With --rollback it answers that ECS is to go back to what ran\n" +
			"before, and waits until it has.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.answer(cmd.Context(), a, p, rollback) },
	}
	o.addWait(cmd)
	cmd.Flags().BoolVar(&rollback, "rollback", false, "go back to what ran before")
	return cmd
}

func (o *serviceFlags) answer(ctx context.Context, a *app, p *projectFlags, rollback bool) error {
	s, want, err := o.namedService(ctx, a, p)
	if err != nil {
		return err
	}
	state, err := deploy.ObserveContinue(ctx, s.clients, want)
	if err != nil {
		return err
	}
	plan := deploy.ServiceContinue
	if rollback {
		plan = deploy.ServiceBack
	}
	steps, err := plan(want, state)
	if err != nil {
		return err
	}
	_, err = s.applyService(ctx, steps, o, a.newProgress())
	return err
}
