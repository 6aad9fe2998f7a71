package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

// grid returns what is known of an environment.
func (e *Environment) grid() *grid {
	g := facts()
	if !e.Time.IsZero() {
		g.fact("Time", e.Time.UTC().Format(time.RFC3339))
	}
	g.fact("Redis", e.Redis.Description)
	if e.Redis.Embedded {
		g.fact("", "an embedded imitation: the figures say nothing about Redis")
	}
	g.fact("Redis settings", assignments(e.Redis.Settings))
	g.fact("CPU", e.CPU)
	if e.Cores > 0 {
		g.fact("Cores", fmt.Sprintf("%d, of which Go uses %d", e.Cores, e.GOMAXPROCS))
	}
	if e.Memory > 0 {
		g.fact("Memory", chart.Bytes(float64(e.Memory)))
	}
	g.fact("System", strings.TrimSpace(strings.Trim(e.OS+"/"+e.Arch, "/")+" "+e.Kernel))
	g.fact("Go", e.Go)
	for _, name := range slices.Sorted(maps.Keys(e.Modules)) {
		g.fact(name, e.Modules[name])
	}
	if n := e.Noise; n != nil {
		g.fact("Load", fmt.Sprintf("%.2f before, %.2f after", n.LoadBefore, n.LoadAfter))
		g.fact("Processor", fmt.Sprintf("the same work took up to %.1f %% longer; %.1f %% of the time was stolen",
			n.SpinSpreadPercent, n.StealPercent))
	}
	return g
}

// grid returns the settings; what is zero, the suites chose for themselves.
func (s *Settings) grid() *grid {
	g := facts()
	number := func(name string, n int, unit string) {
		if n > 0 {
			g.fact(name, strings.TrimSpace(chart.Thousands(float64(n))+" "+unit))
		}
	}
	number("Rounds", s.Rounds, "")
	if s.Quick {
		g.fact("Quick", "yes: fewer messages, more noise")
	}
	number("Size", s.Size, "bytes")
	number("Concurrency", s.Concurrency, "")
	number("Rate", s.Rate, "messages/s")
	number("Messages", s.Messages, "a round at most")
	g.fact("Stages", joined(s.Stages))
	g.fact("Transports", strings.Join(s.Transports, ", "))
	if len(g.rows) == 0 {
		g.fact("All", "as the suites choose them")
	}
	return g
}

// facts returns an empty table of names and values.
func facts() *grid { return &grid{header: []string{"what", "value"}, allText: true} }

func (g *grid) fact(name, value string) {
	if value != "" {
		g.rows = append(g.rows, []string{name, value})
	}
}

// assignments writes settings in a fixed order. Empty ones are shown as such: they
// often are what switches something off.
func assignments(settings map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := settings[name]
		if value == "" {
			value = `""`
		}
		parts = append(parts, name+" "+value)
	}
	return strings.Join(parts, ", ")
}

func joined(numbers []int) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}

// command returns the command line that measures the same.
func (r *Report) command() string {
	words := []string{"millstream", "bench"}
	for _, s := range r.suites() {
		words = append(words, s.name)
	}
	number := func(flag string, n int) {
		if n > 0 {
			words = append(words, flag, strconv.Itoa(n))
		}
	}
	s := r.Settings
	if s.Quick {
		words = append(words, "--quick")
	}
	number("--rounds", s.Rounds)
	number("--size", s.Size)
	number("--concurrency", s.Concurrency)
	number("--rate", s.Rate)
	number("--messages", s.Messages)
	if len(s.Stages) > 0 {
		words = append(words, "--stages", joined(s.Stages))
	}
	if len(s.Transports) > 0 {
		words = append(words, "--transports", strings.Join(s.Transports, ","))
	}
	return strings.Join(append(words, "--out", "DIR"), " ")
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:]
}
