package handoff

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

// OnSetback has f called if there is a setback, once, after the delivery is settled,
// by a goroutine that must not be held up. Of several calls the last counts.
func (h *Handoff) OnSetback(f func(Setback, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.onSetback = f
}

// Tell calls the function given to OnSetback, if there is one.
func (e *Effects) Tell(s Setback, err error) {
	if e.onSetback != nil {
		e.onSetback(s, err)
	}
}
