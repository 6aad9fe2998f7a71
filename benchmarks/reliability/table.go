package reliability

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Summary is what comes out the same each time.
func (s Seen) Summary() string {
	if s.Account == nil {
		return s.Outcome
	}
	account := *s.Account
	if s.DoubledVaries {
		account.Doubled = 0
	}
	return account.String() + "; " + s.Outcome
}

// Table is the table of what comes out the same each time, in Markdown.
func (r *Report) Table() string {
	var b strings.Builder
	b.WriteString("| Fault | stock | Millstream |\n| --- | --- | --- |\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.Fault.Title, row.Seen[Stock].Summary(), row.Seen[Millstream].Summary())
	}
	return b.String()
}

// columns are those of the table of one fault: what comes out the same each time,
// and then what varies.
const columns = "| | delivered | lost | doubled | waiting | poisoned | what was seen " +
	"| handler runs | recovered after | measured |\n" +
	"| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- |\n"

// outcome is the part of a contender's line in that table which comes out the
// same each time.
func outcome(contender string, s Seen) string {
	cells := []string{contender, "–", "–", "–", "–", "–", s.Outcome}
	if a := s.Account; a != nil {
		doubled := strconv.Itoa(a.Doubled)
		if s.DoubledVaries {
			doubled = "varies"
		}
		cells = []string{
			contender, fmt.Sprintf("%d of %d", a.Delivered, a.Published),
			strconv.Itoa(a.Lost), doubled, strconv.Itoa(a.Waiting), strconv.Itoa(a.Poisoned), s.Outcome,
		}
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// measurements are the rest of that line.
func measurements(s Seen) string {
	runs := "–"
	if s.Runs > 0 || s.Account != nil {
		runs = thousands(s.Runs)
	}
	return fmt.Sprintf(" %s | %s | %s |", runs, recovery(s), s.Measured)
}

func recovery(s Seen) string {
	switch {
	case s.Recovered == 0:
		return "–"
	case s.Recovered > 0:
		return fmt.Sprintf("%.2f s", s.Recovered.Seconds())
	case s.Watched > 0:
		return fmt.Sprintf("not within %.1f s", s.Watched.Round(100*time.Millisecond).Seconds())
	default:
		return "never"
	}
}

// thousands writes a number with its digits in groups of three.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
