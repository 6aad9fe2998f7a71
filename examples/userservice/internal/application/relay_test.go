package application_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
)

// outbox is one in memory. It is what it publishes to, too.
type outbox struct {
	mu        sync.Mutex
	pending   []application.Outgoing
	published []string
	// refused are the events that cannot be published, unmarked whether marking fails.
	refused  map[string]bool
	unmarked bool
}

func (o *outbox) add(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending = append(o.pending, application.Outgoing{Position: time.Now().UnixNano() + int64(len(o.pending)), EventID: id})
}

func (o *outbox) Pending(_ context.Context, limit int) ([]application.Outgoing, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.pending[:min(limit, len(o.pending))]), nil
}

func (o *outbox) Published(_ context.Context, position int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unmarked {
		return errors.New("the disk is full")
	}
	o.pending = slices.DeleteFunc(o.pending, func(e application.Outgoing) bool { return e.Position <= position })
	return nil
}

func (o *outbox) Publish(_ context.Context, event application.Outgoing) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refused[event.EventID] {
		return errors.New("nobody there")
	}
	o.published = append(o.published, event.EventID)
	return nil
}

func (o *outbox) so() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return fmt.Sprint(o.published, len(o.pending))
}

// relay runs one in a bubble of time.
func relay(t *testing.T, o *outbox, test func(*application.Relay)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := application.NewRelay(o, o, time.Minute, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		test(r)
		cancel()
		assert.NoError(t, <-ended)
	})
}

func TestARegistrationIsPublishedAtOnceAndThoseOfOthersSoon(t *testing.T) {
	var o outbox
	relay(t, &o, func(r *application.Relay) {
		o.add("a")
		r.Wake()
		r.Wake()
		synctest.Wait()
		assert.Equal(t, "[a] 0", o.so())
		o.add("b") // by another process
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, "[a b] 0", o.so())
	})
}

func TestEventsStayInOrderWhenOneCannotBePublished(t *testing.T) {
	o := outbox{refused: map[string]bool{"b": true}}
	for _, id := range []string{"a", "b", "c"} {
		o.add(id)
	}
	relay(t, &o, func(r *application.Relay) {
		assert.Equal(t, "[a] 2", o.so())
		o.mu.Lock()
		o.refused = nil
		o.mu.Unlock()
		r.Wake() // is no reason to try again
		synctest.Wait()
		assert.Equal(t, "[a] 2", o.so())
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, "[a b c] 0", o.so())
	})
}

func TestWhatCouldNotBeMarkedIsPublishedAgain(t *testing.T) {
	o := outbox{unmarked: true}
	o.add("a")
	relay(t, &o, func(*application.Relay) {
		assert.Equal(t, "[a] 1", o.so())
		o.mu.Lock()
		o.unmarked = false
		o.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, "[a a] 0", o.so())
	})
}
