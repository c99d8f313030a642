package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/cmd/internal/deploy"
	"github.com/ecsctl/ecsctl/cmd/internal/images"
)

func newECR(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ecr",
		Short: "Log in to Amazon ECR, and clean up in it",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newECRGC(a), newECRLogin(a), newECRPolicy(a))
	return cmd
}

func newECRLogin(a *app) *cobra.Command {
	o := &registryFlags{}
	var print bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Log docker in to the ECR registry for twelve hours; ecsctl itself needs no login",
		Long: "login hands a token of ECR to docker login, which keeps it where Docker is configured to. --print prints the token\n" +
			"for other programs: ecsctl ecr login --print | helm registry login --username AWS --password-stdin SERVER",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return ecrLogin(cmd.Context(), a, o, print) },
	}
	o.add(cmd.Flags())
	cmd.Flags().BoolVar(&print, "print", false, "print the password, and do not call docker")
	return cmd
}

func ecrLogin(ctx context.Context, a *app, o *registryFlags, print bool) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	login, err := s.images.Login(ctx, s.registry(o))
	if err != nil {
		return err
	}
	if form == "json" {
		return encodeJSON(a.stdout, login)
	}
	if print {
		_, err := fmt.Fprintln(a.stdout, login.Password)
		return err
	}
	cmd := exec.CommandContext(ctx, "docker", "login", "--username", login.User, "--password-stdin", login.Server)
	cmd.Stdin = strings.NewReader(login.Password)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker login %s: %w: %s", login.Server, err, bytes.TrimSpace(said.Bytes()))
	}
	_, err = fmt.Fprintln(a.stdout, login.Server)
	return err
}

// A gcFlags holds the flags of ecr gc.
type gcFlags struct {
	registryFlags
	untagged  bool
	keep      int
	olderThan string
	delete    bool
}

func newECRGC(a *app) *cobra.Command {
	o := &gcFlags{}
	cmd := &cobra.Command{
		Use:   "gc [REPOSITORY...]",
		Short: "Delete images of Amazon ECR that nothing uses; without --delete only say which",
		Long: "gc deletes images by --untagged, --keep and --older-than, all of which have to hold, in the repositories that are\n" +
			"named, or in all. It keeps what an ACTIVE revision, a service or a task of this account and region refers to, by tag\n" +
			"or by digest, and the parts of every index that stays. Tasks of other accounts and regions it does not see.",
		RunE: func(cmd *cobra.Command, args []string) error { return ecrGC(cmd.Context(), a, o, args) },
	}
	f := cmd.Flags()
	o.add(f)
	f.BoolVar(&o.untagged, "untagged", false, "only images without a tag")
	f.IntVar(&o.keep, "keep", 0, "how many images of each repository are kept whatever else holds, the latest")
	f.StringVar(&o.olderThan, "older-than", "", "only images that were pushed longer ago: 30d, 12h")
	f.BoolVar(&o.delete, "delete", false, "delete them")
	return cmd
}

// parseAge reads a duration that may be in days or weeks.
func parseAge(s string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(s, suffix); ok {
			n, err := strconv.Atoi(number)
			if err == nil && n >= 0 {
				return time.Duration(n) * unit, nil
			}
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, usageError{fmt.Errorf("--older-than must be like 30d or 12h, not %q", s)}
	}
	return d, nil
}

func ecrGC(ctx context.Context, a *app, o *gcFlags, names []string) error {
	rule := images.Rule{Untagged: o.untagged, Keep: o.keep}
	if o.olderThan != "" {
		var err error
		if rule.OlderThan, err = parseAge(o.olderThan); err != nil {
			return err
		}
	}
	if !o.untagged && o.keep <= 0 && o.olderThan == "" {
		return usageError{errors.New("gc needs to know what to delete: --untagged, --keep N or --older-than 30d")}
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	rule.Now = s.clients.Clock.Now()
	used, err := deploy.ImagesInUse(ctx, s.clients)
	if err != nil {
		return err
	}
	var uses []images.Use
	for _, u := range used {
		uses = append(uses, images.Use{Image: u.Image, By: u.By})
	}
	doomed, err := s.images.Sweep(ctx, s.registry(&o.registryFlags), names, rule, uses)
	if err != nil {
		return err
	}
	if err := s.printDoomed(doomed); err != nil {
		return err
	}
	return s.deleteDoomed(ctx, o, doomed)
}

func (s *account) printDoomed(doomed []images.Doomed) error {
	form, err := s.app.oneOf("text", "json")
	if err != nil {
		return err
	}
	if form == "json" {
		return encodeJSON(s.app.stdout, map[string]any{"images": append([]images.Doomed{}, doomed...)})
	}
	rows := [][]string{{"ACTION", "REPOSITORY NAME", "TAGS", "IMAGE DIGEST", "PUSHED AT", "SIZE", "WHY"}}
	for _, d := range doomed {
		action, why := "delete", "nothing uses it"
		if d.Kept != "" {
			action, why = "keep", d.Kept
		}
		tags := strings.Join(d.Tags, ",")
		if tags == "" {
			tags = "<none>"
		}
		rows = append(rows, []string{action, d.Repository, tags, d.Digest, age(s.clients.Clock.Now(), d.Pushed),
			units.HumanSize(float64(d.Size)), why})
	}
	return table(s.app.stdout, rows)
}

// deleteDoomed deletes what is not kept, if that is wanted. What ECR does not delete is an error.
func (s *account) deleteDoomed(ctx context.Context, o *gcFlags, doomed []images.Doomed) error {
	var order []string
	digests := map[string][]string{}
	n, size := 0, int64(0)
	for _, d := range doomed {
		if d.Kept != "" {
			continue
		}
		if digests[d.Repository] == nil {
			order = append(order, d.Repository)
		}
		digests[d.Repository] = append(digests[d.Repository], d.Digest)
		n, size = n+1, size+d.Size
	}
	if n == 0 {
		s.app.note("there is nothing to delete")
		return nil
	}
	if !o.delete || s.app.dryRun {
		s.app.note(fmt.Sprintf("%d images with %s would be deleted: --delete does it", n, units.HumanSize(float64(size))))
		return nil
	}
	var failed []string
	for _, repository := range order {
		more, err := s.images.Delete(ctx, s.registry(&o.registryFlags), repository, digests[repository])
		failed = append(failed, more...)
		if err != nil {
			return err
		}
	}
	s.app.note(fmt.Sprintf("%d of %d images are deleted", n-len(failed), n))
	if len(failed) > 0 {
		return fmt.Errorf("%d images were not deleted: %s", len(failed), strings.Join(failed, "\nerror: "))
	}
	return nil
}

func newECRPolicy(a *app) *cobra.Command {
	var untagged, days, keep int
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print a lifecycle policy, by which ECR deletes images itself",
		Long: "policy prints a lifecycle policy: aws ecr put-lifecycle-policy and Terraform take it as it is. ECR applies it whatever\n" +
			"runs, where ecr gc keeps what is in use.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if untagged <= 0 && days <= 0 && keep <= 0 {
				return usageError{errors.New("policy needs a rule: --untagged N, --untagged-days N or --keep N")}
			}
			_, err := fmt.Fprintln(a.stdout, images.LifecyclePolicy(untagged, days, keep))
			return err
		},
	}
	f := cmd.Flags()
	f.IntVar(&untagged, "untagged", 0, "how many images without a tag are kept")
	f.IntVar(&days, "untagged-days", 0, "after how many days images without a tag expire")
	f.IntVar(&keep, "keep", 0, "how many images are kept")
	return cmd
}
