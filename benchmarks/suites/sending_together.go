package suites

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// together sends what concurrent callers add in one pipeline: what gathers while the one
// before is on its way. AutoPipeline of go-redis does so, too, but more slowly.
type together struct {
	client   *redis.Client
	requests chan addition
}

// addition is what one caller waits for.
type addition struct {
	entry *redis.XAddArgs
	added chan error
}

// mostTogether is how many messages go together at most.
const mostTogether = 500

// sendTogether lasts until the site ends.
func sendTogether(s *site) send {
	t := &together{client: s.connect(), requests: make(chan addition, mostTogether)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.run()
	}()
	// Nobody sends any more when the site ends.
	s.atEnd(func() error {
		close(t.requests)
		<-ended
		return nil
	})
	return func(_ context.Context, topic string, messages []outgoing) error {
		for _, m := range messages {
			a := addition{entryOf(topic, m), make(chan error, 1)}
			t.requests <- a
			if err := <-a.added; err != nil {
				return err
			}
		}
		return nil
	}
}

func (t *together) run() {
	for first := range t.requests {
		t.add(t.gather(first))
	}
}

// gather returns what waits.
func (t *together) gather(first addition) []addition {
	batch := []addition{first}
	for len(batch) < mostTogether {
		select {
		case next, ok := <-t.requests:
			if !ok {
				return batch
			}
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// add is not bound to the context of any one caller; go-redis's timeouts bound it.
func (t *together) add(batch []addition) {
	ctx := context.Background()
	pipe := t.client.Pipeline()
	commands := make([]*redis.StringCmd, len(batch))
	for i, a := range batch {
		commands[i] = pipe.XAdd(ctx, a.entry)
	}
	_, failure := pipe.Exec(ctx)
	for i, a := range batch {
		err := commands[i].Err()
		if err == nil && commands[i].Val() == "" {
			err = failure // which marks no command where there was no connection
		}
		a.added <- err
	}
}
