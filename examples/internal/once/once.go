// Package once publishes messages from outside a pipeline, once each: what an outbox or an
// API that is asked again has to do.
package once

import (
	"errors"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// NewPublisher returns a publisher that adds a message once under its UUID, however often it
// is published: a reply may have been lost. Publishing is traced. Close it before the client,
// which stays the caller's.
func NewPublisher(client redis.UniversalClient, config streams.PublisherConfig, traces tracing.Config) (message.Publisher, error) {
	config.IdempotencyKey = func(_ string, msg *message.Message) string { return msg.UUID }
	publisher, err := streams.NewPublisher(client, config)
	if err != nil {
		return nil, err
	}
	t, err := tracing.New(traces)
	if err != nil {
		return nil, errors.Join(err, publisher.Close())
	}
	traced, err := t.Publisher(publisher)
	if err != nil {
		return nil, errors.Join(err, publisher.Close())
	}
	return traced, nil
}
