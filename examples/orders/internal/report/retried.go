package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

// AttemptKey is the metadata key under which a charged order says at which attempt the
// bank took the money, if that was not the first.
const AttemptKey = "charged_at_attempt"

// Retried is an order whose way is worth a look: the bank was asked more than once, and
// then it was shipped.
type Retried struct {
	Order   string `json:"order"`
	Attempt int    `json:"charged_at_attempt"`
	TraceID string `json:"trace_id"`
	URL     string `json:"trace_url"` // where Jaeger shows the trace
}

// Retried returns the latest such order whose trace was recorded, and nil if there is
// none. jaeger is the URL of the Jaeger that has the traces.
func (s Source) Retried(ctx context.Context, jaeger string) (*Retried, error) {
	var found *Retried
	err := eachBack(ctx, s.Client, s.Charged, func(entry redis.XMessage) (more bool, err error) {
		found, err = s.retried(ctx, entry)
		return found == nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for an order that was retried: %w", err)
	}
	if found != nil {
		found.URL = jaeger + "/trace/" + found.TraceID
	}
	return found, nil
}

// retried returns what a charged order was, if it is one to show.
func (s Source) retried(ctx context.Context, entry redis.XMessage) (*Retried, error) {
	msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry.Values)
	if err != nil {
		return nil, nil // somebody else's
	}
	attempt, err := strconv.Atoi(msg.Metadata.Get(AttemptKey))
	span := spanOf(msg)
	if err != nil || attempt < 2 || !span.IsSampled() {
		return nil, nil
	}
	var charged order.Charged
	if err := json.Unmarshal(msg.Payload, &charged); err != nil {
		return nil, nil // the stages behind have poisoned it
	}
	shipped, err := s.Ledger.Shipped(ctx, charged.Shipment())
	if err != nil || !shipped {
		return nil, err
	}
	return &Retried{Order: charged.Label(), Attempt: attempt, TraceID: span.TraceID().String()}, nil
}

// spanOf returns the span that published a message.
func spanOf(msg *message.Message) trace.SpanContext {
	carrier := propagation.MapCarrier(msg.Metadata)
	return trace.SpanContextFromContext(otel.GetTextMapPropagator().Extract(context.Background(), carrier))
}

// eachBack calls visit with the entries of a stream, the latest first, until it wants no
// more.
func eachBack(ctx context.Context, client redis.UniversalClient, topic string, visit func(redis.XMessage) (more bool, err error)) error {
	const page = 20
	for before := "+"; ; {
		entries, err := client.XRevRangeN(ctx, topic, before, "-", page).Result()
		if err != nil {
			return err
		}
		for _, entry := range entries {
			more, err := visit(entry)
			if err != nil || !more {
				return err
			}
			before = "(" + entry.ID
		}
		if len(entries) < page {
			return nil
		}
	}
}

func (r Report) retried(w io.Writer) {
	if r.Retried == nil {
		return
	}
	fmt.Fprintf(w, "\nan order that was charged at attempt %d and then shipped, as a trace:\n", r.Retried.Attempt)
	wrapped(w, "  order     ", r.Retried.Order)
	fmt.Fprintf(w, "  trace id  %s\n  Jaeger    %s\n", r.Retried.TraceID, r.Retried.URL)
}
