package reliability

import (
	"fmt"
	"strings"
)

// Page is the page that says how each fault was made and all that was seen of
// it, in Markdown. The machine says where.
func (r *Report) Page(machine string) string {
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, machine, r.Server, idle.Seconds())
	for _, row := range r.Rows {
		b.WriteString(section(row))
	}
	return b.String()
}

const pageHead = `# What was seen when things went wrong

Written by ` + "`make reliability`" + ` on %s, with %s.
Do not edit it by hand: a test makes every fault happen again and compares what comes out the same each time, which is
each table up to "what was seen". What follows there varies.

` + "`stock`" + ` is watermill-redisstream, ` + "`millstream`" + ` the publisher and subscriber of package streams. Both run in the
same Watermill router with the same handler, which answers each message with one, and every line of a table had a
redis-server of its own. Where a process dies or freezes it is a real one.

- *delivered*: messages with at least one output. *doubled*: outputs beyond the first of each message.
- *waiting*: messages that the stream still holds for the group when it was looked at. *lost*: messages that nobody
  will ever work on.
- *recovered after*: from the fault until all that were to be delivered were.

Others take over the messages of a consumer that is silent for %.0f s (stock's MaxIdleTime, Millstream's
IdleTime), and stock looks for such messages five times as often (ClaimInterval), unless it says otherwise. All other
settings are as they come.
`

func section(row Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", row.Fault.Title, row.Fault.How, columns)
	for _, c := range Contenders() {
		seen := row.Seen[c.Name()]
		b.WriteString(outcome(c.Name(), seen) + measurements(seen) + "\n")
	}
	return b.String()
}

// Differences lists where the page says otherwise of the faults in the report
// than was seen, leaving out what varies.
func (r *Report) Differences(page string) []string {
	sections := map[string]string{}
	for _, text := range strings.Split(page, "\n## ")[1:] {
		title, body, _ := strings.Cut(text, "\n")
		sections[title] = body
	}
	var differences []string
	for _, row := range r.Rows {
		body, ok := sections[row.Fault.Title]
		if !ok {
			differences = append(differences, "nothing is said of: "+row.Fault.Title)
			continue
		}
		for _, c := range Contenders() {
			if want := outcome(c.Name(), row.Seen[c.Name()]); !strings.Contains(body, want) {
				differences = append(differences, row.Fault.Title+": seen was\n"+want)
			}
		}
		delete(sections, row.Fault.Title)
	}
	for title := range sections {
		differences = append(differences, "there is no such fault: "+title)
	}
	return differences
}
