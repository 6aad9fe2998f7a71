package pubsub

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// Defaults of a [SubscriberConfig].
const (
	DefaultBuffer            = 1024
	DefaultBufferBytes       = 16 << 20
	DefaultMaxRedeliveries   = 3
	DefaultNackDelay         = 50 * time.Millisecond
	DefaultMaxNackDelay      = time.Second
	DefaultSubscribeTimeout  = 5 * time.Second
	DefaultHeartbeat         = 3 * time.Second
	DefaultMaxReconnectDelay = time.Second
	DefaultDrainTimeout      = 10 * time.Second
)

// SubscriberConfig sets up a [Subscriber]. The zero value works.
type SubscriberConfig struct {
	// Patterns takes topics for patterns, as PSUBSCRIBE does: "tasks.*" gets what is
	// published to every channel whose name begins with "tasks.". Default: a topic is
	// the name of a channel.
	Patterns bool
	// Sharded subscribes with SSUBSCRIBE, to what is published with SPUBLISH: in a
	// cluster such a message stays with the servers of its channel's slot, where an
	// ordinary one goes to all servers. It knows no patterns, and needs Redis 7.0 or
	// later.
	Sharded bool
	// Raw hands envelopes over as they are, as payloads. Default: an envelope is
	// opened, and anything else is a payload as it is.
	Raw bool

	// Concurrency is how many messages of one subscription may be un-acknowledged at
	// once. Default: 1, which keeps order.
	Concurrency int
	// Buffer and BufferBytes are how many messages and how many bytes of them may
	// wait in a subscription for a handler. A message larger than BufferBytes waits
	// alone. Defaults: 1024 messages, 16 MiB.
	Buffer, BufferBytes int
	// Overflow says what becomes of messages when that is full: [DropOldest], the
	// default, [DropNewest] or [Block].
	Overflow Overflow

	// MaxRedeliveries is how often a message is delivered again after a Nack. With 1
	// as Concurrency those behind it wait; with more they pass. Negative: never.
	// Default: 3.
	MaxRedeliveries int
	// NackDelay is how long it takes until then at first; it doubles each time up to
	// MaxNackDelay, which is not below it. Defaults: 50 milliseconds and 1 second, or
	// NackDelay if that is more.
	NackDelay, MaxNackDelay time.Duration
	// Poison, if set, gets the messages that were rejected as often as they may be or
	// that cannot be read; the subscriber does not close it. Default: they are lost.
	Poison message.Publisher
	// PoisonTopic is the topic for them. Default: the topic with ":poison" behind it.
	PoisonTopic string
	// Pipeline and Handler, if set, are named in poisoned messages.
	Pipeline, Handler string

	// SubscribeTimeout is how long Subscribe tries; a server that is frozen may hold it
	// up for the client's own timeouts, unless its ContextTimeoutEnabled is set.
	// Default: 5 seconds.
	SubscribeTimeout time.Duration
	// Heartbeat is how long a connection may be silent until it is asked for a sign
	// of life; after as long again, at most twice, without one it is taken for
	// broken. So is one on which a single message takes that long to come. In a cluster
	// this is also how often it is looked where the channel's slot is. Default: 3
	// seconds.
	Heartbeat time.Duration
	// MaxReconnectDelay is the longest pause between two attempts to connect again.
	// The first is made at once, and pauses grow from 10 milliseconds, varied by half.
	// Default: 1 second.
	MaxReconnectDelay time.Duration
	// DrainTimeout is how long Close waits for messages that are with a handler or on
	// their way to Poison.
	// Default: 10 seconds.
	DrainTimeout time.Duration
	// OnGap, if set, is called at the end of each time in which a subscription was not
	// connected, before any message that came after it. The subscription waits for it
	// to return, so it must not close the subscriber; other topics may call it at the
	// same time.
	OnGap func(Gap)
	// Logger gets what an operator should know. Default: slog.Default().
	Logger *slog.Logger
	// TracerProvider makes the spans of messages that are given up to the poison
	// topic here, after handlers rejected them, or unread; those of handlers are the
	// router's. Default: the global one.
	TracerProvider trace.TracerProvider
	// MeterProvider makes the instruments of metrics, which docs/metrics.md lists.
	// Default: the global one of OpenTelemetry, which does nothing unless an SDK is set up.
	MeterProvider metric.MeterProvider

	// ledger counts; a transport's subscribers share one.
	ledger *ledger
	// renewal is what all topics of a subscriber share.
	renewal *renewal
	// telemetry records what is given up here.
	telemetry *telemetry.Telemetry
}

func (c *SubscriberConfig) setDefaults() error {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.ledger == nil {
		c.ledger = newLedger(c)
	}
	switch {
	case c.MaxRedeliveries == 0:
		c.MaxRedeliveries = DefaultMaxRedeliveries
	case c.MaxRedeliveries < 0:
		c.MaxRedeliveries = 0
	}
	var err error
	c.renewal = &renewal{}
	c.telemetry, err = telemetry.New(telemetry.Config{TracerProvider: c.TracerProvider})
	return errors.Join(slices.Concat([]error{err}, c.setNumbers(), c.checkKinds())...)
}

// checkKinds finds settings that do not go together.
func (c *SubscriberConfig) checkKinds() (faults []error) {
	if c.Patterns && c.Sharded {
		faults = append(faults, errors.New("there are no patterns for sharded channels: set one of Patterns and Sharded"))
	}
	if c.Overflow < DropOldest || c.Overflow > Block {
		faults = append(faults, fmt.Errorf("an Overflow of %d is unknown: use DropOldest, DropNewest or Block", int(c.Overflow)))
	}
	if c.PoisonTopic != "" && c.Poison == nil {
		faults = append(faults, errors.New("a PoisonTopic needs a publisher: set Poison, too"))
	}
	if c.MaxNackDelay != 0 && c.MaxNackDelay < c.NackDelay {
		faults = append(faults, fmt.Errorf("a MaxNackDelay of %v is below the NackDelay of %v, with which delays begin", c.MaxNackDelay, c.NackDelay))
	}
	return faults
}

// setNumbers sets what is zero and refuses what is not possible.
func (c *SubscriberConfig) setNumbers() (faults []error) {
	for _, n := range []struct {
		name  string
		value *int
		std   int
	}{
		{"Concurrency", &c.Concurrency, 1},
		{"Buffer", &c.Buffer, DefaultBuffer},
		{"BufferBytes", &c.BufferBytes, DefaultBufferBytes},
	} {
		switch {
		case *n.value == 0:
			*n.value = n.std
		case *n.value < 0:
			faults = append(faults, fmt.Errorf("a value of %d for %s is not possible, 1 is the least", *n.value, n.name))
		}
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		std   time.Duration
	}{
		{"NackDelay", &c.NackDelay, DefaultNackDelay},
		{"MaxNackDelay", &c.MaxNackDelay, max(DefaultMaxNackDelay, c.NackDelay)},
		{"SubscribeTimeout", &c.SubscribeTimeout, DefaultSubscribeTimeout},
		{"Heartbeat", &c.Heartbeat, DefaultHeartbeat},
		{"MaxReconnectDelay", &c.MaxReconnectDelay, DefaultMaxReconnectDelay},
		{"DrainTimeout", &c.DrainTimeout, DefaultDrainTimeout},
	} {
		switch {
		case *d.value == 0:
			*d.value = d.std
		case *d.value < time.Millisecond:
			faults = append(faults, fmt.Errorf("a value of %v for %s is not possible, a millisecond is the least", *d.value, d.name))
		}
	}
	return faults
}
