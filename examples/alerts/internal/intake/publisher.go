package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/cenkalti/backoff/v5"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/internal/once"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

const (
	// callTimeout is how long one call may take; pauses between them grow up to longest.
	callTimeout = 5 * time.Second
	firstPause  = 50 * time.Millisecond
	longest     = time.Second
	// grace is how long what is under way is tried for when the process is to end.
	grace = 5 * time.Second
)

// Publisher publishes alerts into a topic. While Redis is away it waits and tries again:
// an alert is added once under its id, however often it is sent. It may be used
// concurrently.
type Publisher struct {
	publisher message.Publisher
	topic     string
	logger    *slog.Logger
}

// NewPublisher returns a publisher into a topic.
func NewPublisher(client redis.UniversalClient, topic string, logger *slog.Logger) (*Publisher, error) {
	// Each alert's trace begins here.
	publisher, err := once.NewPublisher(client, streams.PublisherConfig{Logger: logger}, tracing.Config{})
	if err != nil {
		return nil, err
	}
	return &Publisher{publisher: publisher, topic: topic, logger: logger}, nil
}

// Close waits for calls under way. The client stays open.
func (p *Publisher) Close() error { return p.publisher.Close() }

// Publish returns nil when Redis has all of the alerts. When ctx ends it tries for 5 seconds
// more. Of what an error is about some may be there.
func (p *Publisher) Publish(ctx context.Context, alerts ...alert.Alert) error {
	payloads := make([][]byte, len(alerts))
	for i, a := range alerts {
		var err error
		if payloads[i], err = json.Marshal(a); err != nil {
			return fmt.Errorf("alert %s: %w", a.ID, err)
		}
	}
	ctx, stop := outlasting(ctx)
	defer stop()
	away := false
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, p.try(ctx, alerts, payloads)
	}, backoff.WithBackOff(pauses()), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, _ time.Duration) {
		if !away {
			away = true
			p.logger.Warn("alerts cannot be published; they wait, and it is tried again", "err", err)
		}
	}))
	if err != nil {
		return fmt.Errorf("%d alerts were not acknowledged: %w", len(alerts), err)
	}
	if away {
		p.logger.Warn("alerts are published again")
	}
	return nil
}

// try publishes once.
func (p *Publisher) try(ctx context.Context, alerts []alert.Alert, payloads [][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	messages := make([]*message.Message, len(alerts))
	for i, a := range alerts {
		messages[i] = message.NewMessageWithContext(ctx, a.ID, payloads[i])
	}
	err := p.publisher.Publish(p.topic, messages...)
	if errors.Is(err, streams.ErrPermission) || errors.Is(err, streams.ErrClosed) {
		return backoff.Permanent(err)
	}
	return err
}

func pauses() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = firstPause, longest
	return b
}

// outlasting returns a context that ends a while after ctx.
func outlasting(ctx context.Context) (context.Context, func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}
