package middleware

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/observe"
)

// ErrNoHandoff is returned for messages of a transport that cannot commit a mark
// together with the acknowledgement, when there is no [Store] either.
var ErrNoHandoff = errors.New("the message comes from a transport without a handoff")

// errTaken is why a message waits: another with its key is being worked on.
var errTaken = errors.New("a message with the same deduplication key is being worked on")

// Defaults of [Dedup].
const (
	// DefaultDedupTTL is how long a message is remembered.
	DefaultDedupTTL = 24 * time.Hour
	// DefaultDedupLease is how long a message whose process died keeps its duplicates
	// waiting.
	DefaultDedupLease = time.Minute
	// DefaultDedupRecheck is how long a duplicate of a message that is being
	// worked on waits before it is looked at again.
	DefaultDedupRecheck = time.Second
)

// Forever as a time to live keeps a mark until its key is deleted.
const Forever time.Duration = -1

// Dedup drops messages that were processed already: those with the key of one
// that was processed within the TTL. It does so in two phases. Before the handler
// runs a lease on the key is taken, so that one message with that key is worked on
// at a time. Only when the handler has succeeded is the key marked as done:
//
//	lease granted        the handler runs; when it succeeds, the key is marked as done,
//	                     when it fails or panics, the lease ends
//	key marked as done   the message is acknowledged, the handler does not run
//	lease taken          the message waits until it is one of the two above
//
// So a failed message is never taken for a duplicate of itself, and a duplicate of
// a message that may yet fail is never dropped. A message that the handler skips,
// or that ends up poisoned, is not marked either.
//
// # With a handoff
//
// On a transport such as streams the mark is set in the same atomic step that
// commits the outputs and the acknowledgement: a crash leaves all of it or nothing.
// Keys are scoped to the topic and consumer group: a stage on merged flows has one
// scope for each flow, so that equal keys of two flows are handled once each. A
// message whose lease is taken is put aside, which counts as no attempt, while those
// behind it pass. The same entry gets its lease again at once when it is redelivered
// after a crash; others with its key when the lease has run out.
//
// The lease saves work, the commit decides: a process that stood still for longer
// than a lease may find another at work on the same key. Then both handlers run,
// the outputs of the first to commit count, and the other is acknowledged as a
// duplicate, without effect. What a handler does outside the pipeline has to bear
// that.
//
// # Without a handoff
//
// With a [Store], in the safe order: lease, handler, outputs, acknowledgement, mark.
// A crash in between repeats the message and never loses it. The mark follows when
// the message that the middleware was given is acknowledged, which a router does
// once its outputs are published; closing the store waits for it. So close the router
// first, then the store, then the client or whatever is behind the store.
//
// Each delivery has one lease, whatever is between the middleware and the router: a
// message that fails further out and is handled again goes on with the lease it has, and
// a Dedup inside of another with the same store and key lets it pass. That needs the
// same *message.Message, not a copy of it.
//
// A message whose lease is taken is held until it can be decided on, or until its
// context ends, the transport stops or the store is closed: then it is rejected. A store
// that fails is asked again for as long as a lease lasts, and then the message is
// rejected with the store's error; one that is closed is not, and the error is
// [ErrStoreClosed].
//
// Keys are scoped to the handler in the router. In a pipeline there is one for each flow
// that a stage reads, so a stage on merged flows has one scope for each of them here too,
// unless a Scope is set. Processes that share a store share the work: where each is to
// handle every message, as with Pub/Sub, give each a store or a Scope of its own.
//
// Where there is a handoff, a Store is not used: the mark would not be in the same
// step. With neither, each message fails with [ErrNoHandoff].
//
// The zero value works on a transport with a handoff. The middleware may be used by
// any number of handlers.
type Dedup struct {
	// Key returns what makes a message the same as another. Messages with an empty
	// key are not looked at. Default: [ByUUID].
	Key func(*message.Message) string
	// TTL is how long a key is remembered, counted in milliseconds. Default: 24
	// hours. [Forever], or any negative, keeps it.
	TTL time.Duration
	// Lease is how long others with the key of a message wait for it when its
	// process has died. While the handler runs it is renewed each third of it.
	// Default, also for a negative: a minute.
	Lease time.Duration
	// RecheckAfter is after how long a message is looked at again whose key is being
	// worked on; sooner if the lease ends sooner, and up to a quarter later, at
	// random. Default, also for a negative: a second.
	RecheckAfter time.Duration
	// Store keeps leases and marks for transports without a handoff. Whoever made it
	// closes it after the router has ended, and what is behind it after that.
	Store Store
	// Scope keeps the keys of one Dedup in a Store apart from those of others.
	// Default: the handler's name in the router.
	Scope string
	// OnDuplicate, if set, is called with each message that is dropped before its
	// handler runs. It may be called concurrently.
	OnDuplicate func(*message.Message)
}

// Middleware wraps a handler.
func (d Dedup) Middleware(next message.HandlerFunc) message.HandlerFunc {
	d.setDefaults()
	return func(msg *message.Message) ([]*message.Message, error) {
		h := handoff.FromContext(msg.Context())
		if h == nil && d.Store == nil {
			return nil, d.failure(msg, fmt.Errorf("%w: set Dedup.Store", ErrNoHandoff))
		}
		key := d.Key(msg)
		switch {
		case key == "":
			return next(msg)
		case h != nil:
			return d.handedOff(h, key, msg, next)
		default:
			return d.stored(key, msg, next)
		}
	}
}

func (d *Dedup) setDefaults() {
	if d.Key == nil {
		d.Key = ByUUID
	}
	if d.TTL == 0 {
		d.TTL = DefaultDedupTTL
	}
	d.TTL = inMilliseconds(d.TTL)
	if d.Lease <= 0 {
		d.Lease = DefaultDedupLease
	}
	d.Lease = inMilliseconds(d.Lease)
	if d.RecheckAfter <= 0 {
		d.RecheckAfter = DefaultDedupRecheck
	}
}

// inMilliseconds makes of a time to live one that Redis can count: in milliseconds,
// at least one. What never ends is zero.
func inMilliseconds(ttl time.Duration) time.Duration {
	if ttl <= 0 {
		return 0
	}
	return max(ttl, time.Millisecond)
}

// failure says which message could not be looked at.
func (d Dedup) failure(msg *message.Message, err error) error {
	return fmt.Errorf("dedup of message %s: %w", msg.UUID, err)
}

func (d Dedup) duplicate(msg *message.Message) {
	observe.From(msg.Context()).Duplicate()
	if d.OnDuplicate != nil {
		d.OnDuplicate(msg)
	}
}

// recheck returns when to look again at a message whose lease is another's for what
// is left of it: not all of those that wait at the same moment.
func (d Dedup) recheck(left time.Duration) time.Duration {
	const least = 10 * time.Millisecond
	wait := min(max(left, least), d.RecheckAfter)
	return wait + rand.N(wait/4+1)
}
