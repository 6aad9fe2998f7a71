package pubsub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/pause"
)

// listener keeps one topic subscribed to and puts what comes into the queues of all
// its subscriptions.
//
// It reads with Receive: the channel that go-redis offers drops messages when
// nobody takes them for a minute, and does not tell.
type listener struct {
	client redis.UniversalClient
	topic  string
	config *SubscriberConfig
	log    *slog.Logger
	// queues are those of the subscriptions; a new slice whenever there are others.
	queues atomic.Pointer[[]*queue]

	// kind is what Redis answers to the command that subscribes.
	kind string

	began time.Time
	// heard is when something came last, since began.
	heard atomic.Int64
	// reading tells that there is a connection to read from.
	reading atomic.Bool

	mu     sync.Mutex
	conn   *redis.PubSub
	broken error // why conn was closed by us
	over   bool
	// owner is the server of the channel's slot when conn was made, if that matters.
	owner string
	// asked are closed when Redis has answered with that name, or on a new connection.
	asked map[string]chan struct{}
	// up is closed while the topic is subscribed to.
	up        chan struct{}
	downSince time.Time // zero while it is
	count     Stats     // of gaps

	// Of the goroutine that reads:
	vitals vitals
	heldUp time.Time // when a full queue kept it from reading last
	warned time.Time
}

func newListener(client redis.UniversalClient, topic string, config *SubscriberConfig) *listener {
	kind := "subscribe"
	switch {
	case config.Patterns:
		kind = "psubscribe"
	case config.Sharded:
		kind = "ssubscribe"
	}
	l := &listener{
		client: client, topic: topic, config: config, log: config.Logger.With("topic", topic),
		kind: kind, began: time.Now(), up: make(chan struct{}), asked: map[string]chan struct{}{},
	}
	l.queues.Store(new([]*queue))
	return l
}

// open subscribes for the first time.
func (l *listener) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.config.SubscribeTimeout)
	defer cancel()
	pauses := l.pauses()
	var why error
	for {
		err := l.connect(ctx)
		if err == nil {
			err = l.mayPing(ctx)
		}
		if err == nil {
			l.vitals = l.askVitals(ctx)
			close(l.up)
			return nil
		}
		if why == nil || ctx.Err() == nil { // that time is over is no reason
			why = err
		}
		if isHopeless(err) || !pause.For(ctx, nil, pauses.NextBackOff()) {
			break
		}
	}
	l.close()
	switch {
	case ctx.Err() != nil && !errors.Is(why, context.Cause(ctx)):
		why = fmt.Errorf("%w: %w", context.Cause(ctx), why)
	case l.config.Sharded && isUnknownCommand(why):
		why = fmt.Errorf("%w: %w", errNotSharded, why)
	}
	return fmt.Errorf("pubsub: subscribe to %s: Redis did not confirm it: %w", l.topic, why)
}

// run reads until the listener is closed.
func (l *listener) run(ctx context.Context) {
	for {
		cause := l.read(ctx)
		if ctx.Err() != nil {
			return
		}
		l.reconnect(ctx, cause)
		if ctx.Err() != nil {
			return
		}
	}
}

// read puts what comes into the queue until the connection breaks.
func (l *listener) read(ctx context.Context) error {
	conn := l.current()
	l.reading.Store(true)
	defer l.reading.Store(false)
	for {
		reply, err := conn.Receive(ctx)
		if err != nil {
			return l.whyBroken(err)
		}
		l.heard.Store(int64(time.Since(l.began)))
		switch reply := reply.(type) {
		case *redis.Message:
			l.take(reply)
		case *redis.Pong:
			l.answered(reply.Payload)
		case *redis.Subscription:
			switch {
			case reply.Kind == "sunsubscribe" && reply.Channel == l.topic:
				return ErrMoved
			case reply.Kind == l.kind: // the answer that connect waited for was read there
				return errReconnected
			}
		}
	}
}

func (l *listener) take(m *redis.Message) {
	for _, q := range *l.queues.Load() {
		dropped, waited := q.push(m)
		if dropped > 0 {
			l.sayDropped(q)
		}
		if waited {
			l.heldUp = time.Now()
		}
	}
}

// sayDropped logs what was dropped so far, once a minute.
func (l *listener) sayDropped(q *queue) {
	if !l.warned.IsZero() && time.Since(l.warned) < time.Minute {
		return
	}
	l.warned = time.Now()
	l.log.Warn("the buffer is full and messages are dropped: the handler is too slow for what comes",
		"overflow", l.config.Overflow.String(), "dropped", q.stats().Lost.Overflow)
}

// lately is how long a connection may go on after a full queue has kept it from being
// read: what waited for that is read quickly.
const lately = time.Second

// reconnect subscribes again, until it is confirmed or ctx ends, and reports the gap.
func (l *listener) reconnect(ctx context.Context, cause error) {
	heldUp := !l.heldUp.IsZero() && time.Since(l.heldUp) < lately
	gap := Gap{Topic: l.topic, From: l.began.Add(time.Duration(l.heard.Load())), Cause: cause}
	l.down(gap.From)
	l.log.Warn("the subscription is interrupted: what is published now is lost", "error", cause)
	pauses := l.pauses()
	attempts, said := 1, ""
	for ; ; attempts++ {
		err := l.connect(ctx)
		if err == nil {
			break
		}
		// Each reason once: a permission that was taken away stays away.
		level := slog.LevelDebug
		if text := err.Error(); text != said && ctx.Err() == nil {
			level, said = slog.LevelWarn, text
		}
		l.log.Log(ctx, level, "the subscription cannot be resumed yet", "attempt", attempts, "error", err)
		if !pause.For(ctx, nil, pauses.NextBackOff()) {
			break
		}
	}
	gap.To = l.resumed(ctx.Err() == nil)
	if ctx.Err() == nil {
		after := l.askVitals(ctx)
		gap.Cause = explain(cause, l.vitals, after, heldUp)
		l.vitals = after
		l.log.Warn("the subscription is resumed", "gap", gap.Duration(), "attempts", attempts, "error", gap.Cause)
	}
	if l.config.OnGap != nil {
		l.config.OnGap(gap)
	}
}

// connect makes a new connection, subscribes and waits until Redis confirms it.
func (l *listener) connect(ctx context.Context) error {
	owner := l.slotOwner(ctx)
	conn := l.client.Subscribe(ctx) // to nothing yet
	if !l.use(conn, owner) {
		return errors.Join(ErrClosed, conn.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, l.config.SubscribeTimeout)
	defer cancel()
	err := l.subscribe(ctx, conn)
	if err != nil {
		// In a cluster another server may have the channel now.
		if cluster, ok := l.client.(*redis.ClusterClient); ok {
			cluster.ReloadState(ctx)
		}
		return l.whyBroken(err)
	}
	l.heard.Store(int64(time.Since(l.began)))
	return nil
}

func (l *listener) subscribe(ctx context.Context, conn *redis.PubSub) error {
	var err error
	switch {
	case l.config.Patterns:
		err = conn.PSubscribe(ctx, l.topic)
	case l.config.Sharded:
		err = conn.SSubscribe(ctx, l.topic)
	default:
		err = conn.Subscribe(ctx, l.topic)
	}
	if err != nil {
		return err
	}
	for {
		reply, err := conn.Receive(ctx)
		if err != nil {
			return err
		}
		if s, ok := reply.(*redis.Subscription); ok && s.Kind == l.kind && s.Channel == l.topic {
			return nil
		}
	}
}

// use makes conn the connection, in place of the one there was; false if there is
// to be none any more.
func (l *listener) use(conn *redis.PubSub, owner string) bool {
	l.mu.Lock()
	before, over := l.conn, l.over
	if !over {
		l.conn, l.broken, l.owner = conn, nil, owner
	}
	l.mu.Unlock()
	if before != nil && !over {
		_ = before.Close() // it is broken, or was closed
	}
	return !over
}

func (l *listener) current() *redis.PubSub {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn
}

// whyBroken returns why a connection broke that err was seen on.
func (l *listener) whyBroken(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	return err
}

// close ends what the listener waits for, for good.
func (l *listener) close() {
	l.mu.Lock()
	l.over = true
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // may wait for go-redis, and who asks for Stats need not
	}
}

// pauses returns how long to wait between attempts.
func (l *listener) pauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = min(10*time.Millisecond, l.config.MaxReconnectDelay)
	b.MaxInterval = l.config.MaxReconnectDelay
	b.Multiplier = 2
	return b
}
