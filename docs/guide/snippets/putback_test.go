package snippets_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
)

// With no more than what an operator may do to look, and a worker to put back.
func TestAMessageThatIsPutBackIsTheSameAndBeginsAnew(t *testing.T) {
	t.Parallel()
	on, _ := secured(t)
	client := as(t, on, "worker")
	transport := transportOn(t, client)
	const traceID = "0af7651916cd43dd8448eb211c80319c"

	p := pipeline.New("shop")
	placed, again := pipeline.Source[Order](p, "placed"), pipeline.Source[Order](p, "charge-again")
	var mu sync.Mutex
	var handled []*message.Message
	pipeline.Sink(pipeline.Merge(placed, again), "charge", func(ctx context.Context, o Order) error {
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, 1, pipeline.Attempt(ctx))
		assert.Equal(t, traceID, trace.SpanContextFromContext(ctx).TraceID().String())
		handled = append(handled, pipeline.MessageFrom(ctx))
		if o.Cents == 0 {
			return pipeline.Permanent(errors.New("no amount"))
		}
		return nil
	})
	var others atomic.Int64
	pipeline.Sink(placed, "count", func(context.Context, Order) error { others.Add(1); return nil })

	publisher, err := transport.Publisher()
	require.NoError(t, err)
	msg := message.NewMessage("request-17", []byte(`{"id":"o-1"}`))
	msg.Metadata.Set("customer", "c-3")
	msg.Metadata.Set("traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
	require.NoError(t, publisher.Publish(placed.Topics()[0], msg))
	require.NoError(t, publisher.Close())
	running(t, p, transport)
	operator := transportOn(t, as(t, on, "operator"))
	waitIdle(t, p, operator)

	require.NoError(t, poisoned(t.Context(), as(t, on, "operator"), p.PoisonTopic(), func(id string, msg *message.Message) error {
		msg.Payload = []byte(`{"id":"o-1","cents":1}`)
		return errors.Join(
			putBack(t.Context(), client, p.PoisonTopic(), id, msg, again.Topics()[0]),
			putBack(t.Context(), client, p.PoisonTopic(), id, msg, again.Topics()[0]), // as another operator would
		)
	}))
	waitIdle(t, p, operator)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, handled, 2)
	require.Equal(t, "request-17", handled[1].UUID)
	require.Equal(t, handled[0].Metadata, handled[1].Metadata)
	require.EqualValues(t, 1, others.Load(), "a stage that was done with it got it again")
	require.Zero(t, client.XLen(t.Context(), p.PoisonTopic()).Val())
}

func TestAMessageThatFailsAgainIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client(t)
	transport := transportOn(t, client)
	p := pipeline.New("shop")
	again := pipeline.Source[Order](p, "charge-again")
	pipeline.Sink(again, "charge", func(context.Context, Order) error { return pipeline.Permanent(errors.New("no amount")) })
	running(t, p, transport)
	require.NoError(t, publish(t.Context(), transport, again, orders(0, 3)...))
	waitIdle(t, p, transport)
	seen := 0
	require.NoError(t, poisoned(t.Context(), client, p.PoisonTopic(), func(id string, msg *message.Message) error {
		if seen++; seen > 3 {
			return errors.New("it comes again and again")
		}
		err := putBack(t.Context(), client, p.PoisonTopic(), id, msg, again.Topics()[0])
		waitIdle(t, p, transport)
		return err
	}))
	require.Equal(t, 3, seen)
	require.EqualValues(t, 3, client.XLen(t.Context(), p.PoisonTopic()).Val())
}
