package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Thousands writes a number with its digits in groups of three: 12,345. Below 10 it has
// the decimals that make it two digits.
func Thousands(v float64) string {
	if v < 0 {
		return "-" + Thousands(-v)
	}
	if v < 9.95 && v != math.Trunc(v) {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	text := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Micros writes a time given in microseconds in the unit that suits it: 812 µs, 1.5 ms.
func Micros(us float64) string {
	return scaled(us, 1000, "µs", "ms", "s")
}

// Bytes writes a size: 100 B, 1 KiB, 1.5 MiB.
func Bytes(v float64) string {
	return scaled(v, 1024, "B", "KiB", "MiB", "GiB", "TiB")
}

// scaled writes a number in the largest unit of which there is one, each being so many
// times the one before.
func scaled(v, times float64, units ...string) string {
	i := 0
	// What rounds up to the next unit is written in that.
	for i < len(units)-1 && math.Abs(v) >= times-0.5 {
		v /= times
		i++
	}
	return digits(v) + " " + units[i]
}

// digits writes a number with three digits, if it has decimals at all.
func digits(v float64) string {
	if math.Abs(v) >= 100 {
		return Thousands(v)
	}
	text := fmt.Sprintf("%.2f", v)
	if math.Abs(v) >= 10 {
		text = fmt.Sprintf("%.1f", v)
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
