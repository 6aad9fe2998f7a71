package middleware

import (
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// ErrNoHandoff is returned for messages of a transport that cannot commit a mark
// together with the acknowledgement.
var ErrNoHandoff = errors.New("the message comes from a transport without a handoff")

// DefaultTTL is how long [Dedup] remembers a message by default.
const DefaultTTL = 24 * time.Hour

// Forever as a time to live keeps a mark until its key is deleted.
const Forever time.Duration = -1

// Dedup drops messages that were processed already: those with the key of one
// that was committed within the TTL. Keys are remembered for each consumer group
// of a topic apart.
//
// A message is marked in the same atomic step that commits its outputs and its
// acknowledgement. So a failed message is never taken for a duplicate of itself,
// a crash leaves either all or nothing, and of two duplicates that are processed
// at once, in whatever processes, the outputs of one are committed and the other
// is acknowledged without effect. The handler itself may in that case run for
// both; what it does outside the pipeline has to bear that.
//
// A message that the handler skips, or that ends up poisoned, is not marked.
//
// It needs a transport with a handoff, such as streams; with another, each
// message fails with [ErrNoHandoff]. The zero value works. The middleware may be
// used by any number of handlers.
type Dedup struct {
	// Key returns what makes a message the same as another. Messages with an empty
	// key are not looked at. Default: the message's UUID.
	Key func(*message.Message) string
	// TTL is how long a key is remembered. Default: 24 hours. [Forever] keeps it.
	TTL time.Duration
	// OnDuplicate, if set, is called with each message that is dropped before its
	// handler runs.
	OnDuplicate func(*message.Message)
}

// Middleware wraps a handler.
func (d Dedup) Middleware(next message.HandlerFunc) message.HandlerFunc {
	if d.Key == nil {
		d.Key = func(msg *message.Message) string { return msg.UUID }
	}
	switch {
	case d.TTL == 0:
		d.TTL = DefaultTTL
	case d.TTL < 0:
		d.TTL = 0
	case d.TTL < time.Millisecond:
		// Redis counts in milliseconds, and none of them would mean for ever.
		d.TTL = time.Millisecond
	}
	return func(msg *message.Message) ([]*message.Message, error) {
		h := handoff.FromContext(msg.Context())
		if h == nil {
			return nil, fmt.Errorf("dedup of message %s: %w", msg.UUID, ErrNoHandoff)
		}
		key := d.Key(msg)
		if key == "" {
			return next(msg)
		}
		owner := fmt.Sprintf("%s/%d", h.ID, h.Attempt)
		lease, err := h.Leases().Acquire(msg.Context(), key, owner, time.Minute)
		if err != nil {
			return nil, fmt.Errorf("dedup of message %s: %w", msg.UUID, err)
		}
		if lease.State == handoff.Finished {
			if d.OnDuplicate != nil {
				d.OnDuplicate(msg)
			}
			return nil, nil
		}
		made, err := next(msg)
		if err != nil {
			return nil, err
		}
		if err := h.Mark(handoff.Mark{Key: key, TTL: d.TTL}); err != nil {
			return nil, fmt.Errorf("dedup of message %s: %w", msg.UUID, err)
		}
		return made, nil
	}
}
