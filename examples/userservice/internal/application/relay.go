package application

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Outgoing is an event in the outbox. Events are published in the order of their positions.
type Outgoing struct {
	Position int64
	EventID  string
	// Payload is the event as it is published.
	Payload []byte
	// Trace is what continues the trace of the request that saved it.
	Trace map[string]string
}

// Outbox has the events that were saved and are not published. Its methods may be called
// concurrently, in any number of processes.
type Outbox interface {
	// Pending returns the first of them, in order.
	Pending(ctx context.Context, limit int) ([]Outgoing, error)
	// Published removes those up to a position.
	Published(ctx context.Context, position int64) error
}

// Events publishes events. One that is published again, by this or another process, is
// there once all the same.
type Events interface {
	Publish(context.Context, Outgoing) error
}

// Relay publishes what is in the outbox: at least once, and in order, however many
// relays there are. For each of them publishes in order, and an event that another
// published is passed over.
type Relay struct {
	Outbox Outbox
	Events Events
	// Poll is how often to look for what other processes saved, and how soon to try again
	// what failed.
	Poll   time.Duration
	Logger *slog.Logger

	wake chan struct{}
}

// NewRelay returns one. Run runs it.
func NewRelay(outbox Outbox, events Events, poll time.Duration, logger *slog.Logger) *Relay {
	return &Relay{Outbox: outbox, Events: events, Poll: poll, Logger: logger, wake: make(chan struct{}, 1)}
}

// Wake has it look at once. It may be called concurrently and does not block.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it will look, and find this too
	}
}

// Run publishes until ctx ends. What fails is tried again, and said once.
func (r *Relay) Run(ctx context.Context) error {
	poll := time.NewTicker(r.Poll)
	defer poll.Stop()
	failing := false
	for {
		err := r.drain(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			r.Logger.WarnContext(ctx, "events wait in the outbox; trying again", "err", err)
		case err == nil && failing:
			r.Logger.InfoContext(ctx, "the outbox is published again")
		}
		failing = err != nil
		if failing {
			// Another registration does not mend it.
			select {
			case <-poll.C:
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-r.wake:
		case <-poll.C:
		case <-ctx.Done():
		}
	}
}

// drain publishes all there is. One at a time: of several at once a later one may be there
// before an earlier one that failed.
func (r *Relay) drain(ctx context.Context) error {
	const batch = 100
	for {
		pending, err := r.Outbox.Pending(ctx, batch)
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if len(pending) == 0 {
			return nil
		}
		var last int64
		var publishErr error
		for _, event := range pending {
			if publishErr = r.Events.Publish(ctx, event); publishErr != nil {
				break
			}
			last = event.Position
		}
		if last > 0 {
			// Without it they are published again, and passed over there.
			if err := r.Outbox.Published(ctx, last); err != nil {
				return fmt.Errorf("mark what was published: %w", err)
			}
		}
		if publishErr != nil {
			return fmt.Errorf("publish: %w", publishErr)
		}
	}
}
