package benchcmd

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// progress shows how far the measuring is. Its methods are called by one goroutine.
type progress interface {
	// begin is told of each run, and how many of all have ended before.
	begin(step bench.Step, done int)
	// say shows a line that stays.
	say(line string)
	// end is the last call.
	end()
}

// newProgress returns a bar on a terminal, and lines elsewhere.
func newProgress(w io.Writer, cases, steps int) progress {
	// Where TERM is dumb nothing can be drawn over.
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		return newBar(file, steps)
	}
	return &lines{w: w, cases: cases}
}

// doing says what a step is about, if need be with the name of the case cut to fit in.
func doing(s bench.Step, width int) string {
	turn := fmt.Sprintf(": %s, round %d of %d", s.Contender, s.Round, s.Steps/len(s.Case.Contenders)-1)
	if s.Round == 0 {
		turn = fmt.Sprintf(": %s, warm-up", s.Contender)
	}
	return shorten(caseName(s.Case), width-len(turn)) + turn
}

// shorten cuts a text to a width, or to nothing but a sign that it was cut.
func shorten(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:max(0, width-1)]) + "…"
}

func caseName(c *bench.Case) string {
	if c.Name == "" {
		return c.Suite
	}
	return c.Suite + " " + c.Name
}
