package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteTable writes the results as tables for the terminal. What is lost or doubled
// where nothing may be, and all notices, come last.
func (r *Report) WriteTable(w io.Writer) error {
	out := &writer{w: w}
	for _, s := range r.suites() {
		fmt.Fprintf(out, "%s\n", strings.ToUpper(s.name))
		if q := r.question(s.name); q != s.name {
			fmt.Fprintf(out, "%s\n", q)
		}
		for _, c := range s.cases {
			fmt.Fprintf(out, "\n  %s (%s)\n", c.heading(), c.method())
			c.table(false).writeText(out, "    ")
		}
		fmt.Fprintln(out)
	}
	if len(r.Results) == 0 {
		fmt.Fprintln(out, "Nothing was measured.")
	}
	if faults := r.faults(); len(faults) > 0 {
		banner(out, "MESSAGES WERE LOST, DOUBLED OR SPOILT WHERE NONE MAY BE", faults...)
	}
	for _, notice := range r.notices() {
		banner(out, notice)
	}
	return out.err
}

// method says how the numbers of a case came about.
func (c *group) method() string {
	switch rounds := c.results[0].Rounds; rounds {
	case 0:
		return "no round was measured"
	case 1:
		return "one round: no spread is known"
	default:
		return fmt.Sprintf("median of %d rounds", rounds)
	}
}

// banner makes text hard to overlook.
func banner(w io.Writer, text string, lines ...string) {
	rule := strings.Repeat("*", 72)
	fmt.Fprintf(w, "%s\n%s\n", rule, text)
	for _, line := range lines {
		fmt.Fprintf(w, "  %s\n", line)
	}
	fmt.Fprintf(w, "%s\n", rule)
}

// writer keeps the first error, so that a page is written without looking after each
// line, and counts what was written.
type writer struct {
	w   io.Writer
	n   int64
	err error
}

func (w *writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.w.Write(p)
	w.n += int64(n)
	w.err = err
	return n, err
}
