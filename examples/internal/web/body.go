package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"time"
)

// Object is a JSON object as it was sent.
type Object map[string]json.RawMessage

// bodyTimeout is how long a body may take to come.
const bodyTimeout = 10 * time.Second

// ReadObject reads the body of a request, one JSON object of at most limit bytes that comes
// within 10 seconds, or tells what is wrong with it.
func ReadObject(w http.ResponseWriter, r *http.Request, limit int64) (Object, *Problem) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		w.Header().Set("Accept", "application/json")
		return nil, NewProblem(http.StatusUnsupportedMediaType, "send JSON, with Content-Type: application/json")
	}
	data, problem := ReadBody(w, r, limit)
	if problem != nil {
		return nil, problem
	}
	var object Object
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, NewProblem(http.StatusBadRequest, "the body is no JSON object: "+err.Error())
	}
	if object == nil {
		return nil, NewProblem(http.StatusBadRequest, "the body is no JSON object: it is null")
	}
	return object, nil
}

// maxDrained is how many bytes more of a body that is too large are read and dropped.
const maxDrained = 4 << 20

// ReadBody reads the body of a request, of at most limit bytes that are there within 10
// seconds, or tells what is wrong with it.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *Problem) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout)) // a writer that knows none has no slow client
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	large, isLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, NewProblem(http.StatusRequestTimeout, fmt.Sprintf("the body did not come within %v", bodyTimeout))
	case isLarge:
		// A client that is still writing when the connection ends may not read the answer.
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
		return nil, NewProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", large.Limit))
	case err != nil:
		return nil, NewProblem(http.StatusBadRequest, "the body ends early")
	}
	_ = connection.SetReadDeadline(time.Time{}) // the same
	return data, nil
}

// Want is where a field of an object goes, and what it must be, as in "a text".
type Want struct {
	Into any
	Be   string
}

// Read reads the fields, and returns what is wrong with any of them: a field that nobody
// knows may be one that was misspelt, and is not ignored.
func (o Object) Read(wanted map[string]Want) (wrong []Field) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		want, ok := wanted[name]
		if !ok {
			wrong = append(wrong, Field{shortened(name), "is no field that can be set here"})
		} else if err := json.Unmarshal(o[name], want.Into); err != nil {
			wrong = append(wrong, Field{name, "must be " + want.Be})
		}
	}
	return wrong
}

// shortened keeps an answer from being as large as what it answers.
func shortened(name string) string {
	const most = 40
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return name
}
