// Package handoff is the unit of work of one delivery: what a handler's run
// stages, to be carried out together with the acknowledgement or not at all.
//
// A transport that can commit atomically puts a [Handoff] into the context of
// each message it delivers. Publishers and middleware find it there, stage
// their effects, and roll back to a savepoint when an attempt fails. The
// transport takes the staged effects when the message is settled. With a
// transport that puts nothing into the context, the same callers fall back to
// acting directly.
package handoff

import (
	"errors"
	"sync"
	"time"
)

// ErrSettled is returned when something is staged on a delivery that was
// already acknowledged, rejected or given up.
var ErrSettled = errors.New("millstream: the delivery is already settled, nothing can be published with its context any more")

// Delivery says which message this is and how often it was delivered.
type Delivery struct {
	// Topic, Group and ID name the entry and the consumer group it was read by,
	// Consumer the process in it.
	Topic, Group, ID, Consumer string
	// Attempt is which delivery of the entry this is, from 1.
	Attempt int
	// History is what was noted of it when it was put aside last.
	History
	// Stopping is closed when the transport stops: whoever waits should not.
	Stopping <-chan struct{}
	// Carried is the message's trace context, if the subscription asked for it.
	Carried Carried
}

// Output is one message to be added to a topic. Values alternates field names
// and values, as they go on the wire.
type Output struct {
	Topic  string
	Values []any
	// Size is about how many bytes the values are.
	Size int
	// Limit is how many entries the topic may hold; zero for any number.
	Limit int64
	// Once, if its key is not empty, has the output passed over if another with
	// that key was added to the topic within the TTL.
	Once Mark
}

// Mark is a key that makes a later delivery with the same key a duplicate.
type Mark struct {
	Key string
	// TTL is how long the mark lasts; zero means for ever.
	TTL time.Duration
}

// Domain is the reach of one atomic commit: two values that compare equal
// can commit each other's effects. Implementations are small comparable values.
type Domain interface {
	// Leases returns the leases that end with a mark of the same key, for one
	// delivery: keys are scoped to its topic and group.
	Leases(d Delivery) Leases
}

// History is what is known of the runs of a message's handler. The zero value is
// known of one that never failed.
type History struct {
	// Failures is how often the handler failed, since the time Failing.
	Failures int
	Failing  time.Time
	// Repeats is how often it was called again within a delivery.
	Repeats int
}

// Aside says how a message is put aside.
type Aside struct {
	// For is how long.
	For time.Duration
	// Uncounted makes the delivery that ends so none of the attempts.
	Uncounted bool
	// History is to be known when the message comes again; the zero value leaves
	// what is known.
	History
}

// Effects is what a settled delivery asks its transport to carry out.
type Effects struct {
	Outputs []Output
	Marks   []Mark
	// Duplicate tells that the delivery is acknowledged as one.
	Duplicate bool
	// Park, when true, puts the message aside instead of acknowledging it, and
	// whatever else was staged is dropped.
	Park bool
	Aside

	watcher Watcher
}

// Handoff collects the effects of one delivery. It is safe for concurrent use.
type Handoff struct {
	Delivery

	domain Domain

	mu      sync.Mutex
	repeats int // within this delivery
	// What is staged. When aside is set nothing else of it counts.
	outputs   []Output
	first     [1]Output // the memory of outputs until there are more
	marks     []Mark
	aside     *Aside
	duplicate bool
	settled   bool
	watcher   Watcher
}

// Domain returns the reach of the handoff's commit.
func (h *Handoff) Domain() Domain { return h.domain }

// Publish stages outputs.
func (h *Handoff) Publish(outputs ...Output) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.settled {
		return ErrSettled
	}
	if h.outputs == nil {
		h.outputs = h.first[:0]
	}
	h.outputs = append(h.outputs, outputs...)
	return nil
}

// Mark stages a mark: when the key is already marked at commit, the delivery is
// acknowledged as a duplicate and nothing else that it staged is carried out.
func (h *Handoff) Mark(m Mark) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.settled {
		return ErrSettled
	}
	h.marks = append(h.marks, m)
	return nil
}

// Repeat tells that the handler is about to be called again within this delivery.
func (h *Handoff) Repeat() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.repeats++
}

// Repeated returns how often the handler was called again within a delivery, in
// this one and those before.
func (h *Handoff) Repeated() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.Repeats + h.repeats
}

// Runs returns which run of the handler this is, from 1.
func (h *Handoff) Runs() int { return h.Attempt + h.Repeated() }

// MarkDuplicate tells that the message is acknowledged because it is a duplicate.
func (h *Handoff) MarkDuplicate() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.settled {
		return ErrSettled
	}
	h.duplicate = true
	return nil
}

// Leases returns the leases on what messages of this topic and group are about.
func (h *Handoff) Leases() Leases { return h.domain.Leases(h.Delivery) }

// PutAside asks for the message to be put aside and then delivered again, whether the
// message is acknowledged or rejected, instead of what else is staged.
func (h *Handoff) PutAside(a Aside) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.settled {
		return ErrSettled
	}
	a.For = max(a.For, 0)
	h.aside = &a
	return nil
}

// Resume drops what was staged to put the message aside: it is worked on after all,
// since whoever is outside of the one that staged it calls the handler again.
func (h *Handoff) Resume() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.settled {
		h.aside = nil
	}
}

// Savepoint is a state of a handoff that it can be rolled back to, until it is
// rolled back to an earlier one. It is small, because it lies on the stack of each
// message's goroutine: one that has to grow costs more than most middleware.
type Savepoint struct {
	outputs, marks int
	aside          *Aside
	duplicate      bool
}

// Savepoint returns the present state.
func (h *Handoff) Savepoint() Savepoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Savepoint{outputs: len(h.outputs), marks: len(h.marks), aside: h.aside, duplicate: h.duplicate}
}

// Rollback drops what was staged since s.
func (h *Handoff) Rollback(s Savepoint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.settled {
		return
	}
	h.outputs = h.outputs[:min(s.outputs, len(h.outputs))]
	h.marks = h.marks[:min(s.marks, len(h.marks))]
	h.aside, h.duplicate = s.aside, s.duplicate
}

// Settle closes the handoff and returns what it staged. Staging fails from then on.
func (h *Handoff) Settle() Effects {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := Effects{Outputs: h.outputs, Marks: h.marks, Duplicate: h.duplicate, watcher: h.watcher}
	if h.aside != nil {
		e = Effects{Park: true, Aside: *h.aside, watcher: h.watcher}
	}
	h.settled = true
	h.outputs, h.marks, h.aside, h.duplicate, h.watcher = nil, nil, nil, false, nil
	return e
}
