// Package naive is a processor as tutorials show it: XREADGROUP, charge, XADD, XACK. It is
// here to be compared with, and kept honest: it makes the mistakes that are in that loop,
// and no others. Its group begins at the start of the stream and may exist already, it goes
// back to what it has not acknowledged, and nothing that it cannot charge is dropped.
package naive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// Group is the consumer group.
const Group = "naive"

const (
	batch        = 10
	block        = 500 * time.Millisecond
	errorPause   = 200 * time.Millisecond
	answerWithin = 2 * time.Second
)

// Charge charges an order, as often as it is called.
type Charge func(context.Context, payment.Order) (chargeID string, err error)

// Consumer is one processor.
type Consumer struct {
	Client redis.UniversalClient
	Charge Charge
	// Name is that of the consumer, the same when it is started again.
	Name string
	// Orders and Outcomes are the streams that it reads, and writes.
	Orders, Outcomes string
	Logger           *slog.Logger
}

// Run works until ctx ends.
func (c Consumer) Run(ctx context.Context) error {
	err := c.Client.XGroupCreateMkStream(ctx, c.Orders, Group, "0").Err()
	if err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
		return fmt.Errorf("make the group: %w", err)
	}
	for from := "0"; ctx.Err() == nil; {
		left, err := c.pass(ctx, from)
		if err != nil && ctx.Err() == nil {
			c.Logger.WarnContext(ctx, "a pass failed", "err", err)
			pause(ctx)
		}
		// What is left of its own comes first, and then what is new.
		from = ">"
		if left || err != nil {
			from = "0"
		}
	}
	return nil
}

// pass reads and does a batch, and tells whether some of it is left to do.
func (c Consumer) pass(ctx context.Context, from string) (left bool, err error) {
	streams, err := c.Client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: Group, Consumer: c.Name, Streams: []string{c.Orders, from}, Count: batch, Block: block,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	for _, stream := range streams {
		for _, entry := range stream.Messages {
			left = true
			if err := c.do(ctx, entry); err != nil {
				return true, err
			}
		}
	}
	return left && from == "0", nil
}

// do charges an order, says so, and acknowledges it: three steps, between which it may die.
func (c Consumer) do(ctx context.Context, entry redis.XMessage) error {
	var order payment.Order
	text, _ := entry.Values["payload"].(string)
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		return err
	}
	charging, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	outcome := payment.Outcome(order.Declined(c.Name))
	chargeID, err := c.Charge(charging, order)
	switch {
	case err == nil:
		outcome = payment.Outcome(order.Settled(chargeID, c.Name))
	case !errors.Is(err, payment.ErrDeclined):
		return err
	}
	record, err := json.Marshal(outcome)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if err := c.Client.XAdd(ctx, &redis.XAddArgs{Stream: c.Outcomes, Values: []any{"payload", record}}).Err(); err != nil {
		return err
	}
	return c.Client.XAck(ctx, c.Orders, Group, entry.ID).Err()
}

func pause(ctx context.Context) {
	select {
	case <-time.After(errorPause):
	case <-ctx.Done():
	}
}
