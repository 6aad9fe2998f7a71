// Package params reads the parameters in the URLs of requests.
package params

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Params are those of one request, and what is wrong with them.
type Params struct {
	values url.Values
	wrong  []web.Field
}

// Of reads the parameters of a request, which may have those with the names, each once.
func Of(r *http.Request, names ...string) *Params {
	values, err := url.ParseQuery(r.URL.RawQuery)
	p := &Params{values: values}
	if err != nil {
		p.refuse("", "the query of the URL is malformed: %v", err)
	}
	for name, given := range values {
		switch {
		case !slices.Contains(names, name):
			p.refuse(name, "is no parameter here; there are %s", strings.Join(names, ", "))
		case len(given) > 1:
			p.refuse(name, "is given %d times", len(given))
		}
	}
	slices.SortFunc(p.wrong, func(a, b web.Field) int { return strings.Compare(a.Field, b.Field) })
	return p
}

func (p *Params) refuse(name, format string, values ...any) {
	p.wrong = append(p.wrong, web.Field{Field: name, Detail: fmt.Sprintf(format, values...)})
}

// Text returns a parameter, empty if it is absent.
func (p *Params) Text(name string) string { return p.values.Get(name) }

// Number returns a parameter that is a number within bounds, or what is given for an absent
// one.
func (p *Params) Number(name string, absent, least, most int) int {
	text := p.values.Get(name)
	if text == "" {
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		p.refuse(name, "must be a number from %d to %d", least, most)
	}
	return n
}

// Status returns a parameter that is a task's status, or empty.
func (p *Params) Status(name string) task.Status {
	s := task.Status(p.values.Get(name))
	if s != "" && !slices.Contains(task.Statuses, s) {
		p.refuse(name, "must be one of %v", task.Statuses)
	}
	return s
}

// Wrong answers with all that is wrong, if anything is.
func (p *Params) Wrong(w http.ResponseWriter) bool {
	if len(p.wrong) > 0 {
		web.Refuse(w, http.StatusBadRequest, "the URL has wrong parameters", p.wrong...)
	}
	return len(p.wrong) > 0
}
