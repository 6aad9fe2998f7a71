package chaos

import (
	"context"
	"sync"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/messaging"
	"github.com/millstream-go/millstream/pubsub"
)

// watch listens to the live feed, as a process does that is there all the time.
func (r *run) watch(ctx context.Context) (seen func() int, stop func() error, err error) {
	transport, err := pubsub.NewTransport(r.Client, messaging.Live(func() {}, r.Logger))
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	users := map[string]bool{}
	feed := messaging.NewFeed(r.Name, func(_ context.Context, event domain.UserRegistered) error {
		mu.Lock()
		defer mu.Unlock()
		users[event.UserID] = true
		return nil
	}, r.Logger)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- feed.Run(ctx, transport) }()
	seen = func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(users)
	}
	stop = func() error {
		cancel()
		return <-ended
	}
	return seen, stop, nil
}
