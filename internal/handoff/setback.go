package handoff

import "context"

// Setback is how the commit of a delivery ended otherwise than its handler had to
// expect, after it had returned.
type Setback string

// The setbacks.
const (
	// Fenced: another consumer had settled or taken over the message, and what this
	// run staged was dropped.
	Fenced Setback = "fenced"
	// Duplicated: a message with a mark of the same key was committed before, and what
	// this run staged was dropped.
	Duplicated Setback = "duplicate"
	// Orphaned: the consumer group was gone.
	Orphaned Setback = "orphaned"
	// Refused: Redis refused an output, and the message is put aside.
	Refused Setback = "refused"
	// Unconfirmed: it was settled before, by a commit whose reply was lost or by
	// another consumer.
	Unconfirmed Setback = "unconfirmed"
)

// Watcher is who is told of a setback.
type Watcher interface {
	// Setback is called once, after the delivery is settled, by a goroutine that must
	// not be held up.
	Setback(s Setback, err error)
	// Traced returns a context with the span of the run, for what is logged of it.
	Traced() context.Context
}

// Watch has w told if there is a setback. Of several calls the last counts.
func (h *Handoff) Watch(w Watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watcher = w
}

// Tell tells the watcher, if there is one.
func (e *Effects) Tell(s Setback, err error) {
	if e.watcher != nil {
		e.watcher.Setback(s, err)
	}
}

// Context returns the context for what is logged of the run.
func (e *Effects) Context() context.Context {
	if e.watcher != nil {
		return e.watcher.Traced()
	}
	return context.Background()
}
