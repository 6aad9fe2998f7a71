// Command first is the first pipeline to read: two stages in one process.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

type order struct {
	ID    string
	Cents int
}

func charge(_ context.Context, o order) (string, error) {
	if o.Cents <= 0 {
		return "", pipeline.Permanent(fmt.Errorf("order %s: %d cents cannot be charged", o.ID, o.Cents))
	}
	return fmt.Sprintf("order %s: paid %d cents", o.ID, o.Cents), nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	options, err := redis.ParseURL(cmp.Or(os.Getenv("REDIS_URL"), "redis://localhost:6379"))
	check(err)
	transport, err := streams.NewTransport(redis.NewClient(options), streams.Config{})
	check(err)

	shop := pipeline.New("shop")
	placed := pipeline.Source[order](shop, "placed")
	receipts := pipeline.Stage(placed, "charge", charge, pipeline.Concurrency(16))
	pipeline.Sink(receipts, "send", func(_ context.Context, text string) error {
		_, err := fmt.Println(text)
		return err
	})

	orders, err := pipeline.NewPublisher(placed, transport)
	check(err)
	check(orders.Publish(ctx, order{"o-1", 2599}, order{"o-2", 0}, order{"o-3", 120}))
	check(shop.Run(ctx, transport)) // until Ctrl-C, and then until what it began is done
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
