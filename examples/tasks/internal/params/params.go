package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Parameters reads those of a request's query, and notes what is wrong with them.
type Parameters struct {
	values url.Values
	faults []task.Fault
}

// NewParameters reads the parameters of a request, which may have those with the names, each
// once.
func NewParameters(r *http.Request, names ...string) *Parameters {
	values, err := url.ParseQuery(r.URL.RawQuery)
	p := &Parameters{values: values}
	if err != nil {
		p.fault("", "the query of the URL is malformed: %v", err)
	}
	for name, given := range values {
		switch {
		case !slices.Contains(names, name):
			p.fault(name, "is no parameter here; there are %s", strings.Join(names, ", "))
		case len(given) > 1:
			p.fault(name, "is given %d times", len(given))
		}
	}
	slices.SortFunc(p.faults, func(a, b task.Fault) int { return strings.Compare(a.Field, b.Field) })
	return p
}

func (p *Parameters) fault(name, format string, values ...any) {
	p.faults = append(p.faults, task.Fault{Field: name, Reason: fmt.Sprintf(format, values...)})
}

// Text returns a parameter, empty if it is absent.
func (p *Parameters) Text(name string) string { return p.values.Get(name) }

// Number returns a parameter that is a number within bounds, or what is given for an absent
// one.
func (p *Parameters) Number(name string, absent, least, most int) int {
	text := p.values.Get(name)
	if text == "" {
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		p.fault(name, "must be a number from %d to %d", least, most)
	}
	return n
}

// Status returns a parameter that is a task's status, or empty.
func (p *Parameters) Status(name string) task.Status {
	s := task.Status(p.values.Get(name))
	if s != "" && !slices.Contains(task.Statuses, s) {
		p.fault(name, "must be one of %v", task.Statuses)
	}
	return s
}

// Wrong answers with all that is wrong, if anything is.
func (p *Parameters) Wrong(w http.ResponseWriter) bool {
	if len(p.faults) > 0 {
		Refuse(w, http.StatusBadRequest, "the URL has wrong parameters", p.faults...)
	}
	return len(p.faults) > 0
}
