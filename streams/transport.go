package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// Config sets up a [Transport]. The zero value works.
type Config struct {
	// Marshaller makes and reads the fields of entries. Default: watermill-redisstream's.
	Marshaller Marshaller
	// Start is where a group that does not exist yet begins. Default: [FromStart].
	Start string
	// IdleTime is how long a process may be silent before others take over its
	// messages. Default: 30 seconds.
	IdleTime time.Duration
	// NackDelay and MaxNackDelay are how long a rejected message is put aside, at
	// first and at most. Defaults: 100 milliseconds and 1 minute.
	NackDelay, MaxNackDelay time.Duration
	// MaxUnfinished is how often a message may be delivered without ever being
	// finished, because the process died or froze every time, until it goes to the
	// poison topic without being handled again. The least is 2; negative switches it
	// off. Default: 10.
	MaxUnfinished int
	// ForgetAfter is how long a consumer of a stage may be silent that holds nothing
	// until it is removed. Default: 1 hour.
	ForgetAfter time.Duration
	// Trim says what of the topics' past is deleted. Default: all that every stage
	// that reads a topic is done with. Nothing is while the transport has not been
	// told of all stages, as a pipeline's Run does: see [Transport.Prepare].
	Trim *Trim
	// KeepHistory keeps everything: nothing is trimmed. It counts for MaxLen.
	KeepHistory bool
	// MaxLen, if set, bounds how many entries a topic holds, and ReportOnly makes
	// it a bound that is only reported: see [PublisherConfig]. Poison topics have no
	// bound, for nothing takes from them. What is kept counts: it is refused together
	// with KeepHistory and if it is not 1000 more than Trim.KeepEntries, and must
	// be well above what comes within Trim.KeepFor. Default: none.
	MaxLen     int64
	ReportOnly bool
	// Logger gets what an operator should know. Default: slog.Default().
	Logger *slog.Logger
	// TracerProvider makes the spans of messages that are given up to the poison
	// topic here, without a handler; those of handlers are the pipeline's. Default: the
	// global one.
	TracerProvider trace.TracerProvider
	// MeterProvider makes the instruments of this transport's metrics, which
	// docs/metrics.md lists. Default: the global one of OpenTelemetry, which does nothing
	// unless an SDK is set up.
	MeterProvider metric.MeterProvider
}

// Transport carries a pipeline on Redis Streams: give it to the pipeline's Run.
// Its methods may be called concurrently. Make one with [NewTransport]: the zero value
// returns errors.
type Transport struct {
	client redis.UniversalClient
	config Config
	ledger *ledger
	roster *roster
	// poison has the poison topics that the transport was told of.
	poison sync.Map
}

// NewTransport returns a transport on client, which stays the caller's to close,
// after the pipelines that use it have ended. Each input of a stage keeps one of
// the client's connections in a blocking read, so its PoolSize should be at least
// twice the number of stages that a process runs.
func NewTransport(client redis.UniversalClient, config Config) (*Transport, error) {
	if _, err := newDomain(client); err != nil {
		return nil, err
	}
	t := &Transport{client: client, config: config, ledger: newLedger(config.MeterProvider), roster: newRoster()}
	if config.KeepHistory && config.Trim != nil {
		return nil, errors.New("streams: transport: with KeepHistory there is nothing to Trim: set one of them")
	}
	if err := config.checkBound(); err != nil {
		return nil, fmt.Errorf("streams: transport: %w", err)
	}
	check := t.subscriberConfig(handoff.Subscription{})
	if err := check.setDefaults(); err != nil {
		return nil, fmt.Errorf("streams: transport: %w", err)
	}
	if _, err := NewPublisher(client, t.publisherConfig()); err != nil {
		return nil, fmt.Errorf("streams: transport: %w", err)
	}
	return t, nil
}

// errUnmade is what a transport returns that NewTransport did not make.
var errUnmade = errors.New("streams: the transport is nil or empty: make one with NewTransport")

func (t *Transport) isMade() bool { return t != nil && t.client != nil }

// keptBeside is how many entries trimming may leave beyond Trim.KeepEntries, as only
// whole nodes are deleted, with some to spare for those that are worked on.
const keptBeside = 1000

// checkBound refuses a bound that history alone fills, so that everything would
// stand still in the end.
func (c *Config) checkBound() error {
	switch {
	case c.MaxLen <= 0 || c.ReportOnly:
		return nil
	case c.KeepHistory:
		return fmt.Errorf("with KeepHistory every topic is full after %d entries, as MaxLen is, and stays so: "+
			"set one of them, or ReportOnly", c.MaxLen)
	case c.Trim != nil && c.Trim.KeepEntries > 0 && c.MaxLen-keptBeside < c.Trim.KeepEntries:
		return fmt.Errorf("a MaxLen of %d is too little for the %d entries of Trim.KeepEntries, which it includes: "+
			"it must be %d more at least, as whole nodes of entries are kept, or set ReportOnly", c.MaxLen, c.Trim.KeepEntries, keptBeside)
	}
	return nil
}

// Prepare makes the groups of all subscriptions, so that nothing is trimmed that
// one of them is still to read, and from then on nothing is while one of the
// groups does not exist. A pipeline calls it with all its stages.
//
// No group is made unless the client may do all that every subscription does; the
// error names what lacks, as that of [Subscriber.Subscribe].
func (t *Transport) Prepare(ctx context.Context, subscriptions []handoff.Subscription) error {
	if !t.isMade() {
		return errUnmade
	}
	config := t.subscriberConfig(handoff.Subscription{})
	if err := config.setDefaults(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	t.roster.add(subscriptions)
	for _, s := range subscriptions {
		t.poison.Store(s.Poison, true)
		subscriber, err := NewSubscriber(t.client, s.Group, t.subscriberConfig(s))
		if err != nil {
			return err
		}
		if err := subscriber.checkAccess(ctx, s.Topic); err != nil {
			return err
		}
	}
	for _, s := range subscriptions {
		if _, err := ensureGroup(ctx, domain{t.client}, s.Topic, s.Group, config.Start); err != nil {
			return err
		}
	}
	return nil
}

// Publisher returns a publisher.
func (t *Transport) Publisher() (message.Publisher, error) {
	if !t.isMade() {
		return nil, errUnmade
	}
	return NewPublisher(t.client, t.publisherConfig())
}

// Subscriber returns a subscriber for a stage.
func (t *Transport) Subscriber(s handoff.Subscription) (message.Subscriber, error) {
	if !t.isMade() {
		return nil, errUnmade
	}
	t.poison.Store(s.Poison, true)
	return NewSubscriber(t.client, s.Group, t.subscriberConfig(s))
}

func (t *Transport) publisherConfig() PublisherConfig {
	return PublisherConfig{
		Marshaller: t.config.Marshaller,
		MaxLen:     t.config.MaxLen, ReportOnly: t.config.ReportOnly, Logger: t.config.Logger,
		unbounded: t.isPoison,
	}
}

// isPoison reports whether a topic is one that poisoned messages go to. No group
// works it off, so a bound would never let go of those who wait for it.
func (t *Transport) isPoison(topic string) bool {
	_, ok := t.poison.Load(topic)
	return ok
}

func (t *Transport) subscriberConfig(s handoff.Subscription) SubscriberConfig {
	trim := t.config.Trim
	if trim == nil && !t.config.KeepHistory {
		trim = &Trim{}
	}
	return SubscriberConfig{
		MaxUnfinished: t.config.MaxUnfinished,
		ForgetAfter:   t.config.ForgetAfter,
		Trim:          trim,
		ledger:        t.ledger,
		roster:        t.roster,

		Start: t.config.Start,
		carry: s.Carry,

		Concurrency:  s.Concurrency,
		Ordered:      s.Ordered,
		Marshaller:   t.config.Marshaller,
		PoisonTopic:  s.Poison,
		Pipeline:     s.Pipeline,
		IdleTime:     t.config.IdleTime,
		DrainTimeout: s.DrainTimeout,
		NackDelay:    t.config.NackDelay,
		MaxNackDelay: t.config.MaxNackDelay,
		Logger:       t.config.Logger,

		TracerProvider: t.config.TracerProvider,
		MeterProvider:  t.config.MeterProvider,
	}
}

// Idle reports whether none of the subscriptions has an undelivered, pending or
// parked message, in any process, at one moment.
func (t *Transport) Idle(ctx context.Context, subscriptions []handoff.Subscription) (bool, error) {
	if !t.isMade() {
		return false, errUnmade
	}
	readings := make([]commit.Reading, len(subscriptions))
	for i, s := range subscriptions {
		readings[i] = commit.Reading{Stream: s.Topic, Group: s.Group}
	}
	idle, err := commit.Idle(ctx, t.client, readings)
	if err != nil {
		lookAround(ctx, t.client, err)
	}
	return idle, err
}
