package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/millstream-go/millstream/middleware"
)

// A transport without a handoff needs a store. This one is for a single process;
// redisstore.NewDedup makes one that processes share.
func ExampleNewMemoryStore() {
	channel := gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{})
	defer channel.Close()
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		fmt.Println(err)
		return
	}
	store := middleware.NewMemoryStore()
	charged, dropped := make(chan string), make(chan string)
	dedup := middleware.Dedup{
		Store:       store,
		Key:         func(msg *message.Message) string { return string(msg.Payload) },
		OnDuplicate: func(msg *message.Message) { dropped <- string(msg.Payload) },
	}
	router.AddMiddleware(dedup.Middleware)
	router.AddConsumerHandler("charge", "orders", channel, func(order *message.Message) error {
		charged <- string(order.Payload)
		return nil
	})
	ended := make(chan error)
	go func() { ended <- router.Run(context.Background()) }()
	<-router.Running()

	for _, order := range []string{"A-1", "A-1"} {
		if err := channel.Publish("orders", message.NewMessage(watermill.NewUUID(), []byte(order))); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("charged", <-charged)
	fmt.Println("dropped", <-dropped)
	fmt.Println(router.Close(), <-ended)
	fmt.Println(store.Close(), store.Len()) // after the router
	// Output:
	// charged A-1
	// dropped A-1
	// <nil> <nil>
	// <nil> 1
}

// A store of one's own returns its Deliveries, and closes them. This one has the rest
// from another.
func ExampleDeliveries() {
	store := &countingStore{Store: middleware.NewMemoryStore()}
	handler := middleware.Dedup{Store: store}.Middleware(func(*message.Message) ([]*message.Message, error) {
		return nil, nil
	})
	msg := message.NewMessage("018f", nil)
	_, err := handler(msg)
	msg.Ack() // as a router does
	fmt.Println(err, store.Close(), store.marks)
	_, err = handler(message.NewMessage("0190", nil))
	fmt.Println(errors.Is(err, middleware.ErrStoreClosed))
	// Output:
	// <nil> <nil> 1
	// true
}

// countingStore counts the marks that it is asked for.
type countingStore struct {
	middleware.Store
	deliveries middleware.Deliveries
	marks      int // read once the store is closed
}

func (s *countingStore) Deliveries() *middleware.Deliveries { return &s.deliveries }

func (s *countingStore) Close() error { return s.deliveries.Close() }

func (s *countingStore) Finish(ctx context.Context, key string, ttl time.Duration) error {
	s.marks++
	return s.Store.Finish(ctx, key, ttl)
}

// Messages are duplicates when they have the same idempotency key. Those without one
// are all handled.
func ExampleByMetadata() {
	dedup := middleware.Dedup{
		Store: middleware.NewMemoryStore(),
		Key:   middleware.ByMetadata("idempotency_key"),
	}
	handler := dedup.Middleware(func(msg *message.Message) ([]*message.Message, error) {
		fmt.Println("charged", string(msg.Payload))
		return nil, nil
	})
	for _, order := range []struct{ key, payload string }{
		{"k-1", "A-1"}, {"k-1", "A-1 again"}, {"", "A-2"}, {"", "A-3"},
	} {
		msg := message.NewMessage(watermill.NewUUID(), []byte(order.payload))
		msg.Metadata.Set("idempotency_key", order.key)
		if _, err := handler(msg); err != nil {
			fmt.Println(err)
		}
		msg.Ack() // as a router does
	}
	// Output:
	// charged A-1
	// charged A-2
	// charged A-3
}

// ByUUID is the default.
func ExampleByUUID() {
	fmt.Println(middleware.ByUUID(message.NewMessage("018f", nil)))
	// Output: 018f
}

// Watermill's own Deduplicator remembers in a store. It takes the order that failed
// for a duplicate when it comes again, which middleware.Dedup does not.
func ExampleRepository() {
	deduplicator := &wm.Deduplicator{
		KeyFactory: func(msg *message.Message) (string, error) { return msg.UUID, nil },
		Repository: middleware.Repository(middleware.NewMemoryStore(), time.Hour),
		Timeout:    time.Second,
	}
	handler := deduplicator.Middleware(func(*message.Message) ([]*message.Message, error) {
		fmt.Println("charging")
		return nil, fmt.Errorf("the bank does not answer")
	})
	for range 2 {
		_, err := handler(message.NewMessage("018f", nil))
		fmt.Println(err)
	}
	// Output:
	// charging
	// the bank does not answer
	// <nil>
}
