package pubsub_test

import (
	"context"
	"fmt"
	"time"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// task is something that happened.
type task struct {
	ID, State string
}

// What anyone publishes on the channels tasks.* becomes a durable stream, and what a
// stage makes of it is told to whoever listens. Each bridge is one line of the pipeline.
func ExampleTransport() {
	client := connect()
	defer client.Close()
	durable, err := streams.NewTransport(client, streams.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	live, err := pubsub.NewTransport(client, pubsub.Config{Subscriber: pubsub.SubscriberConfig{Patterns: true}})
	if err != nil {
		fmt.Println(err)
		return
	}

	p := pipeline.New("example-tasks")
	tasks := pipeline.Ingest[task](p, "tasks", live, "tasks.*")
	done := pipeline.Stage(tasks, "work", func(_ context.Context, t task) (task, error) {
		return task{ID: t.ID, State: "done"}, nil
	})
	pipeline.Broadcast(done, "tell", live, func(t task) string { return "done." + t.ID })

	// A listener, in any language.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	listener := client.Subscribe(ctx, "done.t-1")
	defer listener.Close()
	if _, err := listener.Receive(ctx); err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, durable) }()
	// Pub/Sub keeps nothing: publish until somebody hears of it.
	for n := int64(0); n == 0; time.Sleep(time.Millisecond) {
		if n, err = client.Publish(ctx, "tasks.created", `{"ID":"t-1","State":"new"}`).Result(); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println((<-listener.Channel()).Payload)
	cancel()
	fmt.Println(<-ended)
	client.Del(context.Background(), tasks.Topics()[0], done.Topics()[0])
	// Output:
	// {"ID":"t-1","State":"done"}
	// <nil>
}
