package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Checks are what a process needs, by name, each with how to find out whether it is there.
type Checks map[string]func(context.Context) error

// checkTimeout is how long something may take to show that it is there.
const checkTimeout = 2 * time.Second

// Health answers 200 if all is there that the process needs, and else 503. It says what is
// missing; why is in the log, for an error may name hosts.
func Health(checks Checks, logger *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		state := struct {
			Status string            `json:"status"`
			Checks map[string]string `json:"checks"`
		}{"ok", map[string]string{}}
		status := http.StatusOK
		var mu sync.Mutex
		var all sync.WaitGroup
		for name, check := range checks {
			all.Go(func() {
				err := check(ctx)
				mu.Lock()
				defer mu.Unlock()
				state.Checks[name] = "ok"
				if err != nil {
					logger.WarnContext(ctx, "not healthy", "check", name, "err", err)
					state.Checks[name], state.Status, status = "failing", "failing", http.StatusServiceUnavailable
				}
			})
		}
		all.Wait()
		Answer(w, status, state)
	}
}
