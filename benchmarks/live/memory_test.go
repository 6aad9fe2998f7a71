package live_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

const (
	backlog = 100_000
	// orders is short, as the names of channels are: each message has it, too.
	orders = "orders"
	// The limits for pubsub clients that Redis begins with.
	softLimit = 8 << 20
)

// BenchmarkMemory is what Redis needs for 100,000 messages that nobody has handled, and
// what of that is left (left-kB) when they have been:
//
//   - unheard: Pub/Sub, nobody listens;
//   - blocked: Pub/Sub, and the handler of a listener with Block stands still. B/msg is
//     what a further message takes when the buffers on the way are full, MB what Redis
//     keeps of the 100,000. Past softLimit-msgs it is above the 8 MB that it keeps for
//     a minute; after cut-msgs it disconnects the listener, and cut-lost are lost;
//   - streams: a group that has read nothing.
func BenchmarkMemory(b *testing.B) {
	c := redistest.Start(b).Client(b)
	rounds(b, func() figures {
		m := memory{B: b, client: c, figures: figures{}}
		m.unheard()
		m.blocked()
		m.cut()
		m.streams()
		return m.figures
	})
}

// memory is a round.
type memory struct {
	*testing.B
	client  *redis.Client
	figures figures
}

func (m *memory) used() float64 { return ask(m.B, m.client, "Memory", "used_memory") }

func (m *memory) unheard() {
	p, err := pubsub.NewPublisher(m.client, pubsub.PublisherConfig{})
	require.NoError(m, err)
	before := m.used()
	publish(m.B, p, orders, backlog, 100)
	m.figures["unheard-B/msg"] = max(0, m.used()-before) / backlog
}

func (m *memory) blocked() {
	p, err := pubsub.NewPublisher(m.client, pubsub.PublisherConfig{})
	require.NoError(m, err)
	before := m.used()
	l := m.stand(pubsub.SubscriberConfig{})
	publish(m.B, p, orders, backlog/2, 100)
	half := m.used()
	publish(m.B, p, orders, backlog/2, 100)
	m.figures["blocked-B/msg"] = (m.used() - half) / (backlog / 2)
	m.figures["blocked-MB"] = (m.used() - before) / (1 << 20)
	l.goOn()
	eventually(m.B, "all messages", func() bool { return l.handled.Load() == backlog })
	l.stop()
	m.figures["blocked-left-kB"] = max(0, m.used()-before) / (1 << 10)
}

// cut publishes until Redis disconnects a listener that stands still.
func (m *memory) cut() {
	var heard int64 // messages that Redis had a receiver for
	deaf := false
	p, err := pubsub.NewPublisher(m.client, pubsub.PublisherConfig{
		OnPublished: func(_ string, _ *message.Message, receivers int64) {
			heard += receivers
			deaf = deaf || receivers == 0
		},
	})
	require.NoError(m, err)
	gap := make(chan pubsub.Gap, 1)
	l := m.stand(pubsub.SubscriberConfig{OnGap: func(g pubsub.Gap) { gap <- g }})
	before := m.used()
	for !deaf {
		if m.figures["blocked-softLimit-msgs"] == 0 && m.used()-before > softLimit {
			m.figures["blocked-softLimit-msgs"] = float64(heard)
		}
		require.Less(m, heard, int64(10*backlog), "Redis has no limit for the output buffers of pubsub clients")
		publish(m.B, p, orders, 1000, 100)
	}
	l.goOn()
	<-gap
	l.stop()
	m.figures["blocked-cut-msgs"] = float64(heard)
	m.figures["blocked-cut-lost"] = float64(heard - l.handled.Load())
}

// listener is one whose handler stands still until goOn is called.
type listener struct {
	goOn, stop func()
	handled    atomic.Int64
}

func (m *memory) stand(config pubsub.SubscriberConfig) *listener {
	config.Overflow, config.Logger = pubsub.Block, quiet
	s, err := pubsub.NewSubscriber(m.client, config)
	require.NoError(m, err)
	going := make(chan struct{})
	l := &listener{goOn: sync.OnceFunc(func() { close(going) })}
	l.stop = attend(m.B, s, orders, func(*message.Message) {
		<-going
		l.handled.Add(1)
	})
	return l
}

func (m *memory) streams() {
	ctx := context.Background()
	require.NoError(m, m.client.FlushAll(ctx).Err())
	p, err := streams.NewPublisher(m.client, streams.PublisherConfig{})
	require.NoError(m, err)
	s, err := streams.NewSubscriber(m.client, "group", streams.SubscriberConfig{Trim: &streams.Trim{}, Logger: quiet})
	require.NoError(m, err)
	before := m.used()
	require.NoError(m, s.SubscribeInitialize(orders))
	publish(m.B, p, orders, backlog, 100)
	m.figures["streams-B/msg"] = (m.used() - before) / backlog
	stop := attend(m.B, s, orders, func(*message.Message) {})
	eventually(m.B, "an empty stream", func() bool { return m.client.XLen(ctx, orders).Val() == 0 })
	stop()
	m.figures["streams-left-kB"] = max(0, m.used()-before) / (1 << 10)
}
