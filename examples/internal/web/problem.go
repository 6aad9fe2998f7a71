// Package web is what the HTTP servers of the examples have in common: how they read
// requests, answer what is wrong with them, tell of their health, and are traced.
package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
)

// Problem is an answer that tells what is wrong, as in RFC 9457.
type Problem struct {
	Title  string `json:"title"` // of the status
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Errors are what is wrong with fields of the body, or with parameters.
	Errors []Field `json:"errors,omitempty"`
}

// Field says what is wrong with one field.
type Field struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// NewProblem returns a problem with the title of its status.
func NewProblem(status int, detail string, fields ...Field) *Problem {
	return &Problem{http.StatusText(status), status, detail, fields}
}

// Error returns it in one line.
func (p *Problem) Error() string {
	parts := []string{p.Title + ": " + p.Detail}
	for _, field := range p.Errors {
		parts = append(parts, field.Field+" "+field.Detail)
	}
	return strings.Join(parts, "; ")
}

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) { write(w, p.Status, "application/problem+json", p) }

// Refuse answers with a problem.
func Refuse(w http.ResponseWriter, status int, detail string, fields ...Field) {
	NewProblem(status, detail, fields...).Write(w)
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
	header := w.Header()
	header.Set("Content-Type", kind)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // the client has gone
}
