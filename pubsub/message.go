package pubsub

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
)

// Metadata keys that a [Subscriber] sets on each message.
const (
	// KeyChannel is the channel that the message was published to.
	KeyChannel = "millstream_channel"
	// KeyPattern is the pattern that it was received by; not set without Patterns.
	KeyPattern = "millstream_pattern"
)

// ChannelFrom returns the channel that the message with this context was published
// to; empty if it is not one of a [Subscriber].
func ChannelFrom(ctx context.Context) string {
	if m := deliveryFrom(ctx); m != nil {
		return m.channel
	}
	return ""
}

// PatternFrom returns the pattern that the message with this context was received
// by; empty if there was none.
func PatternFrom(ctx context.Context) string {
	if m := deliveryFrom(ctx); m != nil {
		return m.pattern
	}
	return ""
}

// received is a message as it came.
type received struct{ channel, pattern, payload string }

// size is about how much memory it takes.
func (r *received) size() int { return len(r.channel) + len(r.payload) }

// letter is a message that was read: what each delivery of it is made of.
type letter struct {
	received
	uuid     string
	metadata message.Metadata
	body     string
}

// open reads a message. Payloads are as they are, and envelopes if they may be.
func open(r received, raw bool) (letter, error) {
	l := letter{received: r, body: r.payload}
	if !raw && len(r.payload) >= envelopeHeader && r.payload[:len(envelopeMagic)] == envelopeMagic {
		id, metadata, body, ok, err := unseal([]byte(r.payload))
		if err != nil {
			return l, err
		}
		if ok {
			l.uuid, l.metadata, l.body = id, metadata, string(body)
			return l, nil
		}
	}
	l.uuid = newUUID()
	return l, nil
}

// message returns the message for one delivery. A handler may change it, which the
// next one must not see.
func (l *letter) message(ctx *delivery) *message.Message {
	msg := message.NewMessage(l.uuid, message.Payload(l.body))
	for key, value := range l.metadata {
		msg.Metadata[key] = value
	}
	msg.Metadata[KeyChannel] = l.channel
	if l.pattern != "" {
		msg.Metadata[KeyPattern] = l.pattern
	} else {
		delete(msg.Metadata, KeyPattern) // of an earlier journey
	}
	msg.SetContext(ctx)
	return msg
}

// newUUID returns a random UUID. It is a name and no secret, so it need not cost
// what a secret does.
func newUUID() string {
	var id uuid.UUID
	a, b := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		id[i], id[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id.String()
}

type deliveryKey struct{}

// delivery is the context of one delivery. It ends when the message is settled, or
// the subscription gives it up. What that takes is made when somebody asks for it:
// most handlers do not, and it costs as much as all the rest.
type delivery struct {
	context.Context // the subscription's
	channel, pattern string

	mu    sync.Mutex
	inner atomic.Pointer[ending]
	ended atomic.Bool
}

// ending is the part of a delivery's context that can end.
type ending struct {
	context.Context
	cancel context.CancelFunc
}

func deliveryFrom(ctx context.Context) *delivery {
	m, _ := ctx.Value(deliveryKey{}).(*delivery)
	return m
}

func (m *delivery) Value(key any) any {
	if _, ok := key.(deliveryKey); ok {
		return m
	}
	// Package context looks here for what it needs to follow a parent without a
	// goroutine.
	if e := m.inner.Load(); e != nil {
		return e.Value(key)
	}
	return m.Context.Value(key)
}

func (m *delivery) Done() <-chan struct{} { return m.ending().Done() }

func (m *delivery) Err() error { return m.ending().Err() }

func (m *delivery) ending() *ending {
	if e := m.inner.Load(); e != nil {
		return e
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.inner.Load(); e != nil {
		return e
	}
	ctx, cancel := context.WithCancel(m.Context)
	e := &ending{Context: ctx, cancel: cancel}
	if m.ended.Load() {
		cancel()
	}
	m.inner.Store(e)
	return e
}

// end ends the context.
func (m *delivery) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended.Store(true)
	if e := m.inner.Load(); e != nil {
		e.cancel()
	}
}
