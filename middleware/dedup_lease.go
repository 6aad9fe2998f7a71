package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// settleTime is how long it is tried to release or finish a lease, which runs out by
// itself otherwise.
const settleTime = 5 * time.Second

// lease is a lease that is held, and renewed until it is left or released. There is
// no goroutine until it is time to renew.
type lease struct {
	leases     handoff.Leases
	key, owner string
	ttl        time.Duration
	// ctx ends when there is nothing to renew any more. A handler may go on when
	// the context of its message has ended, and the lease with it.
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex // held while it is being renewed
	timer *time.Timer
}

func hold(ctx context.Context, leases handoff.Leases, key, owner string, ttl time.Duration) *lease {
	l := &lease{leases: leases, key: key, owner: owner, ttl: ttl}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(ttl/3, l.renew)
	return l
}

func (l *lease) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return
	}
	again := l.ttl / 3
	ctx, cancel := context.WithTimeout(l.ctx, again)
	defer cancel()
	if err := l.leases.Renew(ctx, l.key, l.owner, l.ttl); err != nil {
		again = l.ttl / 12 // there is time left to try
	}
	l.timer.Reset(again)
}

// leave lets the lease be: it is not renewed any more when leave has returned.
func (l *lease) leave() {
	l.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
}

// release ends the lease. If that fails, it runs out.
func (l *lease) release() {
	l.leave()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), settleTime)
	defer cancel()
	_ = l.leases.Release(ctx, l.key, l.owner)
}
