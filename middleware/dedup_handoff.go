package middleware

import (
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// handedOff processes a message whose mark is committed with its acknowledgement.
func (d Dedup) handedOff(h *handoff.Handoff, key string, msg *message.Message, next message.HandlerFunc) ([]*message.Message, error) {
	h.Resume()
	ctx, leases := msg.Context(), h.Leases()
	// The attempt tells a redelivered entry from the run that died.
	owner := fmt.Sprintf("%s/%d", h.ID, h.Attempt)
	answer, err := leases.Acquire(ctx, key, owner, d.Lease)
	if err != nil {
		return nil, d.failure(msg, err)
	}
	switch answer.State {
	case handoff.Finished:
		if err := h.MarkDuplicate(); err != nil {
			return nil, d.failure(msg, err)
		}
		d.duplicate(msg)
		return nil, nil
	case handoff.Taken:
		return nil, putAside(h, handoff.Aside{For: d.recheck(answer.Left), Uncounted: true}, d.failure(msg, errTaken))
	}
	lease, done := hold(ctx, leases, key, owner, d.Lease), false
	defer func() {
		if done {
			lease.leave()
		} else {
			lease.release() // also when the handler panics
		}
	}()
	made, err := next(msg)
	if err != nil {
		return nil, err
	}
	if err := h.Mark(handoff.Mark{Key: key, TTL: d.TTL}); err != nil {
		return nil, d.failure(msg, err)
	}
	done = true
	return made, nil
}
