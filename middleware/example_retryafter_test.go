package middleware_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/streams"
)

// A handler that knows when it is worth another try says so. The message is put aside
// until then, and those behind it pass.
func ExampleRetryAfter() {
	client, done := connect() // in a program: redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer done()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	subscriber, err := streams.NewSubscriber(client, "delivery", streams.SubscriberConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range []string{"closed today", "open"} {
		if err := publisher.Publish("{example}:parcels", message.NewMessage(id, nil)); err != nil {
			fmt.Println(err)
			return
		}
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		fmt.Println(err)
		return
	}
	delivered := make(chan string)
	tomorrow := time.Now().Add(200 * time.Millisecond)
	deliver := func(parcel *message.Message) error {
		if wait := time.Until(tomorrow); parcel.UUID == "closed today" && wait > 0 {
			return middleware.RetryAfter(wait)
		}
		delivered <- parcel.UUID
		return nil
	}
	router.AddConsumerHandler("deliver", "{example}:parcels", subscriber, deliver).AddMiddleware(middleware.Retry{}.Middleware)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- router.Run(ctx) }()
	fmt.Println(<-delivered)
	fmt.Println(<-delivered)
	cancel()
	fmt.Println(<-ended)
	// Output:
	// open
	// closed today
	// <nil>
}
