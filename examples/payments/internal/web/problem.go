// Package web is what the HTTP servers of this example have in common: how they answer what
// is wrong, tell of their health, and are traced.
package web

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Problem is an answer of RFC 9457.
type Problem struct {
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitempty"`
	Errors []Field `json:"errors,omitempty"`
}

// Field says what is wrong with one field of a request.
type Field struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// NewProblem returns a problem with the title of its status.
func NewProblem(status int, detail string, fields ...Field) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail, Errors: fields}
}

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	write(w, p.Status, "application/problem+json", p)
}

// Error returns it in one line.
func (p *Problem) Error() string {
	texts := []string{p.Title + ": " + p.Detail}
	for _, field := range p.Errors {
		texts = append(texts, field.Field+" "+field.Detail)
	}
	return strings.Join(texts, "; ")
}

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

func write(w http.ResponseWriter, status int, kind string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client is gone
}
