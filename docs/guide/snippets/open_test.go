package snippets_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// Order is what the shop of the guide is about.
type Order struct {
	ID    string `json:"id"`
	Cents int    `json:"cents"`
}

// Receipt is what an order that was paid comes to.
type Receipt struct {
	OrderID string `json:"order_id"`
	Paid    int    `json:"paid"`
}

func charge(_ context.Context, o Order) (Receipt, error) {
	if o.Cents <= 0 {
		return Receipt{}, pipeline.Permanent(errors.New("the amount is not positive"))
	}
	return Receipt{OrderID: o.ID, Paid: o.Cents}, nil
}

func send(_ context.Context, r Receipt) error {
	_, err := fmt.Printf("%s: paid %d cents\n", r.OrderID, r.Paid)
	return err
}

// connect returns a client of the examples' server, and a transport on it.
func connect() (client *redis.Client, transport *streams.Transport) {
	options, err := redis.ParseURL(server.URL())
	check(err)
	client = redis.NewClient(options)
	transport, err = streams.NewTransport(client, streams.Config{})
	check(err)
	return client, transport
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// publish publishes values into a source.
func publish[T any](ctx context.Context, transport pipeline.Transport, into pipeline.Flow[T], values ...T) error {
	publisher, err := pipeline.NewPublisher(into, transport)
	if err != nil {
		return err
	}
	return errors.Join(publisher.Publish(ctx, values...), publisher.Close())
}

// begin work-off
// workOff runs a pipeline until nothing is left to do.
func workOff(ctx context.Context, p *pipeline.Pipeline, transport pipeline.Transport) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	err := p.WaitIdle(ctx, transport)
	stop()
	return errors.Join(err, <-ended)
}

// end work-off
