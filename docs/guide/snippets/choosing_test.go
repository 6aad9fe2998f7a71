package snippets_test

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

// click is what a page tells that does not wait for an answer.
type click struct {
	Page string `json:"page"`
}

// Channels come in, a stream keeps, channels go out.
func Example_bridges() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	client, transport := connect()
	defer client.Close()

	// begin bridges
	live, err := pubsub.NewTransport(client, pubsub.Config{
		Subscriber: pubsub.SubscriberConfig{Patterns: true, Overflow: pubsub.Block, MaxRedeliveries: 60},
	})
	check(err)
	site := pipeline.New("site")
	clicks := pipeline.Ingest[click](site, "clicks", live, "clicks.*") // Pub/Sub -> stream
	counted := pipeline.Stage(clicks, "count", count)                  // on the stream
	pipeline.Broadcast(counted, "tell", live, func(total) string {     // stream -> Pub/Sub
		return "totals"
	})
	// end bridges

	listener := client.Subscribe(ctx, "totals")
	defer listener.Close()
	_, err = listener.Receive(ctx)
	check(err)
	ended := make(chan error, 1)
	go func() { ended <- site.Run(ctx, transport) }()
	publishUntilHeard(ctx, client, "clicks.home", `{"page":"/"}`)
	fmt.Println((<-listener.Channel()).Payload)
	stop()
	fmt.Println(<-ended)
	// Output:
	// {"page":"/","clicks":1}
	// <nil>
}

type total struct {
	Page   string `json:"page"`
	Clicks int    `json:"clicks"`
}

func count(_ context.Context, c click) (total, error) { return total{c.Page, 1}, nil }

// publishUntilHeard publishes on a channel until somebody listens there.
func publishUntilHeard(ctx context.Context, client *redis.Client, channel, payload string) {
	for {
		heard, err := client.Publish(ctx, channel, payload).Result()
		check(err)
		if heard > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
