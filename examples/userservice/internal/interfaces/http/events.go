package http

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
)

const (
	// heartbeat is how often a stream says that it is there. The page takes three times as
	// long a silence for a lost connection.
	heartbeat = 5 * time.Second
	// writeTimeout is how long a watcher may take to take something.
	writeTimeout = 10 * time.Second
	// retry is how soon a browser is to connect again.
	retry = time.Second
	// recent is how many registrations a watcher is told of that came before.
	recent = 20
)

// events streams registrations until the client or ctx has enough. First come those of
// late, also after a time in which some may have been missed: so one may come twice, and
// has the same id then.
func (a *API) events(ctx context.Context) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "text/event-stream")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		if r.Method == http.MethodHead {
			return
		}
		watcher := a.Hub.join()
		if watcher == nil {
			header.Set("Retry-After", "10")
			web.Refuse(w, http.StatusServiceUnavailable, "too many watch already")
			return
		}
		defer a.Hub.leave(watcher)
		s := stream{w, http.NewResponseController(w)}
		if err := a.follow(ctx, r.Context(), s, watcher); err != nil && r.Context().Err() == nil {
			a.Logger.InfoContext(r.Context(), "a watcher is gone", "err", err)
		}
	}
}

// follow writes all that comes.
func (a *API) follow(ctx, request context.Context, s stream, w *watcher) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	if err := s.write(fmt.Sprintf("retry: %d\n\n", retry.Milliseconds())); err != nil {
		return err
	}
	// Between joining and this nothing is lost.
	if err := a.catchUp(request, s); err != nil {
		return err
	}
	for {
		var err error
		select {
		case user, open := <-w.users:
			if !open {
				return fmt.Errorf("it was %d registrations behind", behind)
			}
			err = s.send("registered", user)
		case <-w.missed:
			err = a.catchUp(request, s)
		case <-beat.C:
			err = s.send("beat", nil)
		case <-ctx.Done():
			return nil
		case <-request.Done():
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// catchUp sends the registrations of late, in order.
func (a *API) catchUp(ctx context.Context, s stream) error {
	users, _, err := a.Users.Page(ctx, 0, recent)
	if err != nil {
		return err
	}
	slices.Reverse(users)
	for _, u := range users {
		if err := s.send("registered", shown{u.ID, u.Name, u.Email.Masked(), u.RegisteredAt}); err != nil {
			return err
		}
	}
	return s.send("ready", nil)
}

// stream is one of server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send sends an event at once.
func (s stream) send(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, text))
}

func (s stream) write(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}
