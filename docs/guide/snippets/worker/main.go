// Command worker runs the stages of the shop that it is told to, or all of them.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/docs/guide/snippets/shop"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// begin main
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shutdown, err := tracing.Setup(ctx, "shop") // exports what the OTEL_ variables say
	if err != nil {
		log.Fatal(err)
	}
	err = run(ctx, os.Args[1:])
	// After the pipeline, so that nothing is missing, and although ctx has ended.
	if err := errors.Join(err, shutdown(context.WithoutCancel(ctx))); err != nil {
		log.Fatal(err)
	}
}

// end main

// begin run
func run(ctx context.Context, stages []string) error {
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()
	transport, err := streams.NewTransport(client, streams.Config{})
	if err != nil {
		return err
	}
	orders, _ := shop.Compose()
	return orders.Run(ctx, transport, pipeline.Only(stages...)) // without stages: all
}

// end run
