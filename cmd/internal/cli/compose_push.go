package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/compose"
	"github.com/ecsctl/ecsctl/compose/diag"
)

func newComposePush(a *app, p *projectFlags) *cobra.Command {
	o := &pushFlags{}
	cmd := &cobra.Command{
		Use:   "push [SERVICE...]",
		Short: "Push the images that the project builds, as push does",
		Long: "push sends the images of the services that have build and image; with arguments those of these services, in which\n" +
			"* stands for any letters.",
		RunE: func(cmd *cobra.Command, args []string) error { return composePush(cmd.Context(), a, p, o, args) },
	}
	o.add(cmd.Flags())
	return cmd
}

func composePush(ctx context.Context, a *app, p *projectFlags, o *pushFlags, patterns []string) error {
	project, err := p.loaded(ctx, a)
	if err != nil {
		return err
	}
	names, err := matchServices(project, patterns)
	if err != nil {
		return err
	}
	if len(patterns) == 0 {
		names = slices.DeleteFunc(names, func(name string) bool { return project.Services[name].Build == nil })
	}
	list := serviceImages(a, project, names)
	if len(list) == 0 {
		a.note("no service has build and image: there is nothing to push")
		return nil
	}
	return push(ctx, a, o, list)
}

// serviceImages returns the images of services, each once. A service without one is noted.
func serviceImages(a *app, project *compose.Project, names []string) []string {
	var list []string
	for _, name := range names {
		switch image := project.Services[name].Image; {
		case image == "":
			a.note(fmt.Sprintf("service %s has no image: it is left out", name))
		case !slices.Contains(list, image):
			list = append(list, image)
		}
	}
	return list
}

// loaded reads the compose files, and reports what is wrong with them.
func (p *projectFlags) loaded(ctx context.Context, a *app) (*compose.Project, error) {
	project, diags, err := p.load(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := a.report(diags); err != nil {
		return nil, err
	}
	return project, nil
}

// matchServices returns the services that patterns name, all if there are none, in the order of the files.
func matchServices(project *compose.Project, patterns []string) ([]string, error) {
	all := fileOrder(project)
	if len(patterns) == 0 {
		return all, nil
	}
	var names []string
	used := map[string]bool{}
	for _, name := range all {
		for _, pattern := range patterns {
			if ok, _ := path.Match(pattern, name); ok {
				used[pattern] = true
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	for _, pattern := range patterns {
		if used[pattern] {
			continue
		}
		if strings.ContainsAny(pattern, "*?[") {
			return nil, usageError{fmt.Errorf("no service is called like %q", pattern)}
		}
		return nil, usageError{fmt.Errorf("there is no service %q%s", pattern, diag.Suggest(pattern, all))}
	}
	return names, nil
}

// fileOrder returns the services as they stand in the files.
func fileOrder(project *compose.Project) []string {
	names := slices.Sorted(maps.Keys(project.Services))
	slices.SortStableFunc(names, func(a, b string) int {
		pa, pb := project.Where("services", a), project.Where("services", b)
		return cmp.Or(slices.Index(project.Files, pa.Filename)-slices.Index(project.Files, pb.Filename), pa.Line-pb.Line)
	})
	return names
}
