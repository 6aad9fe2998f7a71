package pubsub

import (
	"context"
	"time"
)

// down counts a gap that began then.
func (l *listener) down(since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Gaps++
	l.downSince = since
	l.up = make(chan struct{})
}

// resumed counts the end of a gap and returns when that was. Not up, it ends because
// the listener does.
func (l *listener) resumed(up bool) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.count.GapTime += now.Sub(l.downSince)
	l.downSince = time.Time{}
	if up {
		close(l.up)
		l.answerAll()
	}
	return now
}

// awaitUp waits until the topic is subscribed to.
func (l *listener) awaitUp(ctx context.Context) error {
	for {
		l.mu.Lock()
		up, down := l.up, !l.downSince.IsZero()
		l.mu.Unlock()
		if !down {
			return nil
		}
		select {
		case <-up:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stats returns the counts of gaps at this moment.
func (l *listener) stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.count
	if !l.downSince.IsZero() {
		s.GapTime += time.Since(l.downSince)
		s.Down = 1
	}
	return s
}
