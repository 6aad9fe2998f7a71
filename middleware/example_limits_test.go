package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/middleware"
)

// The handler begins with one message at once and two in a second.
func ExampleRateLimit() {
	limiter, err := middleware.PerProcess(2, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	limit := middleware.RateLimit{
		Limiter:   limiter,
		OnLimited: func(msg *message.Message, _ time.Duration) { fmt.Println(string(msg.Payload), "waits") },
	}
	charge := limit.Middleware(func(msg *message.Message) ([]*message.Message, error) {
		fmt.Println("charged", string(msg.Payload))
		return nil, nil
	})
	for _, order := range []string{"A-1", "A-2"} {
		if _, err := charge(message.NewMessage(watermill.NewUUID(), []byte(order))); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// charged A-1
	// A-2 waits
	// charged A-2
}

func ExamplePerProcess() {
	limiter, err := middleware.PerProcess(rate.Every(time.Hour), 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, tenant := range []string{"a", "b", "a"} {
		wait, err := limiter.Take(context.Background(), tenant)
		fmt.Println(tenant, wait.Round(time.Hour), err)
	}
	_, err = middleware.PerProcess(0, 1)
	fmt.Println(err)
	// Output:
	// a 0s <nil>
	// b 0s <nil>
	// a 1h0m0s <nil>
	// limiter: a rate of 0 tokens per second lets nothing through: it must be above 0
}

// The third message does not get to a bank that has not answered two. Here it cannot be
// put aside, and its context ends before the breaker lets anything through again.
func ExampleCircuitBreaker() {
	breaker := middleware.CircuitBreaker{
		Name:     "bank",
		Failures: 2,
		OnStateChange: func(name string, from, to gobreaker.State) {
			fmt.Printf("%s: %v, now %v\n", name, from, to)
		},
	}
	charge := breaker.Middleware(func(msg *message.Message) ([]*message.Message, error) {
		return nil, errors.New(string(msg.Payload) + ": the bank does not answer")
	})
	for _, order := range []string{"A-1", "A-2", "A-3"} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err := charge(message.NewMessageWithContext(ctx, watermill.NewUUID(), []byte(order)))
		fmt.Println(err)
		cancel()
	}
	// Output:
	// A-1: the bank does not answer
	// bank: closed, now open
	// A-2: the bank does not answer
	// message not let through: circuit breaker is open
}
