package http

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

// earlier are users who registered before.
type earlier struct {
	application.Users
	names []string // the newest first
}

func (e *earlier) Page(context.Context, int64, int) (users []domain.User, next int64, err error) {
	for _, name := range e.names {
		users = append(users, domain.User{ID: name, Name: name})
	}
	return users, 0, nil
}

// screen is what a watcher sees.
type screen struct {
	http.ResponseWriter // for the header

	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) Flush() {}

func (s *screen) SetWriteDeadline(time.Time) error { return nil }

// shows returns the events since it was last called, and the names of users.
func (s *screen) shows() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var seen []string
	for line := range strings.Lines(s.text.String()) {
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			seen = append(seen, strings.TrimSpace(event))
		}
		if _, rest, ok := strings.Cut(line, `"name":"`); ok {
			name, _, _ := strings.Cut(rest, `"`)
			seen[len(seen)-1] = name
		}
	}
	s.text.Reset()
	return strings.Join(seen, " ")
}

func TestAStreamTellsWhatWasWhatIsAndThatItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := &earlier{names: []string{"second", "first"}}
		api := &API{Users: users, Hub: new(Hub), Logger: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		watcher := &screen{ResponseWriter: httptest.NewRecorder()}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			api.events(ctx)(watcher, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/events", nil))
		}()
		synctest.Wait()
		assert.Equal(t, "first second ready", watcher.shows())
		assert.Equal(t, "text/event-stream", watcher.Header().Get("Content-Type"))

		assert.NoError(t, api.Hub.Show(t.Context(), domain.UserRegistered{Name: "third"}))
		synctest.Wait()
		assert.Equal(t, "third", watcher.shows())
		time.Sleep(2 * heartbeat)
		synctest.Wait()
		assert.Equal(t, "beat beat", watcher.shows())
		// A time in which something may have been missed.
		users.names = []string{"fourth", "third"}
		api.Hub.Missed()
		synctest.Wait()
		assert.Equal(t, "third fourth ready", watcher.shows())
		// The process ends, and with it the stream.
		stop()
		<-ended
		assert.Empty(t, api.Hub.watchers)
	})
}

func TestAStreamEndsWithItsWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &API{Users: &earlier{}, Hub: new(Hub), Logger: slog.New(slog.DiscardHandler)}
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			watcher := &screen{ResponseWriter: httptest.NewRecorder()}
			api.events(t.Context())(watcher, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil))
		}()
		synctest.Wait()
		assert.Len(t, api.Hub.watchers, 1)
		leave()
		<-ended
		assert.Empty(t, api.Hub.watchers)
	})
}
