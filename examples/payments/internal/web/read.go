package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"time"
)

// MaxBody is how large a request may be, in bytes.
const MaxBody = 16 << 10

// bodyTimeout is how long its body may take to come.
const bodyTimeout = 10 * time.Second

// ReadJSON reads the body of a request, one JSON object of at most [MaxBody] bytes, into
// v, and returns what is wrong with it, or nil.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) *Problem {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return NewProblem(http.StatusUnsupportedMediaType, "send JSON, with Content-Type: application/json")
	}
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout)) // a writer that knows none has no slow client
	defer connection.SetReadDeadline(time.Time{})               //nolint:errcheck // the same
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	var first json.RawMessage
	if err := decoder.Decode(&first); err != nil {
		return notRead(err)
	}
	if first[0] != '{' {
		return NewProblem(http.StatusBadRequest, "the body must be a JSON object")
	}
	if err := strictly(first, v); err != nil {
		return notRead(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return NewProblem(http.StatusBadRequest, "there is something behind the JSON object")
	}
	return nil
}

// strictly refuses fields that v does not have: a misspelt one must not be ignored.
func strictly(data []byte, v any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	known := make(map[string]bool)
	for field := range reflect.TypeOf(v).Elem().Fields() {
		known[field.Tag.Get("json")] = true
	}
	for name := range fields {
		if !known[name] {
			return &unknownError{name}
		}
	}
	return json.Unmarshal(data, v)
}

type unknownError struct{ name string }

func (e *unknownError) Error() string { return fmt.Sprintf("there is no field %.40q", e.name) }

// notRead says in plain words why a body could not be read.
func notRead(err error) *Problem {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return NewProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", large.Limit))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return NewProblem(http.StatusRequestTimeout, "the body did not come in time")
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return NewProblem(http.StatusUnprocessableEntity, "a field has the wrong type",
			Field{mismatch.Field, fmt.Sprintf("must be a %s in quotes, not a %s", mismatch.Type, mismatch.Value)})
	}
	if unknown, ok := errors.AsType[*unknownError](err); ok {
		return NewProblem(http.StatusUnprocessableEntity, "a field is unknown", Field{unknown.name, unknown.Error()})
	}
	return NewProblem(http.StatusBadRequest, "the body is no JSON: "+err.Error())
}
