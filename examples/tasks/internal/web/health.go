package web

import (
	"context"
	"net/http"
	"time"
)

// Checks are what a process needs, by name, each with how to find out whether it is there.
type Checks map[string]func(context.Context) error

// checkTimeout is how long something may take to show that it is there.
const checkTimeout = 2 * time.Second

// Health answers 200 if all is there that the process needs, and else 503, and says what.
func Health(checks Checks) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		state := map[string]string{"status": "ok"}
		code := http.StatusOK
		for name, check := range checks {
			state[name] = "ok"
			if err := check(ctx); err != nil {
				// Why is a matter of logs: an error may name hosts.
				state[name], state["status"], code = "away", "unavailable", http.StatusServiceUnavailable
			}
		}
		w.Header().Set("Cache-Control", "no-store")
		Answer(w, code, state)
	}
}
