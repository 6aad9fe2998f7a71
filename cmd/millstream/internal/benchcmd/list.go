package benchcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millstream-go/millstream/benchmarks/suites"
)

func newList(all []suites.Suite) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the suites and the questions they answer",
		Args:  exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(c.OutOrStdout(), list(all))
			return err
		},
	}
}
