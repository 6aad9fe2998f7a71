package middleware

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/pause"
)

// stored processes a message whose mark is set after its acknowledgement.
func (d Dedup) stored(key string, msg *message.Message, next message.HandlerFunc) ([]*message.Message, error) {
	deliveries := d.Store.Deliveries()
	id := deliveryID{msg: msg, key: d.scoped(msg.Context(), key)}
	one, inside, err := deliveries.enter(id, d.Lease)
	switch {
	case err != nil:
		return nil, d.refused(msg, err)
	case inside:
		return next(msg)
	}
	settling := false
	defer func() {
		if !settling {
			deliveries.fail(one) // also when the handler panics
		}
	}()
	made, done, err := d.leased(deliveries, one, next)
	if err != nil || !done {
		return nil, err
	}
	ctx := msg.Context()
	// The outputs are yet to be published.
	settling = deliveries.settle(one, func(resumed <-chan struct{}) { d.settle(ctx, deliveries, one, resumed) })
	return made, nil
}

// leased gets the lease for a message and handles it. It reports whether the handler
// has done its work.
func (d Dedup) leased(deliveries *Deliveries, one *delivery, next message.HandlerFunc) ([]*message.Message, bool, error) {
	msg := one.id.msg
	state, err := d.await(msg.Context(), deliveries, one)
	if err != nil {
		return nil, false, d.refused(msg, err)
	}
	if state == Finished {
		d.duplicate(msg)
		return nil, false, nil
	}
	if one.lease == nil {
		one.lease = hold(msg.Context(), d.Store, one.id.key, one.owner, d.Lease)
	}
	made, err := next(msg)
	return made, err == nil, err
}

// refused says why a message was not handled. That the store is closed is no fault of
// the message: it is a verdict.
func (d Dedup) refused(msg *message.Message, err error) error {
	if errors.Is(err, ErrStoreClosed) {
		err = handoff.PutAside(handoff.Aside{For: d.RecheckAfter, Uncounted: true}, err)
	}
	return d.failure(msg, err)
}

// scoped returns the key in the store.
func (d Dedup) scoped(ctx context.Context, key string) string {
	scope := d.Scope
	if scope == "" {
		scope = message.HandlerNameFromCtx(ctx)
	}
	// The scope has no colon then, so that no two scopes and keys make the same.
	return url.QueryEscape(scope) + ":" + key
}

// await asks for the lease until it is granted or the work is finished.
func (d Dedup) await(ctx context.Context, deliveries *Deliveries, one *delivery) (LeaseState, error) {
	var failing time.Time // since when
	for {
		answer, err := d.Store.Acquire(ctx, one.id.key, one.owner, d.Lease)
		if err == nil && answer.State != Taken {
			return answer.State, nil
		}
		pause := d.RecheckAfter
		switch {
		case errors.Is(err, ErrStoreClosed):
			return 0, err
		case err == nil:
			failing, pause = time.Time{}, d.recheck(answer.Left)
			// A verdict: it is not the message that failed.
			err = handoff.PutAside(handoff.Aside{For: pause, Uncounted: true}, errTaken)
		case failing.IsZero():
			failing = time.Now()
		case time.Since(failing) >= d.Lease:
			return 0, err
		}
		if !deliveries.wait(ctx, pause) {
			return 0, err
		}
	}
}

// settle waits for what becomes of a message that was handled, and ends its lease:
// with a mark if it was acknowledged. It returns when the message is settled or handled
// again, or when a lease after the end of its context, or after the store was closed,
// it is not.
func (d Dedup) settle(ctx context.Context, deliveries *Deliveries, one *delivery, resumed <-chan struct{}) {
	msg := one.id.msg
	if ctx.Done() != nil {
		select {
		case <-msg.Acked():
		case <-msg.Nacked():
		case <-resumed:
		case <-deliveries.closing:
		case <-ctx.Done():
			// It may be settled yet: a deadline for the handler is none for its outputs.
		}
	}
	timer := time.NewTimer(one.ttl)
	defer timer.Stop()
	select {
	case <-msg.Acked():
	case <-msg.Nacked():
	case <-resumed:
	case <-timer.C:
	}
	if !deliveries.decide(one, resumed) {
		return
	}
	defer one.lease.leave()
	select {
	case <-msg.Acked():
		d.finish(ctx, one.lease)
	case <-msg.Nacked():
		one.lease.release()
	default:
	}
}

// finish marks the key as done, which the lease protects until it is. That the transport
// stops does not end it: who closes the store waits for it.
func (d Dedup) finish(ctx context.Context, lease *lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	const again = 100 * time.Millisecond
	for d.Store.Finish(ctx, lease.key, d.TTL) != nil && pause.For(ctx, nil, again) {
	}
}
