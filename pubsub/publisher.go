package pubsub

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// ErrNoReceivers is returned by a [Publisher] with RequireReceivers when nobody
// listened.
var ErrNoReceivers = errors.New("pubsub: no receivers")

// PublisherConfig sets up a [Publisher]. The zero value works.
type PublisherConfig struct {
	// Envelope wraps payloads so that the message's UUID and metadata travel with
	// them: only subscribers of this package can read it. Default: the payload goes
	// as it is, for listeners of any kind, and UUID and metadata stay behind.
	Envelope bool
	// Sharded publishes with SPUBLISH, for subscribers that are Sharded, too. It
	// needs Redis 7.0 or later. Default: PUBLISH.
	Sharded bool
	// RequireReceivers makes Publish fail with [ErrNoReceivers] when Redis says that
	// it gave a message to nobody. The server that took a message counts: see
	// [Publisher.Publish].
	RequireReceivers bool
	// OnPublished, if set, is called after each message that Redis took, with the
	// number of receivers that it told. It is called by Publish, so maybe
	// concurrently, and Close does not wait for it.
	OnPublished func(topic string, msg *message.Message, receivers int64)
}

// Publisher publishes to Redis Pub/Sub. A topic is the name of a channel. Its
// methods may be called concurrently.
type Publisher struct {
	client redis.UniversalClient
	config PublisherConfig

	mu     sync.RWMutex
	closed bool
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher returns a publisher on client, which stays the caller's to close.
func NewPublisher(client redis.UniversalClient, config PublisherConfig) (*Publisher, error) {
	if err := checkClient(client); err != nil {
		return nil, fmt.Errorf("pubsub: publisher: %w", err)
	}
	if config.RequireReceivers {
		if err := checkReceivers(client); err != nil {
			return nil, fmt.Errorf("pubsub: publisher: %w", err)
		}
	}
	return &Publisher{client: client, config: config}, nil
}

// Publish gives messages to those who listen to the channel named topic now, in
// order. It returns when Redis has done so, which is not when they have them.
// Nothing is kept for anyone else.
//
// The receivers that Redis tells are connections, each once for every pattern that
// fits. In a cluster they are those of one server: messages go to that of the
// channel's slot, where subscribers of this package are, those with patterns
// excepted, and for some seconds after the slot has moved.
//
// When it fails, some messages may have been published; one whose reply was lost
// may have been, too, and go-redis's own retries may publish such a one twice. The
// context of the first message counts for all. What is published with the context
// of a delivery of another transport is not part of its handoff: it is published
// at once.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if topic == "" {
		return errors.New("pubsub: publish: the topic is empty")
	}
	for i, msg := range messages {
		if msg == nil {
			return fmt.Errorf("pubsub: publish to %s: message %d of %d is nil", topic, i+1, len(messages))
		}
	}
	if len(messages) == 0 {
		return nil
	}
	payloads, err := p.payloads(messages)
	if err != nil {
		return fmt.Errorf("pubsub: publish to %s: nothing was published: %w", topic, err)
	}
	replies, err := p.sendUnlessClosed(messages[0].Context(), topic, payloads)
	unheard := p.tell(topic, messages, replies)
	switch {
	case errors.Is(err, ErrClosed):
		return err
	case err != nil:
		return p.explain(topic, replies, err)
	case unheard > 0 && p.config.RequireReceivers:
		return fmt.Errorf("pubsub: publish to %s: %d of %d messages: %w", topic, unheard, len(messages), ErrNoReceivers)
	}
	return nil
}

// sendUnlessClosed sends messages. Close waits for it, but not for the user's hook,
// which may call Close itself.
func (p *Publisher) sendUnlessClosed(ctx context.Context, topic string, payloads []string) ([]*redis.IntCmd, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return nil, fmt.Errorf("publish to %s: %w", topic, ErrClosed)
	}
	return p.send(ctx, topic, payloads)
}

// tell calls the user's hook for what was published, and returns how many messages
// nobody received.
func (p *Publisher) tell(topic string, messages []*message.Message, replies []*redis.IntCmd) (unheard int) {
	for i, reply := range replies {
		if reply.Err() != nil {
			continue
		}
		if reply.Val() == 0 {
			unheard++
		}
		if p.config.OnPublished != nil {
			p.config.OnPublished(topic, messages[i], reply.Val())
		}
	}
	return unheard
}

// send publishes messages to the server where those who listen are looked for.
func (p *Publisher) send(ctx context.Context, topic string, payloads []string) ([]*redis.IntCmd, error) {
	cluster, ok := p.client.(*redis.ClusterClient)
	if !ok || p.config.Sharded {
		return p.sendBy(ctx, p.client, topic, payloads)
	}
	// go-redis would take any server for each, so that one message could overtake
	// another on the way through the cluster.
	node, err := cluster.MasterForKey(ctx, topic)
	if err != nil {
		return nil, err
	}
	replies, err := p.sendBy(ctx, node, topic, payloads)
	if err != nil {
		// There may be another server for the slot.
		cluster.ReloadState(ctx)
	}
	return replies, err
}

func (p *Publisher) sendBy(ctx context.Context, client redis.Cmdable, topic string, payloads []string) ([]*redis.IntCmd, error) {
	if len(payloads) == 1 {
		reply := p.command(ctx, client, topic, payloads[0])
		return []*redis.IntCmd{reply}, reply.Err()
	}
	pipeline := client.Pipeline()
	replies := make([]*redis.IntCmd, len(payloads))
	for i, payload := range payloads {
		replies[i] = p.command(ctx, pipeline, topic, payload)
	}
	_, err := pipeline.Exec(ctx)
	return replies, err
}

// payloads returns what is to be published of each message.
func (p *Publisher) payloads(messages []*message.Message) ([]string, error) {
	payloads := make([]string, len(messages))
	for i, msg := range messages {
		if !p.config.Envelope {
			payloads[i] = bytesAsString(msg.Payload)
			continue
		}
		sealed, err := seal(msg.UUID, msg.Metadata, msg.Payload)
		if err != nil {
			return nil, fmt.Errorf("message %d of %d: %w", i+1, len(messages), err)
		}
		payloads[i] = bytesAsString(sealed)
	}
	return payloads, nil
}

func (p *Publisher) command(ctx context.Context, client redis.Cmdable, topic, payload string) *redis.IntCmd {
	if p.config.Sharded {
		return client.SPublish(ctx, topic, payload)
	}
	return client.Publish(ctx, topic, payload)
}

func (p *Publisher) explain(topic string, replies []*redis.IntCmd, err error) error {
	published := 0
	for _, reply := range replies {
		if reply.Err() == nil {
			published++
		}
	}
	if p.config.Sharded && isUnknownCommand(err) {
		err = fmt.Errorf("%w: %w", errNotSharded, err)
	}
	return fmt.Errorf("pubsub: publish to %s: %d of %d messages were published: %w", topic, published, len(replies), err)
}

// Close waits for calls of Publish under way and makes later ones fail. The client
// stays open. Close may be called more than once.
func (p *Publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}
