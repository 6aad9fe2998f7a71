package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/examples/tasks/internal/web"
)

// maxBody is how many bytes a body may have: more than any valid task. Of a larger one some
// more are read and dropped.
const (
	maxBody    = 64 << 10
	maxDrained = 4 << 20
)

// read returns the draft in the body, or answers with all that is wrong with it.
func read(w http.ResponseWriter, r *http.Request) (task.Draft, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		w.Header().Set("Accept", "application/json")
		web.Refuse(w, http.StatusUnsupportedMediaType, "send Content-Type: application/json")
		return task.Draft{}, false
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if len(data) > maxBody {
		// A client that is still writing when the connection ends does not read the answer.
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
		web.Refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a task has at most %d bytes", maxBody))
		return task.Draft{}, false
	}
	if err != nil {
		web.Refuse(w, http.StatusBadRequest, "the body ends early")
		return task.Draft{}, false
	}
	draft, faults, err := decode(data)
	if err != nil {
		web.Refuse(w, http.StatusBadRequest, "the body is no JSON object: "+err.Error())
		return task.Draft{}, false
	}
	checked, err := draft.Checked()
	if invalid, ok := errors.AsType[*task.InvalidError](err); ok {
		faults = merge(faults, invalid.Faults)
	}
	if len(faults) > 0 {
		web.Refuse(w, http.StatusUnprocessableEntity, "the task is invalid", faults...)
		return task.Draft{}, false
	}
	return checked, true
}

// decode reads field by field, to tell of all that are wrong.
func decode(data []byte) (draft task.Draft, faults []task.Fault, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return draft, nil, err
	}
	if fields == nil {
		return draft, nil, errors.New("it is null")
	}
	var due *string
	known := map[string]struct {
		into any
		want string
	}{
		"title":       {&draft.Title, "a text"},
		"description": {&draft.Description, "a text"},
		"status":      {&draft.Status, "a text"},
		"labels":      {&draft.Labels, "a list of texts"},
		"due":         {&due, "a text, a time in RFC 3339"},
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		field, ok := known[name]
		if !ok {
			faults = append(faults, task.Fault{Field: name, Reason: "is no field of a task that can be set"})
		} else if err := json.Unmarshal(fields[name], field.into); err != nil {
			faults = append(faults, task.Fault{Field: name, Reason: "must be " + field.want})
		}
	}
	if due != nil {
		at, err := time.Parse(time.RFC3339, *due)
		if err != nil {
			faults = append(faults, task.Fault{Field: "due", Reason: `must be a time in RFC 3339, as in "2026-01-31T17:00:00Z"`})
		}
		draft.Due = &at
	}
	return draft, faults, nil
}

// merge adds what a check found of fields that could be read.
func merge(unread, found []task.Fault) []task.Fault {
	all := unread
	for _, f := range found {
		if !slices.ContainsFunc(unread, func(u task.Fault) bool { return u.Field == f.Field }) {
			all = append(all, f)
		}
	}
	return all
}
