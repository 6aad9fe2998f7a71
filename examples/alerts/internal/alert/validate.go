package alert

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of an alert's fields.
const (
	maxName    = 100  // characters of a host or a service
	maxSummary = 1000 // characters
	// maxAhead is how far clocks of producers may be ahead of ours.
	maxAhead = 5 * time.Minute
)

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$`)

// Fault is one thing that is wrong with an alert.
type Fault struct {
	Field, Reason string
}

// Invalid is the error of an alert that breaks the rules: all that is wrong with it, in
// the order of the fields.
type Invalid []Fault

// Error lists the faults.
func (i Invalid) Error() string {
	parts := make([]string, len(i))
	for n, fault := range i {
		parts[n] = fault.Field + " " + fault.Reason
	}
	return strings.Join(parts, "; ")
}

// Validate returns an [Invalid] if the alert breaks the rules at the time now.
func (a Alert) Validate(now time.Time) error {
	var faults Invalid
	add := func(field, format string, values ...any) {
		faults = append(faults, Fault{field, fmt.Sprintf(format, values...)})
	}
	if !idPattern.MatchString(a.ID) {
		add("id", "must be 1 to 100 letters, digits and any of . _ : / -, the first a letter or a digit")
	}
	switch {
	case a.Severity == "":
		add("severity", "is missing: want critical, warning or info")
	case !a.Severity.Known():
		add("severity", "is %s: want critical, warning or info", quote(string(a.Severity)))
	}
	for _, name := range []struct{ field, value string }{{"host", a.Host}, {"service", a.Service}} {
		if reason := checkText(name.value, maxName); reason != "" {
			add(name.field, "%s", reason)
		}
	}
	if reason := checkText(a.Summary, maxSummary); reason != "" {
		add("summary", "%s", reason)
	}
	switch {
	case a.RaisedAt.IsZero():
		add("raised_at", "is missing: want a time such as 2026-01-31T12:00:00Z")
	case a.RaisedAt.After(now.Add(maxAhead)):
		add("raised_at", "is more than %v in the future: look at the clock of the host", maxAhead)
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}

// checkText returns what is wrong with a text, or nothing.
func checkText(text string, longest int) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "is missing"
	case utf8.RuneCountInString(text) > longest:
		return fmt.Sprintf("has more than %d characters", longest)
	default:
		return ""
	}
}

// quote shows a text of others, but no more of it than is of use.
func quote(text string) string {
	const most = 30
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
