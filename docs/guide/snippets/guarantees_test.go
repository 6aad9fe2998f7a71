package snippets_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// A handler that has put out something and then fails leaves nothing behind.
func Example_handoff() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()

	// begin handoff
	shop := pipeline.New("guarantees")
	placed := pipeline.Source[Order](shop, "placed")
	audit := pipeline.Source[string](shop, "audit")
	lines, err := pipeline.NewPublisher(audit, transport)
	check(err)
	defer lines.Close()

	pipeline.Sink(placed, "charge", func(ctx context.Context, o Order) error {
		attempt := pipeline.Attempt(ctx)
		fmt.Println("attempt", attempt)
		err := lines.Publish(ctx, fmt.Sprintf("%s: charged in attempt %d", o.ID, attempt))
		if err == nil && attempt < 3 {
			err = errors.New("the connection to the bank broke")
		}
		return err
	})
	pipeline.Sink(audit, "write", func(_ context.Context, line string) error {
		_, err := fmt.Println(line)
		return err
	})

	check(publish(ctx, transport, placed, Order{"o-1", 2599}))
	check(workOff(ctx, shop, transport))
	// Output:
	// attempt 1
	// attempt 2
	// attempt 3
	// o-1: charged in attempt 3
}

// bank is a payment service that takes an idempotency key, as most do.
type bank struct{ charged map[string]int }

func (b *bank) Charge(key string, cents int) error {
	if _, done := b.charged[key]; !done {
		b.charged[key] = cents
		fmt.Println("the card is charged:", cents)
	}
	return nil
}

// The handler fails after it has charged the card, and charges again.
func Example_sideEffects() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()
	theBank := &bank{map[string]int{}}

	// begin idempotent
	charge := func(ctx context.Context, o Order) (Receipt, error) {
		fmt.Println("attempt", pipeline.Attempt(ctx))
		if err := theBank.Charge("order "+o.ID, o.Cents); err != nil { // the key is the order's
			return Receipt{}, err
		}
		if pipeline.Attempt(ctx) == 1 {
			return Receipt{}, errors.New("what a crash here would do")
		}
		return Receipt{o.ID, o.Cents}, nil
	}
	// end idempotent

	shop := pipeline.New("effects")
	placed := pipeline.Source[Order](shop, "placed")
	pipeline.Sink(pipeline.Stage(placed, "charge", charge), "send", send)
	check(publish(ctx, transport, placed, Order{"o-1", 2599}))
	check(workOff(ctx, shop, transport))
	// begin idempotent-output

	// Output:
	// attempt 1
	// the card is charged: 2599
	// attempt 2
	// o-1: paid 2599 cents
}

// A publisher that does not know whether its first call succeeded calls again.
func Example_publishOnce() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()

	// begin publish-once
	shop := pipeline.New("once")
	placed := pipeline.Source[Order](shop, "placed")

	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{
		IdempotencyKey: func(_ string, msg *message.Message) string { return msg.UUID },
	})
	check(err)
	defer publisher.Close()
	place := func(requestID string, o Order) error {
		payload, err := json.Marshal(o)
		if err != nil {
			return err
		}
		return publisher.Publish(placed.Topics()[0], message.NewMessage(requestID, payload))
	}
	check(place("request-17", Order{"o-1", 2599}))
	check(place("request-17", Order{"o-1", 2599})) // the reply was lost, say
	// end publish-once

	pipeline.Sink(pipeline.Stage(placed, "charge", charge), "send", send)
	check(workOff(ctx, shop, transport))
	// Output: o-1: paid 2599 cents
}

// What was published twice under two ids is handled once, by a key of the payload.
func Example_dedup() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()

	shop := pipeline.New("dedup")
	placed := pipeline.Source[Order](shop, "placed")
	// begin dedup
	byOrder := middleware.Dedup{TTL: 24 * time.Hour, Key: func(msg *message.Message) string {
		var o Order
		if json.Unmarshal(msg.Payload, &o) != nil {
			return "" // not looked at: the codec will say what is wrong
		}
		return o.ID
	}}
	charged := pipeline.Stage(placed, "charge", charge, pipeline.Chain(func(c *middleware.Chain) {
		c.Dedup = byOrder.Middleware
	}))
	// end dedup
	pipeline.Sink(charged, "send", send)
	check(publish(ctx, transport, placed, Order{"o-1", 2599}, Order{"o-2", 120}, Order{"o-1", 2599}))
	check(workOff(ctx, shop, transport))
	// Output:
	// o-1: paid 2599 cents
	// o-2: paid 120 cents
}

// Parts of the library without the pipeline: a router of one's own.
func Example_router() {
	client, _ := connect()
	defer client.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	// begin router
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	check(err)
	subscriber, err := streams.NewSubscriber(client, "charge", streams.SubscriberConfig{})
	check(err)
	poison, err := middleware.NewPoisonQueue(publisher, "{bare}:poison", middleware.PoisonConfig{})
	check(err)
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	check(err)
	router.AddMiddleware(middleware.DefaultChain(poison).Middleware)
	router.AddHandler("charge", "{bare}:placed", subscriber, "{bare}:charged", publisher,
		func(msg *message.Message) ([]*message.Message, error) {
			receipt := message.NewMessage(watermill.NewUUID(), msg.Payload)
			receipt.SetContext(msg.Context()) // makes it part of the handoff
			return message.Messages{receipt}, nil
		})
	// end router

	ended := make(chan error, 1)
	go func() { ended <- router.Run(ctx) }()
	<-router.Running()
	check(publisher.Publish("{bare}:placed", message.NewMessage("m-1", []byte("paid"))))
	entries, err := client.XRead(ctx, &redis.XReadArgs{Streams: []string{"{bare}:charged", "0"}}).Result()
	check(err)
	fmt.Println(entries[0].Messages[0].Values["payload"])
	stop()
	check(<-ended)
	check(publisher.Close())
	check(subscriber.Close())
	// Output: paid
}
