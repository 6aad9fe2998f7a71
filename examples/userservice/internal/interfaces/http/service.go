package http

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// checkTimeout is how long something may take to show that it works.
const checkTimeout = 2 * time.Second

// health tells whether all that the process needs works now.
func (a *API) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	var mu sync.Mutex
	var checks sync.WaitGroup
	answer := struct {
		Status string            `json:"status"`
		Checks map[string]string `json:"checks"`
	}{"ok", map[string]string{}}
	status := http.StatusOK
	for name, check := range a.Checks {
		checks.Go(func() {
			err := check(ctx)
			mu.Lock()
			defer mu.Unlock()
			answer.Checks[name] = "ok"
			if err != nil {
				// Why is in the log, where addresses may be.
				a.Logger.WarnContext(ctx, "not healthy", "check", name, "err", err)
				answer.Checks[name], answer.Status = "failing", "failing"
				status = http.StatusServiceUnavailable
			}
		})
	}
	checks.Wait()
	reply(w, "application/json", status, answer)
}

func (a *API) mails(w http.ResponseWriter, r *http.Request) {
	mails, err := a.Mails(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ok(w, mails)
}

// maxOutage is the longest time that somebody may have the mail server fail for.
const maxOutage = time.Hour

func (a *API) outage(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Seconds *float64 `json:"seconds"`
	}
	if err := decode(w, r, &body); err != nil {
		a.fail(w, r, err)
		return
	}
	if body.Seconds == nil || *body.Seconds < 0 || *body.Seconds > maxOutage.Seconds() {
		a.fail(w, r, Problem{
			Status: http.StatusUnprocessableEntity, Detail: "some fields are not as they should be",
			Errors: []Field{{"seconds", "must be a number from 0 to 3600"}},
		})
		return
	}
	a.Outage(time.Duration(*body.Seconds * float64(time.Second)))
	ok(w, map[string]float64{"seconds": *body.Seconds})
}
