package pipeline_test

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/pipeline"
)

func ExampleConcurrency() {
	p := pipeline.New("orders", pipeline.Concurrency(8)) // of each stage, in each process
	placed := pipeline.Source[Order](p, "placed")
	charged := pipeline.Stage(placed, "charge", charge, pipeline.Concurrency(32)) // it mostly waits
	pipeline.Stage(charged, "book", charge, pipeline.Concurrency(1))              // in order
	fmt.Println(p.Check())
	// Output: <nil>
}

func ExampleUse() {
	transport, stop := inMemory()
	defer stop()
	trace := func(name string) message.HandlerMiddleware {
		return func(next message.HandlerFunc) message.HandlerFunc {
			return func(msg *message.Message) ([]*message.Message, error) {
				fmt.Println("enter", name)
				defer fmt.Println("leave", name)
				return next(msg)
			}
		}
	}
	p := pipeline.New("orders", pipeline.Use(trace("pipeline's")))
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Stage(placed, "charge", charge, pipeline.Use(trace("stage's first"), trace("stage's second"), wm.Timeout(time.Minute)))
	process(p, transport, placed, Order{"o-1", 1999})
	// Output:
	// enter pipeline's
	// enter stage's first
	// enter stage's second
	// leave stage's second
	// leave stage's first
	// leave pipeline's
}

func ExampleMaxAttempts() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(placed, "charge", func(ctx context.Context, o Order) error {
		fmt.Println("attempt", pipeline.Attempt(ctx))
		return errors.New("the bank does not answer")
	}, pipeline.MaxAttempts(2)) // and then into the poison topic
	process(p, transport, placed, Order{"o-1", 1999})
	// Output:
	// attempt 1
	// attempt 2
}

// text is a codec for values that are or have a text form.
type text struct{}

func (text) Marshal(v any) ([]byte, error) {
	m, ok := v.(encoding.TextMarshaler)
	if !ok {
		return nil, fmt.Errorf("a %T has no text form", v)
	}
	return m.MarshalText()
}

func (text) Unmarshal(data []byte, v any) error {
	u, ok := v.(encoding.TextUnmarshaler)
	if !ok {
		return fmt.Errorf("a %T has no text form", v)
	}
	return u.UnmarshalText(data)
}

// A flow's codec is that of the source or stage that it comes from.
func ExampleWithCodec() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("days")
	days := pipeline.Source[time.Time](p, "days", pipeline.WithCodec(text{}))
	pipeline.Sink(days, "print", func(ctx context.Context, day time.Time) error {
		fmt.Printf("%s was a %s\n", pipeline.MessageFrom(ctx).Payload, day.Weekday())
		return nil
	})
	process(p, transport, days, time.Date(2009, time.November, 10, 23, 0, 0, 0, time.UTC))
	// Output: 2009-11-10T23:00:00Z was a Tuesday
}

// A failed message comes again before the next one.
func ExampleOrdered() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("ledger")
	entries := pipeline.Source[string](p, "entries")
	pipeline.Sink(entries, "book", func(ctx context.Context, entry string) error {
		if entry == "first" && pipeline.Attempt(ctx) < 3 {
			fmt.Println("failed")
			return errors.New("the book is closed")
		}
		fmt.Println(entry)
		return nil
	}, pipeline.Ordered())
	process(p, transport, entries, "first", "second")
	// Output:
	// failed
	// failed
	// first
	// second
}

func ExampleLogger() {
	transport, stop := inMemory()
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if slices.Contains([]string{slog.TimeKey, "message_id", "entry_id"}, a.Key) {
				return slog.Attr{} // these differ each time
			}
			return a
		},
	}))
	p := pipeline.New("orders", pipeline.Logger(logger))
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(placed, "charge", func(context.Context, Order) error {
		return pipeline.Permanent(errors.New("no such card"))
	})
	process(p, transport, placed, Order{"o-1", 1999})
	// Output: level=WARN msg="message poisoned" pipeline=orders stage=charge kind=permanent attempt=1 error="no such card"
}
