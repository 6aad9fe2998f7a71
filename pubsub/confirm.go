package pubsub

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// errUnread: an answer of Redis would come behind all that is not read yet.
var errUnread = errors.New("the topic's connection is not read, since the buffer of another subscription of this subscriber is full and its Overflow is Block")

// confirm returns when Redis has answered on the listener's connection, or on a new
// one: that there is a connection says nothing, as long as nobody has noticed that it
// is dead.
func (l *listener) confirm(ctx context.Context, asking *sync.WaitGroup) error {
	name, answer := uuid.NewString(), make(chan struct{})
	l.mu.Lock()
	l.asked[name] = answer
	conn := l.conn
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.asked, name)
	}()
	// go-redis may hold it up for as long as it dials. Its error is the reader's.
	asking.Go(func() { _ = conn.Ping(ctx, name) })
	select {
	case <-answer:
		return nil
	case <-ctx.Done():
	}
	why := context.Cause(ctx)
	if l.isBlocked() {
		why = fmt.Errorf("%w: %w", errUnread, why)
	}
	return fmt.Errorf("pubsub: subscribe to %s: Redis did not confirm that it is subscribed to: %w", l.topic, why)
}

// answered tells who asked with that name.
func (l *listener) answered(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answer, ok := l.asked[name]; ok {
		close(answer)
		delete(l.asked, name)
	}
}

// answerAll tells all who asked: the topic was subscribed to anew. The lock is held.
func (l *listener) answerAll() {
	for name, answer := range l.asked {
		close(answer)
		delete(l.asked, name)
	}
}

// mayPing finds out whether the user may do what a quiet connection needs. On the
// connection itself the refusal would look like its end, at every heartbeat.
func (l *listener) mayPing(ctx context.Context) error {
	if err := l.client.Ping(ctx).Err(); redis.IsPermissionError(err) {
		return fmt.Errorf("a connection is asked for signs of life, which needs the permission +ping: %w", err)
	}
	return nil
}
