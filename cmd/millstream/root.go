package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millstream-go/millstream/benchmarks/suites"
	"github.com/millstream-go/millstream/cmd/millstream/internal/benchcmd"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
	"github.com/millstream-go/millstream/cmd/millstream/internal/redact"
)

// run runs the command with the arguments and returns its exit code.
func run(ctx context.Context, args []string, all []suites.Suite, stdout, stderr io.Writer) int {
	root := newRoot(all)
	root.SetArgs(append([]string{}, args...)) // nil would stand for those of the process
	root.SetOut(stdout)
	root.SetErr(stderr)
	called, err := root.ExecuteContextC(ctx)
	code := exit.Code(err)
	if err != nil {
		fmt.Fprintln(stderr, "millstream:", redact.Text(err.Error()))
	}
	if code == exit.Usage {
		fmt.Fprintf(stderr, "See '%s --help'.\n", called.CommandPath())
	}
	return code
}

func newRoot(all []suites.Suite) *cobra.Command {
	root := &cobra.Command{
		Use:   "millstream",
		Short: "Durable multi-stage pipelines on Redis",
		Long: "Millstream composes durable multi-stage pipelines in Go on Redis.\n" +
			"This command is for those who run them, or wonder whether to.",
		Example: "  millstream bench chain --quick\n  millstream bench --help",
		Args:    oneOfItsCommands,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },

		SuggestionsMinimumDistance: 2,
		// run prints errors, without passwords.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages |", ".FlagUsagesWrapped 88 |"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit.Misuse(err) })
	root.AddCommand(benchcmd.New(all))
	return root
}

// oneOfItsCommands is asked when the first argument is none of them.
func oneOfItsCommands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("there is no command %q", args[0])
	if similar := c.SuggestionsFor(args[0]); len(similar) > 0 {
		text += ", did you mean " + strings.Join(similar, " or ") + "?"
	}
	return exit.Misuse(errors.New(text))
}
