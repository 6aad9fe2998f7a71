package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/millstream-go/millstream/pipeline"
)

// Table writes the report for people, in lines of at most 100 columns.
func (r Report) Table(w io.Writer) error {
	out := bufio.NewWriter(w)
	r.stages(out)
	r.poisons(out)
	r.totals(out)
	r.retried(out)
	return out.Flush()
}

func (r Report) stages(w io.Writer) {
	waiting := false
	for _, stage := range r.Stages {
		waiting = waiting || stage.Waiting > 0
	}
	rows := [][]string{{"stage", "received", "poisoned", "duplicates", "waiting", "passed on"}}
	for _, stage := range r.Stages {
		rows = append(rows, []string{
			stage.Name, grouped(stage.Received), blank(stage.Poisoned), blank(stage.Dropped), blank(stage.Waiting), stage.passed(),
		})
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if !waiting {
			row = append(row[:4:4], row[5])
		}
		// tabwriter aligns all columns or none to the right, hence the padding.
		for i := 1; i < len(row)-1; i++ {
			row[i] = fmt.Sprintf("%*s", len("duplicates"), row[i])
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	_ = table.Flush() // w keeps its first error, and Table returns it
}

func (p Progress) passed() string {
	if p.Sink {
		return grouped(p.Received-p.Waiting-p.Poisoned) + " recorded"
	}
	var parts []string
	for _, passed := range p.Passed {
		parts = append(parts, grouped(passed.Count)+" "+passed.Flow)
	}
	return strings.Join(parts, ", ")
}

// kinds puts the kinds of poison into words.
var kinds = map[string]string{
	pipeline.KindMalformed:  "could not be decoded",
	pipeline.KindPermanent:  "refused, a retry would not help",
	pipeline.KindExhausted:  "retries used up",
	pipeline.KindUnfinished: "process died of it",
}

// shownReasons is how many reasons of one kind and stage are told apart.
const shownReasons = 20

func (r Report) poisons(w io.Writer) {
	if len(r.Poisons) == 0 {
		fmt.Fprintf(w, "\nnothing was poisoned\n")
		return
	}
	fmt.Fprintf(w, "\n%s poisoned, kept in the stream %s, and why:\n", grouped(r.Totals.Poisoned), r.Poison)
	for from := 0; from < len(r.Poisons); {
		to := from + 1
		for to < len(r.Poisons) && r.Poisons[to].Kind == r.Poisons[from].Kind && r.Poisons[to].Stage == r.Poisons[from].Stage {
			to++
		}
		poisonsAlike(w, r.Poisons[from:to])
		from = to
	}
}

// poisonsAlike writes those of one kind and stage.
func poisonsAlike(w io.Writer, poisons []Poison) {
	count := 0
	for _, p := range poisons {
		count += p.Count
	}
	kind := poisons[0].Kind
	if meaning, ok := kinds[kind]; ok {
		kind = meaning + " (" + kind + ")"
	}
	fmt.Fprintf(w, "\n%6s  at %s: %s\n", grouped(count), poisons[0].Stage, kind)
	for i, p := range poisons {
		if i == shownReasons {
			fmt.Fprintf(w, "%13s  other reasons\n", grouped(len(poisons)-i))
			return
		}
		wrapped(w, fmt.Sprintf("%13s  ", grouped(p.Count)), p.Reason)
		p.examples(w)
	}
}

// examples writes the examples with their reasons, or only the lines they are
// from when the reason is the same for all.
func (p Poison) examples(w io.Writer) {
	same := true
	var lines []string
	for _, e := range p.Examples {
		same = same && e.Reason == p.Reason
		lines = append(lines, e.Line)
	}
	const indent = 17
	switch {
	case !same:
		for _, e := range p.Examples {
			wrapped(w, fmt.Sprintf("%*s%s", indent, "", e.where()), e.Reason)
		}
	case lines[0] != "":
		more := ""
		if p.Count > len(lines) {
			more = ", ..."
		}
		fmt.Fprintf(w, "%*sinput line %s%s\n", indent, "", strings.Join(lines, ", "), more)
	}
}

func (e Example) where() string {
	if e.Line == "" {
		return ""
	}
	return fmt.Sprintf("%-16s ", "input line "+e.Line+":")
}

func (r Report) totals(w io.Writer) {
	t := r.Totals
	fmt.Fprintf(w, "\ntotals\n")
	for _, row := range []struct {
		name  string
		count int
		note  string
	}{
		{"read", t.Read, "lines by this run"},
		{"malformed", t.Malformed, ""},
		{"invalid", t.Invalid, ""},
		{"charged", t.Charged, "for " + money(t.ChargedCents.String())},
		{"declined", t.Declined, ""},
		{"poisoned", t.Poisoned, "malformed and invalid included"},
		{"express", t.Express, ""},
		{"standard", t.Standard, ""},
		{"receipts", t.Receipts, ""},
	} {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-10s%10s  %s", row.name, grouped(row.count), row.note), " "))
	}
}
