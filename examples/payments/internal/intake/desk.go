// Package intake takes orders on and puts each into the stream, once.
package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// Desk takes orders on. Its methods may be called concurrently.
type Desk struct {
	books     *books.Books
	publisher message.Publisher
	logger    *slog.Logger
}

// NewDesk returns a desk on client, which stays the caller's to close, after the desk.
func NewDesk(client redis.UniversalClient, kept *books.Books, logger *slog.Logger) (*Desk, error) {
	// An order is published under its id, which is also its message's: a second time, after
	// a reply that was lost, changes nothing.
	once, err := streams.NewPublisher(client, streams.PublisherConfig{
		IdempotencyKey: func(_ string, msg *message.Message) string { return msg.UUID },
		Logger:         logger,
	})
	if err != nil {
		return nil, err
	}
	traces, err := tracing.New(tracing.Config{})
	if err != nil {
		return nil, errors.Join(err, once.Close())
	}
	traced, err := traces.Publisher(once)
	if err != nil {
		return nil, errors.Join(err, once.Close())
	}
	return &Desk{books: kept, publisher: traced, logger: logger}, nil
}

// Close ends it.
func (d *Desk) Close() error { return d.publisher.Close() }

// Place takes an order on, and puts it into the stream. It may be called again with the
// same order, which changes nothing; another order with its id is [books.ErrAnother]. After
// any other error the order was taken on or not, and calling again is what tells.
func (d *Desk) Place(ctx context.Context, o payment.Order) error {
	unsent, err := d.books.Accept(ctx, o)
	if err != nil || !unsent {
		return err
	}
	return d.send(ctx, o)
}

// send puts an order into the stream. Whoever dies before the note that it is there leaves
// it to SendUnsent.
func (d *Desk) send(ctx context.Context, o payment.Order) error {
	payload, err := json.Marshal(o)
	if err != nil {
		return err
	}
	msg := message.NewMessage(o.ID, payload)
	msg.SetContext(ctx)
	if err := d.publisher.Publish(flow.Ordered, msg); err != nil {
		return fmt.Errorf("send %s: %w", o.ID, err)
	}
	return d.books.Sent(ctx, o.ID)
}

// SendUnsent sends, until ctx ends, what was taken on and may not be in the stream, every
// so often: the process that took it on died before it could.
func (d *Desk) SendUnsent(ctx context.Context, every time.Duration) {
	for {
		if err := d.sendUnsent(ctx); err != nil && ctx.Err() == nil {
			d.logger.WarnContext(ctx, "orders that were taken on are not sent yet", "err", err)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}

func (d *Desk) sendUnsent(ctx context.Context) error {
	orders, err := d.books.Unsent(ctx)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if err := d.send(ctx, o); err != nil {
			return err
		}
	}
	return nil
}
