package http

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

// Problem is an answer that is none, as in RFC 9457.
type Problem struct {
	Title  string  `json:"title"` // of the status
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Errors []Field `json:"errors,omitempty"`
}

// Field is what is wrong with one field of a request.
type Field struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// Error returns the detail.
func (p Problem) Error() string { return p.Detail }

func (p Problem) write(w http.ResponseWriter) {
	p.Title = http.StatusText(p.Status)
	reply(w, "application/problem+json", p.Status, p)
}

// reply writes a value as JSON. That the client is gone is nobody's business.
func reply(w http.ResponseWriter, kind string, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"title":"Internal Server Error","status":500,"detail":"see the log"}`)
	}
	header := w.Header()
	header.Set("Content-Type", kind)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client is gone
}

func ok(w http.ResponseWriter, value any) { reply(w, "application/json", http.StatusOK, value) }

// fail answers with what an error means to the client. What is none of its business goes to
// the log.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	problem, isProblem := errors.AsType[Problem](err)
	faults := domain.Faults(err)
	switch {
	case isProblem:
	case len(faults) > 0:
		problem = Problem{Status: http.StatusUnprocessableEntity, Detail: "some fields are not as they should be"}
		for _, fault := range faults {
			problem.Errors = append(problem.Errors, Field{fault.Field, fault.Reason})
		}
	case errors.Is(err, application.ErrEmailTaken):
		problem = Problem{Status: http.StatusConflict, Detail: err.Error(), Errors: []Field{{"email", "is registered already"}}}
	case errors.Is(err, application.ErrNoUser):
		problem = Problem{Status: http.StatusNotFound, Detail: err.Error()}
	case r.Context().Err() != nil:
		return // there is nobody to answer
	case errors.Is(err, application.ErrBusy):
		w.Header().Set("Retry-After", "1")
		problem = Problem{Status: http.StatusServiceUnavailable, Detail: "too much is being written; try again in a moment"}
	default:
		a.Logger.ErrorContext(r.Context(), "request failed", "method", r.Method, "err", err)
		problem = Problem{Status: http.StatusInternalServerError, Detail: "that was our fault; it is in the log"}
	}
	problem.write(w)
}
