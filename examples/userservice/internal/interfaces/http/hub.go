package http

import (
	"context"
	"sync"
	"time"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

const (
	// behind is how many registrations a watcher may be behind.
	behind = 64
	// maxWatchers bounds how many look on at once.
	maxWatchers = 1000
)

// shown is a user as everybody may see it.
type shown struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Email        string    `json:"email"` // masked
	RegisteredAt time.Time `json:"registered_at"`
}

// Hub passes registrations on to all that watch in this process. The zero value works, and
// its methods may be called concurrently.
type Hub struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
}

// watcher is one who watches.
type watcher struct {
	// users is closed when the watcher is too slow.
	users chan shown
	// missed has an item after a time in which registrations may have passed by.
	missed chan struct{}
}

// Show passes a registration on. Who is too slow for it is given up, and may come again.
func (h *Hub) Show(_ context.Context, event domain.UserRegistered) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		select {
		case w.users <- shown{event.UserID, event.Name, event.Email.Masked(), event.RegisteredAt}:
		default:
			delete(h.watchers, w)
			close(w.users)
		}
	}
	return nil
}

// Missed tells all that they may have missed something.
func (h *Hub) Missed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		select {
		case w.missed <- struct{}{}:
		default: // it knows
		}
	}
}

// join adds a watcher, who must leave; nil if there are too many.
func (h *Hub) join() *watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) >= maxWatchers {
		return nil
	}
	if h.watchers == nil {
		h.watchers = map[*watcher]struct{}{}
	}
	w := &watcher{make(chan shown, behind), make(chan struct{}, 1)}
	h.watchers[w] = struct{}{}
	return w
}

func (h *Hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
}
