package http

import (
	"errors"
	"net/http"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

const maxBody = 8 << 10 // bytes

// read reads the fields of a body, or answers what is wrong with it and returns false.
func read(w http.ResponseWriter, r *http.Request, fields map[string]web.Want) bool {
	object, problem := web.ReadObject(w, r, maxBody)
	if problem != nil {
		problem.Write(w)
		return false
	}
	if wrong := object.Read(fields); len(wrong) > 0 {
		refuse(w, wrong...)
		return false
	}
	return true
}

// refuse answers that fields of a body are wrong.
func refuse(w http.ResponseWriter, wrong ...web.Field) {
	web.Refuse(w, http.StatusUnprocessableEntity, "some fields are not as they should be", wrong...)
}

// fail answers with what an error means to the client. What is none of its business goes to
// the log.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	faults := domain.Faults(err)
	switch {
	case len(faults) > 0:
		var wrong []web.Field
		for _, fault := range faults {
			wrong = append(wrong, web.Field{Field: fault.Field, Detail: fault.Reason})
		}
		refuse(w, wrong...)
	case errors.Is(err, application.ErrEmailTaken):
		web.Refuse(w, http.StatusConflict, err.Error(), web.Field{Field: "email", Detail: "is registered already"})
	case errors.Is(err, application.ErrNoUser):
		web.Refuse(w, http.StatusNotFound, err.Error())
	case errors.Is(err, application.ErrBusy):
		w.Header().Set("Retry-After", "1")
		web.Refuse(w, http.StatusServiceUnavailable, "too much is being written; try again in a moment")
	case errors.Is(err, application.ErrAway) && r.Context().Err() == nil:
		a.Logger.WarnContext(r.Context(), "a request cannot be answered now", "route", r.Pattern, "err", err)
		w.Header().Set("Retry-After", "1")
		web.Refuse(w, http.StatusServiceUnavailable, application.ErrAway.Error()+"; try again in a moment")
	default:
		web.Fail(w, r, a.Logger, err)
	}
}
