package middleware

import (
	"context"
	"net/url"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// stored processes a message whose mark is set after its acknowledgement.
func (d Dedup) stored(key string, msg *message.Message, next message.HandlerFunc) ([]*message.Message, error) {
	ctx, owner := msg.Context(), watermill.NewUUID()
	key = d.scoped(ctx, key)
	state, err := d.await(ctx, key, owner)
	if err != nil {
		return nil, d.failure(msg, err)
	}
	if state == Finished {
		d.duplicate(msg)
		return nil, nil
	}
	lease, done := hold(ctx, d.Store, key, owner, d.Lease), false
	defer func() {
		if !done {
			lease.release() // also when the handler panics
		}
	}()
	made, err := next(msg)
	if err != nil {
		return nil, err
	}
	done = true
	// The outputs are yet to be published.
	go d.settle(ctx, msg, lease)
	return made, nil
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
func (d Dedup) await(ctx context.Context, key, owner string) (LeaseState, error) {
	var failing time.Time // since when
	for {
		answer, err := d.Store.Acquire(ctx, key, owner, d.Lease)
		if err == nil && answer.State != Taken {
			return answer.State, nil
		}
		pause := d.RecheckAfter
		switch {
		case err == nil:
			failing, pause = time.Time{}, d.recheck(answer.Left)
			// A verdict: it is not the message that failed.
			err = handoff.PutAside(handoff.Aside{For: pause, Uncounted: true}, errTaken)
		case failing.IsZero():
			failing = time.Now()
		case time.Since(failing) >= d.Lease:
			return 0, err
		}
		if !wait(ctx, pause) {
			return 0, err
		}
	}
}

// settle waits for what becomes of a message that was handled, and ends its lease:
// with a mark if it was acknowledged. It returns when the message is settled, or
// when a lease after the end of its context it is not.
func (d Dedup) settle(ctx context.Context, msg *message.Message, lease *lease) {
	defer lease.leave()
	if ctx.Done() != nil {
		select {
		case <-msg.Acked():
		case <-msg.Nacked():
		case <-ctx.Done():
			// It may be settled yet: a deadline for the handler is none for its outputs.
		}
	}
	timer := time.NewTimer(d.Lease)
	defer timer.Stop()
	select {
	case <-msg.Acked():
		d.finish(ctx, lease)
	case <-msg.Nacked():
		lease.release()
	case <-timer.C:
	}
}

// finish marks the key as done, which the lease protects until it is.
func (d Dedup) finish(ctx context.Context, lease *lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	const pause = 100 * time.Millisecond
	for d.Store.Finish(ctx, lease.key, d.TTL) != nil && wait(ctx, pause) {
	}
}
