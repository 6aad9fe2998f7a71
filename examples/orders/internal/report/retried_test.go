package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

// charge adds a charged order, with nothing but an id and a total of nothing.
func (s Source) charge(t *testing.T, id, attempt, traceparent string) {
	t.Helper()
	msg := message.NewMessage(id, fmt.Appendf(nil, `{"id":%q}`, id))
	msg.Metadata = message.Metadata{AttemptKey: attempt, "traceparent": traceparent}
	values, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal("charged", msg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Client.XAdd(t.Context(), &redis.XAddArgs{Stream: "charged", Values: values}).Err(); err != nil {
		t.Fatal(err)
	}
}

func traceparent(n int, flags string) string {
	return fmt.Sprintf("00-%032x-%016x-%s", n, n, flags)
}

func newTracedSource(t *testing.T) Source {
	t.Helper()
	before := otel.GetTextMapPropagator()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t.Cleanup(func() { otel.SetTextMapPropagator(before) })
	s := newSource(t)
	s.Charged = "charged"
	return s
}

func TestTheLatestOrderThatWasRetriedAndShippedIsShown(t *testing.T) {
	s := newTracedSource(t)
	s.charge(t, "an early one", "2", traceparent(1, "01"))
	s.charge(t, "o-2", "3", traceparent(2, "01"))
	if err := s.Client.XAdd(t.Context(), &redis.XAddArgs{Stream: "charged", Values: []string{"some", "thing"}}).Err(); err != nil {
		t.Fatal(err)
	}
	s.charge(t, "not recorded", "2", traceparent(3, "00"))
	s.charge(t, "not traced", "2", "")
	s.charge(t, "not retried", "", traceparent(4, "01"))
	for i := range 50 { // more than a page
		s.charge(t, "not shipped", "2", traceparent(5+i, "01"))
	}
	for _, id := range []string{"an early one", "o-2", "not recorded", "not traced", "not retried"} {
		if err := s.Ledger.Ship(t.Context(), order.Shipment{OrderID: id, Speed: order.Standard}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Retried(t.Context(), "http://jaeger")
	if err != nil || got == nil {
		t.Fatalf("got %v, %v", got, err)
	}
	id := strings.Repeat("0", 31) + "2"
	if want := (Retried{Order: "o-2", Attempt: 3, TraceID: id, URL: "http://jaeger/trace/" + id}); *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

func TestNoOrderIsShownIfNoneWasRetried(t *testing.T) {
	s := newTracedSource(t)
	s.charge(t, "o-1", "", traceparent(1, "01"))
	if got, err := s.Retried(t.Context(), "http://jaeger"); got != nil || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnOrderThatWasRetriedIsInBothForms(t *testing.T) {
	r := Report{Poison: "{orders}:poison", Totals: Totals{ChargedCents: "0"}, Retried: &Retried{
		Order: "o-1954", Attempt: 3, TraceID: "e1afa8b99f9253925928d070c4e0709d",
		URL: "http://localhost:16686/trace/e1afa8b99f9253925928d070c4e0709d",
	}}
	checkTable(t, r, "testdata/retried.golden")
	var out strings.Builder
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	want := `"receipts":0,"retried":{"order":"o-1954","charged_at_attempt":3,"trace_id":"e1afa8b99f9253925928d070c4e0709d",` +
		`"trace_url":"http://localhost:16686/trace/e1afa8b99f9253925928d070c4e0709d"}}` + "\n"
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %s, want it to end in %s", out.String(), want)
	}
}
