package receiver

import (
	"encoding/json"
	"net/http"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
)

// problem is an answer that says what is wrong, by RFC 9457.
type problem struct {
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail,omitempty"`
	Errors []alert.Fault `json:"errors,omitempty"`
}

// refuse answers with a problem.
func refuse(w http.ResponseWriter, status int, detail string, faults ...alert.Fault) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	write(w, problem{http.StatusText(status), status, detail, faults})
}

// answer answers with a value.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	write(w, v)
}

// write writes JSON. Whoever has gone does not want the rest.
func write(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
