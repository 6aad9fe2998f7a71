package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/telemetry"
)

// Defaults of a [SubscriberConfig].
const (
	DefaultIdleTime     = 30 * time.Second
	DefaultDrainTimeout = 10 * time.Second
	DefaultNackDelay    = 100 * time.Millisecond
	DefaultMaxNackDelay = time.Minute

	DefaultMaxUnfinished = 10
	DefaultForgetAfter   = time.Hour
)

// SubscriberConfig sets up a [Subscriber]. The zero value works.
type SubscriberConfig struct {
	// Consumer is this subscriber's name in its group. It must be unique among
	// the running ones. Default: host name, process id and a random part.
	Consumer string
	// Start is where a group that does not exist yet begins: [FromStart], the
	// default, [FromNow] or an entry id.
	Start string
	// Concurrency is how many messages of one subscription may be
	// un-acknowledged at once. Default: 1, which delivers in order.
	Concurrency int
	// Ordered keeps the stream's order over all consumers of the group: while
	// one holds a message, the others read nothing, and what a dead one held
	// comes before anything new. A rejected message is delivered again before
	// the next. Concurrency must then be 1, and all consumers of the group
	// should be ordered. Only a message with a delay, and one whose output Redis
	// refuses, is put aside until its time and passed by those behind it. Any other
	// wait is over when its process ends: the next one begins at once. A Redis
	// that forgets commits it had acknowledged, at a failover or a restart, may put
	// messages out of order.
	Ordered bool
	// Marshaller reads the fields of an entry. Default: watermill-redisstream's.
	Marshaller Marshaller
	// PoisonTopic gets entries that cannot be decoded. Default: the topic with
	// ":poison" behind it, in the same cluster slot.
	PoisonTopic string
	// Pipeline, if set, is named in poisoned messages.
	Pipeline string
	// IdleTime is how long a consumer may be silent before others take over its
	// messages. A running one renews its hold three times as often, however long
	// its handlers take. Default: 30 seconds.
	IdleTime time.Duration
	// DrainTimeout is how long Close waits for messages that are with a handler.
	// What is unfinished then goes back to the group. Default: 10 seconds.
	DrainTimeout time.Duration
	// NackDelay is how long a rejected message is put aside, at first; the delay
	// doubles with each attempt up to MaxNackDelay and varies by up to a half.
	// Defaults: 100 milliseconds and 1 minute.
	NackDelay, MaxNackDelay time.Duration
	// MaxUnfinished is how often a message may be delivered without ever being
	// finished, because the process died or froze every time, until it goes to the
	// poison topic without being handled again: it may be what kills them. A run
	// that ends with an error is finished. A delivery to a process that died before
	// it came to the message does not count, unless it was the first. Half-way there a
	// message is run apart from others under the same suspicion, so that those that
	// were at work beside it are not given up with it. The least is 2; negative
	// switches it off. Default: 10.
	MaxUnfinished int
	// Trim, if set, deletes from each topic what every group is done with. A
	// subscriber knows of no groups but those that exist, so make them all before:
	// see SubscribeInitialize. Default: nothing is deleted.
	Trim *Trim
	// ForgetAfter is how long a consumer of the group may be silent that holds
	// nothing until it is removed. It should be the same for all consumers of a
	// group. Default: 1 hour.
	ForgetAfter time.Duration
	// Logger gets what an operator should know. Default: slog.Default().
	Logger *slog.Logger
	// TracerProvider makes the spans of messages that are given up to the poison
	// topic here, without a handler; those of handlers are the router's. Default: the
	// global one.
	TracerProvider trace.TracerProvider
	// MeterProvider makes the instruments of this subscriber's metrics, which
	// docs/metrics.md lists. Default: the global one of OpenTelemetry, which does nothing
	// unless an SDK is set up.
	MeterProvider metric.MeterProvider

	// ledger counts events; a transport's subscribers share one.
	ledger *ledger
	// roster is a transport's; nil without one.
	roster *roster
	// telemetry records what is given up here.
	telemetry *telemetry.Telemetry
	// carry keeps trace contexts out of metadata.
	carry bool
}

func (c *SubscriberConfig) setDefaults() error {
	if c.Consumer == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown-host"
		}
		c.Consumer = fmt.Sprintf("%s-%d-%s", host, os.Getpid(), watermill.NewShortUUID())
	}
	if c.Start == "" {
		c.Start = FromStart
	}
	if c.Concurrency == 0 {
		c.Concurrency = 1
	}
	if c.Marshaller == nil {
		c.Marshaller = redisstream.DefaultMarshallerUnmarshaller{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.MaxUnfinished == 0 {
		c.MaxUnfinished = DefaultMaxUnfinished
	}
	if c.ledger == nil {
		c.ledger = newLedger(c.MeterProvider)
	}
	var faults []error
	var err error
	c.telemetry, err = telemetry.New(telemetry.Config{TracerProvider: c.TracerProvider})
	faults = append(faults, err)
	if c.Trim != nil {
		trim := *c.Trim // it stays the caller's
		c.Trim = &trim
		faults = append(faults, trim.setDefaults())
	}
	if c.Concurrency < 1 {
		faults = append(faults, fmt.Errorf("a Concurrency of %d is not possible, 1 is the least", c.Concurrency))
	}
	if c.MaxUnfinished == 1 {
		faults = append(faults, errors.New("a MaxUnfinished of 1 is not possible, 2 is the least: a message that was only read ahead by a process that died would be taken for the one that killed it"))
	}
	if c.Ordered && c.Concurrency > 1 {
		faults = append(faults, fmt.Errorf("with Ordered, which delivers one message at a time, a Concurrency of %d is not possible", c.Concurrency))
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		std   time.Duration
	}{
		{"IdleTime", &c.IdleTime, DefaultIdleTime},
		{"DrainTimeout", &c.DrainTimeout, DefaultDrainTimeout},
		{"NackDelay", &c.NackDelay, DefaultNackDelay},
		{"MaxNackDelay", &c.MaxNackDelay, DefaultMaxNackDelay},
		{"ForgetAfter", &c.ForgetAfter, DefaultForgetAfter},
	} {
		switch {
		case *d.value == 0:
			*d.value = d.std
		case *d.value < time.Millisecond:
			faults = append(faults, fmt.Errorf("a value of %[2]v for %[1]s is not possible, a millisecond is the least", d.name, *d.value))
		}
	}
	return errors.Join(faults...)
}

// Subscriber subscribes to Redis streams as a consumer group.
//
// Each message carries a handoff in its context: what a [Publisher] on the same
// client publishes with that context is committed together with the message's
// acknowledgement. Ack does not wait for the commit; commits of many messages
// travel together.
//
// Its methods may be called concurrently.
type Subscriber struct {
	config SubscriberConfig
	group  string
	domain domain
	ledger *ledger

	mu            sync.Mutex
	closed        bool
	closing       chan struct{}
	subscribed    map[string]int // subscriptions made, by topic
	subscriptions sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a subscriber that reads as a consumer of group. The
// client stays the caller's to close, after the subscriber.
func NewSubscriber(client redis.UniversalClient, group string, config SubscriberConfig) (*Subscriber, error) {
	d, err := newDomain(client)
	if err != nil {
		return nil, err
	}
	if group == "" {
		return nil, errors.New("streams: the consumer group has no name: subscribers of one group share the messages, each group gets them all")
	}
	if err := config.setDefaults(); err != nil {
		return nil, fmt.Errorf("streams: subscriber of group %s: %w", group, err)
	}
	return &Subscriber{config: config, group: group, domain: d, ledger: config.ledger, closing: make(chan struct{}), subscribed: map[string]int{}}, nil
}

// Subscribe makes the stream and the group if need be and returns a channel of
// messages. Each must be acknowledged or rejected; a rejected one comes again
// after a delay. When ctx ends, or the subscriber is closed, nothing more is
// read, messages that are with a handler are waited for, and then the channel is
// closed. Messages' contexts derive from ctx and end when they are settled.
//
// It fails within seconds when Redis cannot be reached, when the client's user lacks
// a permission ([ErrPermission]), and when a key of another type is where the topic
// or a key beside it should be. Once it has begun, a subscription outlives
// all that, and goes on when it can.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if topic == "" {
		return nil, errors.New("streams: subscribe: the topic is empty")
	}
	select {
	case <-s.closing:
		return nil, fmt.Errorf("subscribe to %s: %w", topic, ErrClosed)
	default:
	}
	start, err := s.prepare(ctx, topic)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("subscribe to %s: %w", topic, ErrClosed)
	}
	sub := newSubscription(s, topic, s.consumer(topic))
	sub.config.Start = start
	sub.collector.begin(sub) // run ends it
	s.subscriptions.Go(func() { sub.run(ctx) })
	return sub.out, nil
}

// consumer returns the name for a new subscription: a second one on the same
// topic is another consumer, since each looks after what is held in its name.
func (s *Subscriber) consumer(topic string) string {
	s.subscribed[topic]++
	if n := s.subscribed[topic]; n > 1 {
		return fmt.Sprintf("%s-%d", s.config.Consumer, n)
	}
	return s.config.Consumer
}

// SubscribeInitialize makes the stream and the group, so that the group gets
// all that is published from now on.
func (s *Subscriber) SubscribeInitialize(topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	_, err := ensureGroup(ctx, s.domain, topic, s.group, s.config.Start)
	return err
}

// Close ends all subscriptions and returns when they have ended: messages that
// are with a handler are waited for up to DrainTimeout, finished work is
// committed, and the rest goes back to the group. The client stays open. Close
// may be called more than once.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.subscriptions.Wait()
	return nil
}

// poisonTopic returns the topic for entries of topic that cannot be decoded.
func (s *Subscriber) poisonTopic(topic string) string {
	if s.config.PoisonTopic != "" {
		return s.config.PoisonTopic
	}
	return commit.Beside(topic) + ":poison"
}
