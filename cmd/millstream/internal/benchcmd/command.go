// Package benchcmd is millstream bench: it measures what package suites asks, with the
// method of package bench, and reports.
package benchcmd

import (
	"github.com/spf13/cobra"

	"github.com/millstream-go/millstream/benchmarks/suites"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

// New returns the command, which offers the suites.
func New(all []suites.Suite) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:               "bench [suite...]",
		Short:             "Measure Millstream beside what you would use instead",
		Long:              long(all),
		Example:           examples,
		ValidArgsFunction: completeSuites(all),
		RunE: func(c *cobra.Command, names []string) error {
			chosen, err := choose(all, names)
			if err == nil {
				err = o.check(c.Flags())
			}
			if err != nil {
				return exit.Misuse(err)
			}
			return run(c.Context(), &o, chosen, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	o.register(c)
	c.AddCommand(newList(all), newCompare())
	return c
}
