package redisstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

// All processes together ask the bank 50 times a second for each tenant.
func ExampleNewLimiter() {
	// In a program: redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()

	limiter, err := redisstore.NewLimiter(client, redisstore.LimiterConfig{Rate: 50, Burst: 10, Prefix: "example:bank:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	limit := middleware.RateLimit{
		Limiter: limiter,
		Key:     func(msg *message.Message) string { return msg.Metadata.Get("tenant") },
	}
	charge := limit.Middleware(func(msg *message.Message) ([]*message.Message, error) {
		fmt.Println("charged", string(msg.Payload))
		return nil, nil
	})
	order := message.NewMessage(watermill.NewUUID(), []byte("A-1"))
	order.Metadata.Set("tenant", "a")
	_, err = charge(order)
	fmt.Println(err)
	// Output:
	// charged A-1
	// <nil>
}

// A limiter says for how long there will be no token.
func ExampleLimiter_Take() {
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()

	limiter, err := redisstore.NewLimiter(client, redisstore.LimiterConfig{Rate: rate.Every(time.Hour), Prefix: "example:take:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		wait, err := limiter.Take(context.Background(), "tenant-a")
		fmt.Println(wait > 0, err)
	}
	// Output:
	// false <nil>
	// true <nil>
}
