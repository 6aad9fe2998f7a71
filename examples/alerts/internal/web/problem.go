package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// problem is an answer that says what is wrong.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Errors any    `json:"errors,omitempty"`
}

// Refuse answers with a problem. faults is a list of what is wrong, or nil.
func Refuse(w http.ResponseWriter, status int, detail string, faults any) {
	write(w, "application/problem+json", status, problem{http.StatusText(status), status, detail, faults})
}

// Answer answers with a value in JSON.
func Answer(w http.ResponseWriter, status int, v any) { write(w, "application/json", status, v) }

// write writes JSON. Whoever has gone does not want the rest.
func write(w http.ResponseWriter, kind string, status int, v any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Only lets one method through; with GET also HEAD.
func Only(method string, handler http.Handler) http.Handler {
	allowed := []string{method}
	if method == http.MethodGet {
		allowed = append(allowed, http.MethodHead)
	}
	allow := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if slices.Contains(allowed, request.Method) {
			handler.ServeHTTP(w, request)
			return
		}
		w.Header().Set("Allow", allow)
		Refuse(w, http.StatusMethodNotAllowed, "here it is "+allow, nil)
	})
}

// NotFound answers what is asked elsewhere, and says what there is.
func NotFound(paths ...string) http.Handler {
	detail := "there are " + strings.Join(paths, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		Refuse(w, http.StatusNotFound, detail, nil)
	})
}
