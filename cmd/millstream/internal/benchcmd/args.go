package benchcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

// exactly wants n arguments, which are the given ones.
func exactly(n int, which string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return exit.Misuse(fmt.Errorf("%s takes %s, not %d arguments", c.CommandPath(), which, len(args)))
		}
		return nil
	}
}
