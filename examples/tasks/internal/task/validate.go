package task

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a task may be. Lengths are in characters.
const (
	MaxTitle       = 200
	MaxDescription = 4000
	MaxLabels      = 10
)

var label = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,29}$`)

// The years that a due date may lie in: what RFC 3339 can say without a doubt.
const firstYear, lastYear = 1970, 9999

// Fault is what is wrong with one field.
type Fault struct {
	Field  string
	Detail string
}

// InvalidError tells all that is wrong with a draft.
type InvalidError struct{ Faults []Fault }

// Error names the fields and says why.
func (e *InvalidError) Error() string {
	var texts []string
	for _, f := range e.Faults {
		texts = append(texts, f.Field+" "+f.Detail)
	}
	return "the task is invalid: " + strings.Join(texts, "; ")
}

// Checked returns the draft as it is kept: blanks around the title are gone, an absent
// status is open, and times are in UTC and of whole milliseconds. The error is an
// *InvalidError.
func (d Draft) Checked() (Draft, error) {
	d.Title = strings.TrimSpace(d.Title)
	if d.Status == "" {
		d.Status = Open
	}
	var faults []Fault
	fault := func(field, format string, values ...any) {
		faults = append(faults, Fault{field, fmt.Sprintf(format, values...)})
	}
	if reason := lineFault(d.Title, MaxTitle); reason != "" {
		fault("title", "%s", reason)
	}
	if reason := textFault(d.Description, MaxDescription); reason != "" {
		fault("description", "%s", reason)
	}
	if !slices.Contains(Statuses, d.Status) {
		fault("status", "must be one of %v", Statuses)
	}
	if d.Due != nil {
		due := d.Due.UTC().Truncate(time.Millisecond)
		d.Due = &due
		if due.Year() < firstYear || due.Year() > lastYear {
			fault("due", "must be between the years %d and %d", firstYear, lastYear)
		}
	}
	for _, reason := range labelFaults(d.Labels) {
		fault("labels", "%s", reason)
	}
	if len(faults) > 0 {
		return Draft{}, &InvalidError{faults}
	}
	return d, nil
}

func lineFault(text string, most int) string {
	if text == "" {
		return "must not be empty"
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "must be one line without control characters"
	}
	return textFault(text, most)
}

func textFault(text string, most int) string {
	if !utf8.ValidString(text) {
		return "must be UTF-8"
	}
	if n := utf8.RuneCountInString(text); n > most {
		return fmt.Sprintf("must have at most %d characters, has %d", most, n)
	}
	return ""
}

func labelFaults(labels []string) (reasons []string) {
	if len(labels) > MaxLabels {
		return []string{fmt.Sprintf("must be at most %d, are %d", MaxLabels, len(labels))}
	}
	for i, l := range labels {
		switch {
		case !label.MatchString(l):
			reasons = append(reasons, fmt.Sprintf("number %d must be 1 to 30 of a-z, 0-9 and -, and not begin with -", i+1))
		case slices.Contains(labels[:i], l):
			reasons = append(reasons, fmt.Sprintf("number %d is there before", i+1))
		}
	}
	return reasons
}
