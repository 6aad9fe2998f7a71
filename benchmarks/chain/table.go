package chain

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// WriteTo writes the report as a table for people.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	counter := &counter{w: w}
	table := tabwriter.NewWriter(counter, 0, 0, 3, ' ', tabwriter.AlignRight)
	c := r.Config
	fmt.Fprintf(table, "chain of %d no-op stages, %d-byte payloads, concurrency %d, median of %d rounds\n\n",
		c.Stages, c.Size, c.Concurrency, c.Rounds)
	fmt.Fprint(table, "contender\tmessages\tmsg/s\tmin – max\t\n")
	for _, contender := range c.Contenders {
		rates, messages := r.Rates(contender.Name())
		fmt.Fprintf(table, "%s\t%s\t%s\t%s – %s\t\n", contender.Name(), thousands(float64(messages)),
			thousands(rates.Median), thousands(rates.Min), thousands(rates.Max))
	}
	fmt.Fprint(table, "\n")
	for _, pair := range r.pairs() {
		if ratio, ok := r.Ratio(pair[0], pair[1]); ok {
			fmt.Fprintf(table, "%s / %s\t\t%.2f\t%.2f – %.2f\t\n", pair[0], pair[1], ratio.Median, ratio.Min, ratio.Max)
		}
	}
	if !r.OK() {
		fmt.Fprint(table, "\nNOT EVERY MESSAGE CAME OUT EXACTLY ONCE\n")
		for _, contender := range c.Contenders {
			var sum Account
			for _, round := range r.of(contender.Name()) {
				sum = sum.plus(round.Account)
			}
			if !sum.OK() {
				fmt.Fprintf(table, "%s: %v\n", contender.Name(), sum)
			}
		}
		if !r.WarmUp.OK() {
			fmt.Fprintf(table, "in the warm-up: %v\n", r.WarmUp)
		}
	}
	err := table.Flush()
	return counter.n, err
}

// pairs returns which contenders to compare: with middleware, all with the bare one.
func (r *Report) pairs() [][2]string {
	pairs := [][2]string{{Millstream, Stock}, {Millstream, Ceiling}}
	for _, name := range Names(r.Config.Contenders) {
		if name != Bare {
			pairs = append(pairs, [2]string{name, Bare})
		}
	}
	return pairs
}

// thousands writes a number without decimals, its digits in groups of three.
func thousands(v float64) string {
	text := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
