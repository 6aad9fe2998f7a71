package http

import (
	"net/http"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
)

func (a *API) mails(w http.ResponseWriter, r *http.Request) {
	mails, err := a.Mails(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	web.Answer(w, http.StatusOK, mails)
}

// maxOutage is the longest time that somebody may have the mail server fail for.
const maxOutage = time.Hour

func (a *API) outage(w http.ResponseWriter, r *http.Request) {
	const want = "a number from 0 to 3600"
	var seconds *float64
	if !read(w, r, map[string]web.Want{"seconds": {Into: &seconds, Be: want}}) {
		return
	}
	if seconds == nil || *seconds < 0 || *seconds > maxOutage.Seconds() {
		refuse(w, web.Field{Field: "seconds", Detail: "must be " + want})
		return
	}
	a.Outage(time.Duration(*seconds * float64(time.Second)))
	web.Answer(w, http.StatusOK, map[string]float64{"seconds": *seconds})
}
