package pubsub

import (
	"context"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Metadata keys that a [Subscriber] with Patterns sets on each message. Without, the
// channel is the topic, and nothing is set.
const (
	// KeyChannel is the channel that the message was published to.
	KeyChannel = handoff.KeyChannel
	// KeyPattern is the pattern that it was received by.
	KeyPattern = handoff.KeyPattern
)

// ChannelFrom returns the channel that the message with this context was published
// to; empty if it is not one of a [Subscriber].
func ChannelFrom(ctx context.Context) string {
	if m := deliveryFrom(ctx); m != nil {
		return m.of.Channel
	}
	return ""
}

// PatternFrom returns the pattern that the message with this context was received
// by; empty if there was none.
func PatternFrom(ctx context.Context) string {
	if m := deliveryFrom(ctx); m != nil {
		return m.of.Pattern
	}
	return ""
}

// letter is a message that was read: what each delivery of it is made of.
type letter struct {
	*redis.Message
	uuid     string
	metadata message.Metadata
	body     string
}

// open reads a message. Payloads are as they are, and envelopes if they may be.
func open(r *redis.Message, raw bool, ids *names) (letter, error) {
	l := letter{Message: r, body: r.Payload}
	if !raw && strings.HasPrefix(r.Payload, envelopeMagic) {
		id, metadata, body, ok, err := unseal([]byte(r.Payload))
		if err != nil {
			return l, err
		}
		if ok {
			l.uuid, l.metadata, l.body = id, metadata, bytesAsString(body)
			return l, nil
		}
	}
	l.uuid = ids.next()
	return l, nil
}

// message returns the message for one delivery. A handler may change its metadata,
// which the next one does not see; the payload is the same for all.
func (l *letter) message(ctx *delivery) *message.Message {
	msg := message.NewMessage(l.uuid, stringAsBytes(l.body))
	maps.Copy(msg.Metadata, l.metadata)
	// Not what an envelope says of that: anyone may publish.
	delete(msg.Metadata, KeyChannel)
	delete(msg.Metadata, KeyPattern)
	if l.Pattern != "" {
		msg.Metadata[KeyChannel], msg.Metadata[KeyPattern] = l.Channel, l.Pattern
	}
	msg.SetContext(ctx)
	return msg
}

// stringAsBytes returns the bytes of a string without a copy, which would cost a
// tenth of all there is to do. go-redis made the string for us alone, and nobody
// else keeps it.
func stringAsBytes(s string) []byte {
	if s == "" {
		return []byte{}
	}
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// bytesAsString returns bytes that nobody changes as a string.
func bytesAsString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// names makes UUIDs, for one goroutine: random ones (version 4) whose last part
// counts. They are names and no secrets, so they need not cost what a secret does.
type names struct {
	text [36]byte
	n    uint64
	// room is what many names share one allocation of.
	room strings.Builder
}

// counted is how many digits at the end of a UUID count.
const counted = 12

func newNames() *names {
	n := &names{n: rand.Uint64N(1 << (4 * counted))}
	copy(n.text[:], uuid.NewString())
	return n
}

func (n *names) next() string {
	const digits, many = "0123456789abcdef", 32
	n.n++
	for i, v := len(n.text)-1, n.n; i >= len(n.text)-counted; i, v = i-1, v>>4 {
		n.text[i] = digits[v&0xf]
	}
	if n.room.Len()+len(n.text) > n.room.Cap() {
		n.room = strings.Builder{}
		n.room.Grow(many * len(n.text))
	}
	n.room.Write(n.text[:])
	return n.room.String()[n.room.Len()-len(n.text):]
}

type deliveryKey struct{}

// delivery is the context of one delivery. It ends when the message is settled, or
// the subscription gives it up. What that takes is made when somebody asks for it:
// most handlers do not, and it costs as much as all the rest.
type delivery struct {
	context.Context // the subscription's
	of              *redis.Message

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
	m.inner.Store(e)
	if m.ended.Load() { // or end finds what was stored
		cancel()
	}
	return e
}

// end ends the context.
func (m *delivery) end() {
	m.ended.Store(true)
	if e := m.inner.Load(); e != nil {
		e.cancel()
	}
}
