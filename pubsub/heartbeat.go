package pubsub

import (
	"context"
	"time"
)

// beat asks a silent connection for a sign of life and closes one that gives none,
// until ctx ends. A server that froze, or a network that swallows everything, does
// not end a connection.
func (l *listener) beat(ctx context.Context) {
	ticker := time.NewTicker(l.config.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !l.reading.Load() {
			continue // it is at work, or connects
		}
		switch silent := time.Since(l.began) - time.Duration(l.heard.Load()); {
		case silent >= 2*l.config.Heartbeat:
			l.giveUp(ErrSilent)
		case silent >= l.config.Heartbeat/2:
			l.ping(ctx)
		}
	}
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
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = reason
		_ = l.conn.Close()
	}
}
