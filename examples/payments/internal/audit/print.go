package audit

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// shownDifferences is how many are printed: one fault often shows in many places.
const shownDifferences = 20

// Exact tells whether nothing differs.
func (r Result) Exact() bool { return len(r.Differences) == 0 }

// PrintShares writes how many payments each processor had.
func (r Result) PrintShares(w io.Writer) {
	fmt.Fprint(w, "payments by processor:")
	for i, name := range slices.Sorted(maps.Keys(r.Shares)) {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, " %s %d", name, r.Shares[name])
	}
	fmt.Fprintln(w)
}

// Print writes what came out, for people.
func (r Result) Print(w io.Writer) {
	fmt.Fprintf(w, "audit: %d orders, %d settled, %d declined\n", r.Orders, r.Settled, r.Declined)
	for _, sum := range r.Taken {
		fmt.Fprintf(w, "  %16s in the books as taken from customers\n", sum)
	}
	if r.Exact() {
		fmt.Fprintln(w, "  every order has one outcome, every settled one exactly one charge, all accounts come to zero: exact to the cent")
		return
	}
	if r.DoubleCharged > 0 {
		fmt.Fprintf(w, "  %d charges too many\n", r.DoubleCharged)
	}
	fmt.Fprintf(w, "  %d differences:\n", len(r.Differences))
	for i, text := range r.Differences {
		if i == shownDifferences {
			fmt.Fprintf(w, "  ... and %d more\n", len(r.Differences)-i)
			break
		}
		fmt.Fprintf(w, "  - %s\n", text)
	}
}
