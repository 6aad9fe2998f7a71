package benchcmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// lines is a progress for files and pipes: a line for each case.
type lines struct {
	w         io.Writer
	at, cases int
}

func (l *lines) begin(step bench.Step, _ int) {
	if step.Done > 0 {
		return
	}
	l.at++
	var names []string
	for _, contender := range step.Case.Contenders {
		names = append(names, contender.Name)
	}
	fmt.Fprintf(l.w, "[%d/%d] %s: %s\n", l.at, l.cases, caseName(step.Case), strings.Join(names, ", "))
}

func (l *lines) say(line string) { fmt.Fprintln(l.w, line) }

func (l *lines) end() {}
