package pubsub

import (
	"context"
	"slices"
	"time"
)

// beat asks a silent connection for a sign of life and closes one that gives none,
// until ctx ends. A server that froze, or a network that swallows everything, does
// not end a connection.
func (l *listener) beat(ctx context.Context) {
	ticker := time.NewTicker(l.config.Heartbeat)
	defer ticker.Stop()
	last, silent := l.heard.Load(), 0 // heartbeats without a sign of life
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch now := l.heard.Load(); {
		case now != last, !l.reading.Load(), l.isBlocked():
			last, silent = now, 0
		default:
			silent++
		}
		// Nothing is sent while nobody reads: should the connection be broken, go-redis
		// would make another, and nobody would learn of the gap.
		switch {
		case silent >= 2:
			l.giveUp(ErrSilent)
		case l.reading.Load() && l.hasMoved(ctx):
			l.giveUp(ErrMoved)
		case l.reading.Load() && !l.isBlocked() && time.Since(l.began)-time.Duration(last) >= l.config.Heartbeat/2:
			l.ping(ctx)
		}
	}
}

// isBlocked reports whether a full queue keeps the listener from reading.
func (l *listener) isBlocked() bool {
	return slices.ContainsFunc(*l.queues.Load(), (*queue).isFull)
}

// ping asks for an answer, which is heard where everything is. Its own error is no
// more than the reader learns.
func (l *listener) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.config.Heartbeat)
	defer cancel()
	_ = l.current().Ping(ctx)
}

// giveUp closes the connection, for a reason that the reader gets.
func (l *listener) giveUp(reason error) {
	l.mu.Lock()
	first, conn := l.broken == nil, l.conn
	if first {
		l.broken = reason
	}
	l.mu.Unlock()
	if first {
		_ = conn.Close()
	}
}
