package middleware_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/millstream-go/millstream/middleware"
)

// A bare Watermill router with the default chain, here on a transport of Watermill's
// own; on streams it is the same, and what is poisoned is acknowledged in one step
// with that.
func ExampleDefaultChain() {
	channel := gochannel.NewGoChannel(gochannel.Config{Persistent: true}, watermill.NopLogger{})
	defer channel.Close()
	poison, err := middleware.NewPoisonQueue(channel, "poison", middleware.PoisonConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	chain := middleware.DefaultChain(poison)
	chain.Validate = middleware.Validate(func(msg *message.Message) error {
		if len(msg.Payload) == 0 {
			return errors.New("the order is empty")
		}
		return nil
	})

	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		fmt.Println(err)
		return
	}
	router.AddMiddleware(chain.Middleware)
	router.AddConsumerHandler("charge", "orders", channel, func(*message.Message) error { return nil })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- router.Run(ctx) }()

	if err := channel.Publish("orders", message.NewMessage("o-1", nil)); err != nil {
		fmt.Println(err)
	}
	poisoned, err := channel.Subscribe(ctx, "poison")
	if err != nil {
		fmt.Println(err)
		return
	}
	msg := <-poisoned
	fmt.Println(msg.UUID, "of", msg.Metadata["handler_poisoned"], "-", msg.Metadata["reason_poisoned"])
	msg.Ack()
	cancel()
	fmt.Println(<-ended)
	// Output:
	// o-1 of charge - message not valid: the order is empty
	// <nil>
}

// A chain of some parts only, around a handler.
func ExampleChain() {
	chain := middleware.Chain{
		Retry:     middleware.Retry{MaxAttempts: 2}.Middleware,
		Recoverer: middleware.Recoverer,
	}
	calls := 0
	handler := chain.Middleware(func(*message.Message) ([]*message.Message, error) {
		if calls++; calls == 1 {
			panic("a bug that shows at times")
		}
		return nil, nil
	})
	_, err := handler(message.NewMessage("o-1", nil))
	fmt.Println(calls, "calls,", err)
	// Output: 2 calls, <nil>
}

// The filter takes errors at once that would come again otherwise.
func ExampleNewPoisonQueue() {
	channel := gochannel.NewGoChannel(gochannel.Config{Persistent: true}, watermill.NopLogger{})
	defer channel.Close()
	errNoStock := errors.New("out of stock")
	poison, err := middleware.NewPoisonQueue(channel, "poison", middleware.PoisonConfig{
		Qualifies: func(err error) bool { return errors.Is(err, errNoStock) },
		Handler:   "reserve",
		OnPoisoned: func(msg *message.Message, kind string, attempts int, err error) {
			fmt.Println(msg.UUID, kind, "after", attempts, "attempt:", err)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := poison.Middleware(func(*message.Message) ([]*message.Message, error) {
		return nil, fmt.Errorf("kettle: %w", errNoStock)
	})
	_, err = handler(message.NewMessage("o-1", nil))
	fmt.Println("acknowledged:", err == nil)
	_, err = middleware.NewPoisonQueue(nil, "poison", middleware.PoisonConfig{})
	fmt.Println(err)
	// Output:
	// o-1 failed after 1 attempt: kettle: out of stock
	// acknowledged: true
	// middleware: poison queue: the publisher is nil
}

// A permanent error is not tried again.
func ExamplePermanent() {
	handler := middleware.Retry{}.Middleware(func(*message.Message) ([]*message.Message, error) {
		fmt.Println("called")
		return nil, middleware.Permanent(errors.New("the account does not exist"))
	})
	_, err := handler(message.NewMessage("o-1", nil))
	fmt.Println(err)
	// Output:
	// called
	// the account does not exist
}
