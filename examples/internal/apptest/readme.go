package apptest

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is generated into README.md")

// The lines between which a README has its graph.
const (
	graphBegin = "<!-- graph:begin -->\n```mermaid\n"
	graphEnd   = "```\n<!-- graph:end -->"
)

// Graph checks that README.md in the directory of the test shows the graph that the program
// prints, or, with -update, has it do so. Its place is marked by
//
//	<!-- graph:begin -->
//	<!-- graph:end -->
//
// with a block of Mermaid between them.
func Graph(tb testing.TB, mermaid string) {
	tb.Helper()
	const name = "README.md"
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), graphBegin)
	shown, after, ends := strings.Cut(rest, graphEnd)
	switch {
	case !begins || !ends:
		tb.Fatalf("%s has no place for the graph: want %q and then %q", name, graphBegin, graphEnd)
	case shown == mermaid:
	case *update:
		if err := os.WriteFile(name, []byte(before+graphBegin+mermaid+graphEnd+after), 0o600); err != nil {
			tb.Fatal(err)
		}
	default:
		tb.Errorf("%s shows another graph: go test -run %s -update writes this one:\n%s", name, tb.Name(), mermaid)
	}
}
