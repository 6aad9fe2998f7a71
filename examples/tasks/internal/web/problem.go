package web

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Problem is an answer that tells what is wrong with a request.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Errors are the fields of the body, or the parameters, that are wrong.
	Errors []task.Fault `json:"errors,omitempty"`
}

// Refuse answers with a problem.
func Refuse(w http.ResponseWriter, status int, detail string, faults ...task.Fault) {
	write(w, status, "application/problem+json", Problem{http.StatusText(status), status, detail, faults})
}

// Fail answers that something went wrong that is no fault of the request, and logs what.
func Fail(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error) {
	if r.Context().Err() != nil {
		return // nobody is there to read it
	}
	logger.ErrorContext(r.Context(), "a request failed", "method", r.Method, "route", r.Pattern, "err", err)
	Refuse(w, http.StatusInternalServerError, "the server could not do it; its log says why")
}

// Answer answers with a value as JSON.
func Answer(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

func write(w http.ResponseWriter, status int, kind string, v any) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // the client has gone
}
