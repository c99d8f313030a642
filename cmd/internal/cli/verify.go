package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/spf13/pflag"

	"github.com/ecsctl/ecsctl/cmd/internal/images"
	"github.com/ecsctl/ecsctl/compose/diag"
)

// A verifyFlags holds the flags that say what is done about images before they are deployed.
type verifyFlags struct {
	verifyImages  string
	verifyDefault string // where neither flag nor environment says; "" is error
	pinDigest     bool
}

func (o *verifyFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.verifyImages, "verify-images", "", "what images are that are missing or for another platform: off, warn or "+
		"error; default: ECSCTL_VERIFY_IMAGES, else "+cmp.Or(o.verifyDefault, "error"))
	f.BoolVar(&o.pinDigest, "pin-digest", false, "register images by their digests: a tag that has moved is a change")
}

// verifyMode returns what is to be done about images.
func (a *app) verifyMode(o *verifyFlags) (string, error) {
	mode := cmp.Or(o.verifyImages, a.env["ECSCTL_VERIFY_IMAGES"], o.verifyDefault, "error")
	switch mode {
	case "off", "warn", "error":
		return mode, nil
	}
	return "", usageError{fmt.Errorf("--verify-images must be off, warn or error, not %q", mode)}
}

// startVerify begins to look for the images of the task, and returns what waits for the outcome: nothing may be written
// before. Pinning is done when it returns, for what is compared depends on it.
func (s *account) startVerify(ctx context.Context, t *translation, o *verifyFlags) (wait func() error, err error) {
	mode, err := s.app.verifyMode(o)
	if err != nil {
		return nil, err
	}
	if mode == "off" && !o.pinDigest {
		return func() error { return nil }, nil
	}
	found := make(chan []images.Finding, 1)
	go func() { found <- s.images.Verify(ctx, wantedImages(t)) }()
	if !o.pinDigest {
		return func() error { return s.judgeImages(t, <-found, mode) }, nil
	}
	findings := <-found
	if err := s.judgeImages(t, findings, mode); err != nil {
		return nil, err
	}
	return func() error { return nil }, pin(t, findings)
}

// architectures are Go's words for ECS's.
var architectures = map[types.CPUArchitecture]string{types.CPUArchitectureX8664: "amd64", types.CPUArchitectureArm64: "arm64"}

// wantedImages returns the images of the containers, in their order, with the platform of the task: on Fargate it is
// Linux on x86 where nothing is said, elsewhere it is that of the instances.
func wantedImages(t *translation) []images.Wanted {
	var osName, arch string
	if t.target.LaunchType == types.LaunchTypeFargate {
		osName, arch = "linux", "amd64"
	}
	if p := t.result.Task.RuntimePlatform; p != nil {
		arch = cmp.Or(architectures[p.CpuArchitecture], arch)
		if p.OperatingSystemFamily != "" {
			osName = "windows"
			if p.OperatingSystemFamily == types.OSFamilyLinux {
				osName = "linux"
			}
		}
	}
	var wanted []images.Wanted
	for _, c := range t.result.Task.ContainerDefinitions {
		wanted = append(wanted, images.Wanted{Image: *c.Image, OS: osName, Architecture: arch})
	}
	return wanted
}

// judgeImages says what is wrong with images, and returns an error if that is to be one.
func (s *account) judgeImages(t *translation, findings []images.Finding, mode string) error {
	var wrong []string
	for i, f := range findings {
		on := fmt.Sprintf("service %s: image %s", *t.result.Task.ContainerDefinitions[i].Name, f.Image)
		switch f.Verdict {
		case images.Missing:
			wrong = append(wrong, on+" is missing: "+f.Why+": push it, with ecsctl compose push if the project builds it")
		case images.Misfit:
			wrong = append(wrong, on+" does not fit: "+f.Why)
		case images.Unchecked:
			if mode != "off" && (!s.images.Offline || s.app.verbose) {
				s.app.note(on + " could not be checked: " + f.Why)
			}
		}
	}
	if len(wrong) == 0 || mode == "off" {
		return nil
	}
	if mode == "warn" && !s.app.strict {
		s.app.warn(wrong)
		return nil
	}
	return errors.New(strings.Join(wrong, "\nerror: "))
}

// pin replaces tags by the digests that they stand for now.
func pin(t *translation, findings []images.Finding) error {
	for i, f := range findings {
		c := &t.result.Task.ContainerDefinitions[i]
		if f.Digest == "" {
			return fmt.Errorf("service %s: image %s cannot be pinned: %s", *c.Name, f.Image, f.Why)
		}
		ref, err := images.Parse(f.Image)
		if err != nil {
			return imagesError(err)
		}
		c.Image = new(ref.Name() + "@" + f.Digest)
	}
	return nil
}

// adviseImages returns warnings about images that are no good for a deployment: what stands behind them changes, or
// they are built and then pulled from elsewhere.
func (p *translation) adviseImages(pinned bool) diag.List {
	var diags diag.List
	warn := func(service, format string, args ...any) {
		diags = append(diags, diag.Diagnostic{
			Pos: p.project.Where("services", service, "image"), Severity: diag.Warning,
			Path: "services." + service + ".image", Message: fmt.Sprintf(format, args...),
		})
	}
	for _, name := range fileOrder(p.project) {
		service := p.project.Services[name]
		ref, err := images.Parse(service.Image)
		if err != nil {
			continue // which is reported where the image is translated
		}
		if service.Build != nil && ref.Host == "" {
			warn(name, "the image is built here, and ECS looks for %s on Docker Hub: name a registry, as in "+
				"ACCOUNT.dkr.ecr.REGION.amazonaws.com/%s", service.Image, service.Image)
		}
		if !pinned && ref.Digest == "" && (ref.Tag == "" || ref.Tag == "latest") {
			warn(name, "%s is another image tomorrow, under the same revision: name a tag, or use --pin-digest", service.Image)
		}
	}
	return diags
}
