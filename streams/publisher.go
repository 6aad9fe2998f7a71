package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// ErrClosed is returned by publishers and subscribers that were closed.
var ErrClosed = errors.New("streams: closed")

// DefaultIdempotencyTTL is how long a published key is remembered by default.
const DefaultIdempotencyTTL = 24 * time.Hour

// Forever as a time to live keeps a key until it is deleted.
const Forever time.Duration = -1

// PublisherConfig sets up a [Publisher]. The zero value works.
type PublisherConfig struct {
	// Marshaller makes the fields of an entry. Default: watermill-redisstream's.
	Marshaller Marshaller
	// IdempotencyKey, if set, names what a message is. A message whose key was
	// published to the topic within IdempotencyTTL is passed over in the same
	// atomic step that would have added it, and Publish succeeds; for a message that
	// is staged with a delivery that step is the commit. Messages with an empty key
	// are always added.
	IdempotencyKey func(topic string, msg *message.Message) string
	// IdempotencyTTL is how long keys are remembered. Default: 24 hours.
	// Forever keeps them.
	IdempotencyTTL time.Duration
	// MaxLen, if set, bounds how many entries a topic holds. History that is kept
	// counts, by Trim's KeepEntries and KeepFor or because nobody trims, so it must be
	// well above that, KeepEntries by 1000, or the topic is full for good. A stage that is slow or has stopped then fills its topic and no
	// more. To a full topic Publish fails with [ErrTopicFull] and adds nothing; a
	// message that is staged with a delivery waits after its handler, which slows
	// down the stage, for up to a minute. The bound is kept roughly: a batch and what
	// others add within a tenth of a second may go beyond it. Default: none.
	MaxLen int64
	// ReportOnly makes MaxLen a bound that is only reported: once a minute to Logger.
	ReportOnly bool
	// Logger gets what an operator should know. Default: slog.Default().
	Logger *slog.Logger

	// unbounded, if set, names topics that MaxLen is not for.
	unbounded func(topic string) bool
}

// Publisher publishes to Redis streams. A topic is the key of a stream.
//
// A message with the context of a message that a [Subscriber] on the same client
// delivered is staged: it appears when that delivery is acknowledged, in the same
// atomic step, and never if it is not. Any other message is added at once; Publish
// returns when Redis has it.
//
// Its methods may be called concurrently. Messages of concurrent calls travel
// together.
type Publisher struct {
	carrying

	config  PublisherConfig
	domain  domain
	batcher *batcher
	lengths *lengths
	full    seldom

	mu     sync.RWMutex
	closed bool
}

var _ message.Publisher = (*Publisher)(nil)

// carrying makes the publisher one that publishes what contexts carry.
type carrying = handoff.Carrying

// NewPublisher returns a publisher on client, which stays the caller's to close.
func NewPublisher(client redis.UniversalClient, config PublisherConfig) (*Publisher, error) {
	d, err := newDomain(client)
	if err != nil {
		return nil, err
	}
	if config.Marshaller == nil {
		config.Marshaller = redisstream.DefaultMarshallerUnmarshaller{}
	}
	if config.MaxLen < 0 {
		return nil, fmt.Errorf("streams: publisher: a MaxLen of %d is not possible", config.MaxLen)
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	switch {
	case config.IdempotencyTTL == 0:
		config.IdempotencyTTL = DefaultIdempotencyTTL
	case config.IdempotencyTTL < 0:
		config.IdempotencyTTL = 0
	case config.IdempotencyTTL < time.Millisecond:
		return nil, fmt.Errorf("streams: an IdempotencyTTL of %v is shorter than Redis's millisecond", config.IdempotencyTTL)
	}
	p := &Publisher{config: config, domain: d, batcher: newBatcher(client), lengths: newLengths(client)}
	p.carrying = handoff.CarryingBy(p)
	return p, nil
}

// Publish adds messages to the stream named topic, in order. When it fails, the
// error tells how many of the first ones were added for certain; later ones, and
// one whose reply was lost, may have been added too, and go-redis's own retries may
// add such a one twice. Set an IdempotencyKey where that matters.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	// Close waits for calls under way.
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return fmt.Errorf("publish to %s: %w", topic, ErrClosed)
	}
	if topic == "" {
		return errors.New("streams: publish: the topic is empty")
	}
	limit := p.limit(topic)
	var direct []commit.Message
	ctx := context.Background()
	for _, msg := range messages {
		output, err := toOutput(p.config.Marshaller, topic, msg)
		if err != nil {
			return err
		}
		if h := handoff.FromContext(msg.Context()); p.domain.commits(h) {
			if output.Limit = limit; p.config.ReportOnly {
				output.Limit = 0
				p.reportFull(msg.Context(), topic, limit, 1)
			}
			if key := p.key(topic, msg); key != "" {
				output.Once = handoff.Mark{Key: key, TTL: p.config.IdempotencyTTL}
			}
			if err := h.Publish(output); err != nil {
				return fmt.Errorf("streams: publish message %s to %s: %w", msg.UUID, topic, err)
			}
			continue
		}
		ctx = msg.Context()
		if direct == nil {
			direct = make([]commit.Message, 0, len(messages))
		}
		direct = append(direct, commit.Message{Key: p.key(topic, msg), Values: output.Values, Size: output.Size})
	}
	if len(direct) == 0 {
		return nil
	}
	if err := p.reserve(ctx, topic, limit, len(direct)); err != nil {
		return err
	}
	return p.send(ctx, topic, direct)
}

// limit returns how many entries a topic may hold; zero for any number.
func (p *Publisher) limit(topic string) int64 {
	if p.config.unbounded != nil && p.config.unbounded(topic) {
		return 0
	}
	return p.config.MaxLen
}

// reserve takes room in a topic for messages that are to be added at once.
func (p *Publisher) reserve(ctx context.Context, topic string, limit int64, n int) error {
	switch {
	case limit == 0:
		return nil
	case p.config.ReportOnly:
		p.reportFull(ctx, topic, limit, n)
		return nil
	}
	if err := p.lengths.reserve(ctx, topic, limit, n); err != nil {
		return fmt.Errorf("streams: publish to %s: nothing was added: %w", topic, p.explain(ctx, topic, commit.Message{}, err))
	}
	return nil
}

// reportFull says that a topic holds more than it should.
func (p *Publisher) reportFull(ctx context.Context, topic string, limit int64, n int) {
	if limit == 0 {
		return
	}
	if err := p.lengths.reserve(ctx, topic, limit, n); errors.Is(err, ErrTopicFull) {
		p.full.say(p.config.Logger, "a topic holds more than it should", "topic", topic, "error", err)
	}
}

func (p *Publisher) key(topic string, msg *message.Message) string {
	if p.config.IdempotencyKey == nil {
		return ""
	}
	return p.config.IdempotencyKey(topic, msg)
}

// send adds messages, in runs of those with a key and those without.
func (p *Publisher) send(ctx context.Context, topic string, messages []commit.Message) error {
	sent := 0
	for sent < len(messages) {
		n := run(messages[sent:])
		var err error
		added := 0
		if messages[sent].Key == "" {
			added, err = p.batcher.add(ctx, topic, messages[sent:sent+n])
		} else {
			added, err = p.once(ctx, topic, messages[sent:sent+n])
		}
		sent += added
		if err != nil {
			return fmt.Errorf("streams: publish to %s: %d of %d messages were added: %w", topic, sent, len(messages), p.explain(ctx, topic, messages[sent], err))
		}
	}
	return nil
}

// once adds messages that have keys, all or, when it fails, nobody knows how many.
func (p *Publisher) once(ctx context.Context, topic string, messages []commit.Message) (added int, err error) {
	err = p.batcher.run(ctx, func(ctx context.Context) error {
		return commit.PublishOnce(ctx, p.domain.client, topic, p.config.IdempotencyTTL, messages)
	})
	if err != nil {
		return 0, err
	}
	return len(messages), nil
}

// maxPublish and maxPublishBytes bound how long publishing keeps the server at a time.
const (
	maxPublish      = 500
	maxPublishBytes = 1 << 20
)

// run returns how many of the first messages go together: alike in having a key
// or not, and few and small enough.
func run(messages []commit.Message) int {
	bytes := 0
	for i, m := range messages {
		if (m.Key == "") != (messages[0].Key == "") || i == maxPublish {
			return i
		}
		if bytes += m.Size; bytes > maxPublishBytes && i > 0 {
			return i
		}
	}
	return len(messages)
}

// size returns about how many bytes values are.
func size(values []any) int {
	n := 0
	for _, v := range values {
		switch v := v.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
	}
	return n
}

// Close waits for calls of Publish under way; later ones fail with [ErrClosed].
// The client stays open. Close may be called more than once.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.batcher.wait()
	return nil
}
