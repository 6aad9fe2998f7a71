package benchcmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millstream-go/millstream/benchmarks/suites"
)

// completeSuites offers those that are not named yet.
func completeSuites(all []suites.Suite) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var offered []cobra.Completion
		for _, s := range all {
			if !slices.Contains(args, s.Name) {
				offered = append(offered, cobra.CompletionWithDesc(s.Name, s.Question))
			}
		}
		return offered, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTransports offers those that are not in the list yet, behind its last comma.
func completeTransports(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	var offered []cobra.Completion
	for _, name := range append(suites.Contenders(), suites.StreamsGroup) {
		if !slices.Contains(strings.Split(before, ","), name) {
			offered = append(offered, before+name)
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
