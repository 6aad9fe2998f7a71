package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	maxBody     = 8 << 10 // bytes
	bodyTimeout = 10 * time.Second
)

// decode reads a JSON object into value. The error is a Problem.
func decode(w http.ResponseWriter, r *http.Request, value any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return Problem{Status: http.StatusUnsupportedMediaType, Detail: "want Content-Type: application/json"}
	}
	// Where it cannot be set, as in tests, the server's own limits hold.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	// It must not end the request once that is read.
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(value)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("there is more behind it")
		}
	}
	return explain(err)
}

// explain says what is wrong with a body.
func explain(err error) Problem {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body has more than %d bytes", maxBody)}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return Problem{Status: http.StatusUnprocessableEntity, Detail: "some fields are not as they should be", Errors: []Field{{wrong.Field, "must be a " + wrong.Type.String()}}}
	}
	// The package has no type for it.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return Problem{Status: http.StatusUnprocessableEntity, Detail: "some fields are not as they should be", Errors: []Field{{strings.Trim(name, `"`), "is not known here"}}}
	}
	return Problem{Status: http.StatusBadRequest, Detail: "the body is no JSON object: " + err.Error()}
}
