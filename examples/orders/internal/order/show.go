package order

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shownRunes bounds what a reason repeats of an order: a reason is for reading,
// and an order may hold megabytes.
const shownRunes = 48

// show returns s for use in a sentence: as it is when it is one plain word, and
// quoted when it is not.
func show(s string) string {
	odd := func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.IsSpace(r) || r == utf8.RuneError || strings.ContainsRune("\"':;,\\", r)
	}
	if utf8.RuneCountInString(s) > shownRunes || strings.ContainsFunc(s, odd) {
		return quote(s)
	}
	return s
}

// quote returns s in quotes, cut when it is long, with nothing in it that could
// act on a terminal.
func quote(s string) string { return strconv.Quote(clip(s)) }

func clip(s string) string {
	n := 0
	for i := range s {
		if n == shownRunes {
			return s[:i] + "..."
		}
		n++
	}
	return s
}
