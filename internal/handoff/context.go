package handoff

import (
	"context"
	"sync"
	"time"
)

type contextKey struct{}

// Context is the context of a delivered message, which ends when the message is settled.
//
// One is made for each message, so it holds the handoff itself rather than wrapping one,
// and what [context.WithCancel] would make is only made once somebody waits for the end:
// most handlers do not, and to be entered in and crossed off the list of a context that
// all messages share costs more than all the rest here.
type Context struct {
	Handoff Handoff

	parent context.Context

	mu sync.Mutex
	// err is why it ended, and cause what the parent had to say to that.
	err, cause error
	// waited is what is waited on, once somebody does.
	waited context.Context
	cancel context.CancelFunc
}

// NewContext returns a context for a delivery of domain, with an empty handoff.
func NewContext(ctx context.Context, d Delivery, domain Domain) *Context {
	return &Context{Handoff: Handoff{Delivery: d, domain: domain}, parent: ctx}
}

// End cancels the context.
func (c *Context) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cancel != nil:
		c.cancel()
	case c.err == nil:
		if c.err, c.cause = c.parent.Err(), context.Cause(c.parent); c.err == nil {
			c.err = context.Canceled
		}
	}
}

// Deadline returns that of the parent.
func (c *Context) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// Done is closed when the context or its parent has ended.
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wait().Done()
}

// wait makes what can be waited on. c.mu is held.
func (c *Context) wait() context.Context {
	switch {
	case c.waited != nil:
	case c.err == nil:
		c.waited, c.cancel = context.WithCancel(c.parent)
	default:
		// As it ended, whatever has become of the parent since.
		ended, cancel := context.WithCancelCause(context.WithoutCancel(c.parent))
		cancel(c.cause)
		c.waited = ended
	}
	return c.waited
}

// Err says why the context has ended, if it has.
func (c *Context) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return c.err
	case c.waited != nil:
		return c.waited.Err()
	default:
		return c.parent.Err()
	}
}

// Value answers for the handoff. By others, package context asks for what it has made
// itself; that is the parent's until somebody waits or the context has ended.
func (c *Context) Value(key any) any {
	if IsKey(key) {
		return &c.Handoff
	}
	return c.below().Value(key)
}

func (c *Context) below() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waited != nil || c.err != nil {
		return c.wait()
	}
	return c.parent
}

// IsKey reports whether [FromContext] asks a context with this key, so that one which
// knows the handoff can answer for those below it.
func IsKey(key any) bool {
	_, ok := key.(contextKey)
	return ok
}

// FromContext returns the handoff in ctx, or nil.
func FromContext(ctx context.Context) *Handoff {
	h, _ := ctx.Value(contextKey{}).(*Handoff)
	return h
}
