package chain

import (
	"fmt"
	"strconv"
	"strings"
)

// digits is how long the number is that a payload begins with.
const digits = 10

// MinSize is the least size of a payload: a number and its quotes.
const MinSize = digits + 2

// payloads are JSON strings of one size that begin with a number: a contender may give
// a message a new id, its number stays.
type payloads struct {
	size int
	// rest is what is behind the number, the same in all.
	rest string
}

func payloadsOf(size int) payloads {
	return payloads{size, strings.Repeat("x", size-MinSize) + `"`}
}

// at returns the i-th payload.
func (p payloads) at(i int) string { return fmt.Sprintf(`"%0*d%s`, digits, i, p.rest) }

// span returns those from one number up to another.
func (p payloads) span(from, to int) []string {
	all := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		all = append(all, p.at(i))
	}
	return all
}

// number returns which payload that is, or false if it is none.
func (p payloads) number(payload string) (int, bool) {
	if len(payload) != p.size || payload[0] != '"' || payload[1+digits:] != p.rest {
		return 0, false
	}
	i, err := strconv.ParseUint(payload[1:1+digits], 10, 63)
	return int(i), err == nil
}
