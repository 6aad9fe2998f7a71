package benchcmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

// The formats of a comparison.
const (
	formatText      = "text"
	formatBenchstat = "benchstat"
)

var formats = []string{formatText, formatBenchstat}

func newCompare() *cobra.Command {
	format := formatText
	c := &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "Show what changed from one run to another, beyond noise",
		Long: `Compare two runs, A before and B after: the results.json that --out writes, or what
--json wrote. What may be noise is not called a change: that takes at least 4 rounds
in both runs, on the same machine with the same settings.

For benchstat, of golang.org/x/perf/cmd/benchstat, it writes both runs into one
stream, where the key "run" tells them apart.`,
		Example: `  millstream bench compare before/results.json after/results.json
  millstream bench compare --format benchstat before/results.json after/results.json >both.txt
  benchstat -col run both.txt
  benchstat -col /contender -filter run:after both.txt`,
		Args: exactly(2, "two files"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) >= 2 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []cobra.Completion{"json"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(formats, format) {
				return exit.Misuse(fmt.Errorf("there is no format %q, only %s", format, strings.Join(formats, ", ")))
			}
			return compare(c.OutOrStdout(), format, args[0], args[1])
		},
	}
	c.Flags().StringVar(&format, "format", formatText, "`format` of the comparison: text for people, or benchstat")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}
