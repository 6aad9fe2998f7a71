package report

import (
	"fmt"
	"io"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

// WriteTo writes the comparison for people. A "~" stands where rounds differ no more
// than they do by themselves.
func (c *Comparison) WriteTo(w io.Writer) (int64, error) {
	out := &writer{w: w}
	for _, warning := range c.Warnings {
		fmt.Fprintf(out, "WARNING: %s\n", warning)
	}
	if len(c.Warnings) > 0 {
		fmt.Fprintln(out)
	}
	c.writeChanges(out)
	c.writeFates(out)
	list(out, "Only before:", c.OnlyBefore)
	list(out, "Only after:", c.OnlyAfter)
	if len(c.Changes)+len(c.Fates) == 0 {
		fmt.Fprintln(out, "The two have nothing in common that could be compared.")
	}
	return out.n, out.err
}

func (c *Comparison) writeChanges(w io.Writer) {
	for i := 0; i < len(c.Changes); {
		first := &c.Changes[i]
		g := &grid{header: []string{"contender", "figure", "before", "min – max", "after", "min – max", "change", "", ""}}
		for ; i < len(c.Changes) && c.Changes[i].Suite == first.Suite && c.Changes[i].Case == first.Case; i++ {
			g.rows = append(g.rows, c.Changes[i].cells())
		}
		fmt.Fprintf(w, "%s, %s\n", first.Suite, first.Case)
		g.writeText(w, "  ")
		fmt.Fprintln(w)
	}
	c.writeTooFew(w)
	if len(c.Changes) > 0 {
		fmt.Fprintf(w, "~ stands where rounds differ no more than by chance (p ≥ %v, Mann-Whitney).\n"+
			"Where nothing has changed, one figure in %.0f seems to by chance.\n\n", alpha, 1/alpha)
	}
}

func (c *Change) cells() []string {
	format := chart.Thousands
	if c.Metric != throughput {
		format = chart.Micros
	}
	ends := func(s bench.Spread) string { return format(s.Min) + " – " + format(s.Max) }
	delta, verdict := "~", ""
	if c.Significant {
		delta, verdict = fmt.Sprintf("%+.1f %%", c.Percent), "worse"
		if c.Better() {
			verdict = "better"
		}
	}
	p := fmt.Sprintf("p=%.3f n=%d+%d", c.P, c.BeforeRounds, c.AfterRounds)
	if c.TooFew {
		p = fmt.Sprintf("too few rounds: %d+%d", c.BeforeRounds, c.AfterRounds)
	}
	return []string{
		c.Contender, c.Metric, format(c.Before.Median), ends(c.Before), format(c.After.Median), ends(c.After),
		delta, verdict, p,
	}
}

// writeTooFew says once what to do about it.
func (c *Comparison) writeTooFew(w io.Writer) {
	few := 0
	for i := range c.Changes {
		if c.Changes[i].TooFew {
			few++
		}
	}
	if few > 0 {
		fmt.Fprintf(w, "%d of %d figures have too few rounds to tell a change from chance: measure both sides with --rounds 4 at least, better 8.\n",
			few, len(c.Changes))
	}
}

func (c *Comparison) writeFates(w io.Writer) {
	if len(c.Fates) == 0 {
		return
	}
	fmt.Fprintln(w, "Messages have fared otherwise:")
	for _, f := range c.Fates {
		fmt.Fprintf(w, "  %s, %s, %s: %v; then %v\n", f.Suite, f.Case, f.Contender, f.Before, f.After)
	}
	fmt.Fprintln(w)
}

func list(w io.Writer, heading string, names []string) {
	if len(names) == 0 {
		return
	}
	fmt.Fprintln(w, heading)
	for _, name := range names {
		fmt.Fprintf(w, "  %s\n", name)
	}
	fmt.Fprintln(w)
}
