package rest

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// MaxBody is how many bytes a body may have: more than any valid task.
const MaxBody = 64 << 10

// read returns the draft in the body, or answers with all that is wrong with it.
func read(w http.ResponseWriter, r *http.Request) (task.Draft, bool) {
	object, problem := web.ReadObject(w, r, MaxBody)
	if problem != nil {
		problem.Write(w)
		return task.Draft{}, false
	}
	draft, wrong := decode(object)
	checked, err := draft.Checked()
	if invalid, ok := errors.AsType[*task.InvalidError](err); ok {
		wrong = merge(wrong, invalid.Faults)
	}
	if len(wrong) > 0 {
		web.Refuse(w, http.StatusUnprocessableEntity, "the task is invalid", wrong...)
		return task.Draft{}, false
	}
	return checked, true
}

func decode(object web.Object) (draft task.Draft, wrong []web.Field) {
	var due *string
	wrong = object.Read(map[string]web.Want{
		"title":       {Into: &draft.Title, Be: "a text"},
		"description": {Into: &draft.Description, Be: "a text"},
		"status":      {Into: &draft.Status, Be: "a text"},
		"labels":      {Into: &draft.Labels, Be: "a list of texts"},
		"due":         {Into: &due, Be: "a text, a time in RFC 3339"},
	})
	if due != nil {
		at, err := time.Parse(time.RFC3339, *due)
		if err != nil {
			wrong = append(wrong, web.Field{Field: "due", Detail: `must be a time in RFC 3339, as in "2026-01-31T17:00:00Z"`})
		}
		draft.Due = &at
	}
	return draft, wrong
}

// merge adds what a check found of fields that could be read.
func merge(unread []web.Field, found []task.Fault) []web.Field {
	all := unread
	for _, f := range found {
		if !slices.ContainsFunc(unread, func(u web.Field) bool { return u.Field == f.Field }) {
			all = append(all, web.Field(f))
		}
	}
	return all
}
