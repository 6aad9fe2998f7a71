package report

import (
	"fmt"
	"io"
)

// WriteMarkdown writes the report as a page: what was measured on, with what settings,
// the results of each suite with its plots, and how to do it again. The plots are files
// beside the page, which [Report.WriteDir] writes.
func (r *Report) WriteMarkdown(w io.Writer) error {
	out := &writer{w: w}
	fmt.Fprintf(out, "# Millstream benchmarks\n\n")
	r.markdownNotices(out)
	if g := r.Environment.grid(); len(g.rows) > 0 {
		fmt.Fprint(out, "## Environment\n\n")
		g.writeMarkdown(out)
	}
	fmt.Fprint(out, "## Settings\n\n")
	r.Settings.grid().writeMarkdown(out)
	fmt.Fprint(out, method)
	plots := r.plots()
	for _, s := range r.suites() {
		r.markdownSuite(out, s, plots)
	}
	if len(r.Results) == 0 {
		fmt.Fprint(out, "Nothing was measured.\n\n")
	}
	r.markdownAgain(out)
	return out.err
}

const method = `Contenders take turns, in an order that rotates, after a warm-up that does not count.
Figures are medians of the rounds; the spread is from the lowest to the highest round.
Ratios compare what ran in the same round. Every message is numbered and accounted for:
counts are of all rounds together. Latencies are medians of the rounds' percentiles,
but for the maximum, which is that of all rounds.

`

func (r *Report) markdownNotices(w io.Writer) {
	if faults := r.faults(); len(faults) > 0 {
		fmt.Fprint(w, "> **MESSAGES WERE LOST, DOUBLED OR SPOILT WHERE NONE MAY BE:**\n>\n")
		for _, fault := range faults {
			fmt.Fprintf(w, "> - %s\n", escape(fault))
		}
		fmt.Fprintln(w)
	}
	for _, notice := range r.notices() {
		fmt.Fprintf(w, "> **Note:** %s\n\n", escape(notice))
	}
}

func (r *Report) markdownSuite(w io.Writer, s *suite, plots []plot) {
	fmt.Fprintf(w, "## %s\n\n", escape(r.question(s.name)))
	fmt.Fprintf(w, "Suite `%s`.\n\n", s.name)
	for _, p := range plots {
		if p.suite == s.name {
			fmt.Fprintf(w, "![%s](%s)\n\n", escape(p.title), p.name)
		}
	}
	for _, c := range s.cases {
		fmt.Fprintf(w, "### %s\n\n", escape(c.heading()))
		if rounds := c.method(); c.lossy {
			fmt.Fprintf(w, "Losing messages is what is measured here; %s.\n\n", rounds)
		} else {
			fmt.Fprintf(w, "%s.\n\n", capital(rounds))
		}
		c.table(true).writeMarkdown(w)
		if c.lossy {
			continue
		}
		if g := c.ratios(); g != nil {
			g.writeMarkdown(w)
		}
	}
}

func (r *Report) markdownAgain(w io.Writer) {
	fmt.Fprint(w, "## How to repeat this\n\n```sh\n"+r.command()+"\n```\n\n")
	fmt.Fprint(w, "Without `--redis URL` it starts a redis-server of its own. "+
		"`millstream bench compare A/results.json B/results.json` shows what differs beyond noise between two runs.\n")
}
