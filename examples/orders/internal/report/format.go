package report

import (
	"io"
	"strconv"
	"strings"
	"unicode"
)

// columns is how wide the report is at most.
const columns = 100

// grouped writes 1234567 as 1,234,567.
func grouped(n int) string { return thousands(strconv.Itoa(n)) }

// blank writes nothing for zero, so that the eye finds the rest.
func blank(n int) string {
	if n == 0 {
		return ""
	}
	return grouped(n)
}

func thousands(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// money writes cents as an amount.
func money(cents string) string {
	for len(cents) < 3 {
		cents = "0" + cents
	}
	cut := len(cents) - 2
	return thousands(cents[:cut]) + "." + cents[cut:]
}

// wrapped writes text behind lead, and what does not fit under its beginning.
func wrapped(w io.Writer, lead, text string) {
	indent := width(lead)
	line, used := []string{}, indent
	flush := func() {
		_, _ = io.WriteString(w, strings.TrimRight(lead+strings.Join(line, " "), " ")+"\n")
		lead, line, used = strings.Repeat(" ", indent), line[:0], indent
	}
	for word := range strings.FieldsSeq(text) {
		word = fit(word, columns-indent)
		if used+width(word) > columns && len(line) > 0 {
			flush()
		}
		line = append(line, word)
		used += width(word) + 1
	}
	flush()
}

// fit cuts a word that is wider than a line.
func fit(word string, most int) string {
	if width(word) <= most {
		return word
	}
	used := 0
	for i, r := range word {
		if used += runeWidth(r); used > most-1 {
			return word[:i] + "…"
		}
	}
	return word
}

// width returns how many columns s takes, about: East Asian letters take two.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana), r >= 0x1f000, r >= 0xff00 && r <= 0xffe6:
		return 2
	default:
		return 1
	}
}
