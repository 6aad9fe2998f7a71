package streams

import (
	"slices"
	"sync"

	"github.com/millstream-go/millstream/internal/handoff"
)

// roster is which groups each topic should have, as far as a transport was told. A
// group that is lost with its stream, or not made yet, is missed in Redis by
// nobody, and messages that it should have got would be trimmed.
type roster struct {
	mu sync.Mutex
	of map[string][]string
}

func newRoster() *roster { return &roster{of: map[string][]string{}} }

func (r *roster) add(subscriptions []handoff.Subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range subscriptions {
		if !slices.Contains(r.of[s.Topic], s.Group) {
			r.of[s.Topic] = append(r.of[s.Topic], s.Group)
		}
	}
}

// groups returns the groups that a topic should have. It is false when nobody
// told of the given one: then there may be others. Without a roster, the groups
// that there are count.
func (r *roster) groups(topic, group string) (all []string, known bool) {
	if r == nil {
		return nil, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.of[topic]), slices.Contains(r.of[topic], group)
}
