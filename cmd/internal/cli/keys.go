package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ecsctl/ecsctl/translate"
)

func newKeys(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "keys [KEY...]",
		Short: "Print what becomes of each key of a compose service",
		Long: "keys prints, for each key of a compose service, what becomes of it on EC2 and on Fargate.\n" +
			"With arguments: of these keys and those below them. --output text (default) or json.",
		RunE: func(_ *cobra.Command, args []string) error { return keys(a, args) },
	}
}

func keys(a *app, args []string) error {
	form, err := a.oneOf("text", "json")
	if err != nil {
		return err
	}
	list := []translate.Key{}
	for _, k := range translate.Keys() {
		if covers(args, k.Path) {
			list = append(list, k)
		}
	}
	for _, arg := range args {
		if !slices.ContainsFunc(list, func(k translate.Key) bool { return covers([]string{arg}, k.Path) }) {
			return usageError{fmt.Errorf("a compose service has no key %s%s", arg, translate.SuggestKey(arg))}
		}
	}
	if form == "json" {
		return encodeJSON(a.stdout, list)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tLEVEL\tEC2\tFARGATE")
	for _, k := range list {
		fargate := k.Fargate
		if fargate == k.EC2 {
			fargate = "same"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Path, k.Level, k.EC2, fargate)
	}
	return w.Flush()
}

// covers reports whether the key is one of args or below one; without args all keys are.
func covers(args []string, key string) bool {
	for _, a := range args {
		if key == a || strings.HasPrefix(key, a+".") {
			return true
		}
	}
	return len(args) == 0
}
