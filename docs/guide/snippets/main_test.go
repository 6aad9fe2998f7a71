package snippets_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/millstream-go/millstream/internal/redistest"
)

// update writes what is generated: the code in the pages, and the output of commands.
var update = flag.Bool("update", false, "write code and output into the pages of the guide")

// server is for tests and examples that need no settings of their own.
var server *redistest.Server

// binaries is a directory for programs that are built.
var binaries string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if binaries, err = os.MkdirTemp("", "guide-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(binaries) }() // at worst a temporary directory stays behind
	return redistest.Main(m, func(s *redistest.Server) { server = s })
}
