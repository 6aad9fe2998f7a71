package snippets_test

import (
	"context"
	"fmt"
	"time"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// What was kept is handled again by a stage of another name.
func Example_history() {
	ctx := context.Background()
	client, _ := connect()
	defer client.Close()

	// begin keep
	transport, err := streams.NewTransport(client, streams.Config{Trim: &streams.Trim{KeepFor: 24 * time.Hour}})
	// end keep
	check(err)
	shop := pipeline.New("kept")
	placed := pipeline.Source[Order](shop, "placed")
	pipeline.Sink(pipeline.Stage(placed, "charge", charge), "send", send)
	check(publish(ctx, transport, placed, Order{"o-1", 2599}, Order{"o-2", 120}))
	check(workOff(ctx, shop, transport))

	book := func(_ context.Context, o Order) error {
		_, err := fmt.Printf("%s: booked %d cents\n", o.ID, o.Cents)
		return err
	}
	// begin replay
	again := pipeline.New("kept") // a program of its own, with the names of the pipeline and the source
	pipeline.Sink(pipeline.Source[Order](again, "placed"), "book-again", book)
	check(workOff(ctx, again, transport))
	check(client.XGroupDestroy(ctx, "{kept}:placed", "book-again").Err())
	// end replay

	// Output:
	// o-1: paid 2599 cents
	// o-2: paid 120 cents
	// o-1: booked 2599 cents
	// o-2: booked 120 cents
}
