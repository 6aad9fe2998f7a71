package report

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/ledger"
	"github.com/millstream-go/millstream/examples/orders/internal/order"
	"github.com/millstream-go/millstream/pipeline"
)

// newSource returns the source of a report on a pipeline of two stages.
func newSource(t *testing.T) Source {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return Source{
		Client: client, Ledger: ledger.New(client, "ledger:"),
		Validate: "validate", Poison: "poison",
		Stages: []Stage{
			{Name: "validate", Input: "placed", Group: "validate", Outputs: []Flow{{"accepted", "accepted"}}},
			{Name: "receipt", Input: "accepted", Group: "receipt"},
		},
	}
}

// add adds n messages with the metadata to a topic.
func (s Source) add(t *testing.T, topic string, n int, metadata message.Metadata) {
	t.Helper()
	msg := message.NewMessage("id", []byte("{}"))
	msg.Metadata = metadata
	values, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal(topic, msg)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := s.Client.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func poisoned(kind, stage, reason string) message.Metadata {
	return message.Metadata{
		pipeline.PoisonKind: kind, pipeline.PoisonHandler: stage, pipeline.PoisonReason: reason, "line": "7",
	}
}

// take reads n entries of a topic as a group and acknowledges all but pending.
func (s Source) take(t *testing.T, topic, group string, n, pending int64) {
	t.Helper()
	ctx := t.Context()
	if err := s.Client.XGroupCreateMkStream(ctx, topic, group, "0").Err(); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return
	}
	read, err := s.Client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: group, Consumer: "c", Streams: []string{topic, ">"}, Count: n,
	}).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range read[0].Messages[pending:] {
		if err := s.Client.XAck(ctx, topic, group, entry.ID).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func (s Source) collect(t *testing.T, read int) Report {
	t.Helper()
	r, err := s.Collect(t.Context(), read)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCollectNothing(t *testing.T) {
	s := newSource(t)
	want := Report{
		Poison: "poison",
		Totals: Totals{ChargedCents: "0"},
		Stages: []Progress{{Name: "validate", Passed: []Passed{{"accepted", 0}}}, {Name: "receipt", Sink: true}},
	}
	if got := s.collect(t, 0); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCollect(t *testing.T) {
	s := newSource(t)
	s.add(t, "placed", 100, nil)
	s.take(t, "placed", "validate", 70, 3)
	s.add(t, "accepted", 40, nil) // nobody reads them yet
	s.add(t, "poison", 5, poisoned(pipeline.KindMalformed, "validate", "the payload cannot be decoded: no"))
	s.add(t, "poison", 2, poisoned(pipeline.KindPermanent, "validate", "order o-1: line 1: has no sku"))
	s.add(t, "poison", 1, poisoned(pipeline.KindPermanent, "validate", "order o-2: line 2: has no sku"))
	s.add(t, "poison", 4, poisoned(pipeline.KindPermanent, "receipt", "no paper"))
	s.add(t, "poison", 6, poisoned(pipeline.KindExhausted, "validate", "no answer"))
	if err := s.Client.XAdd(t.Context(), &redis.XAddArgs{Stream: "poison", Values: []string{"some", "thing"}}).Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"o-1", "o-2"} {
		if err := s.Ledger.Charge(t.Context(), id, 10); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Ledger.Ship(t.Context(), order.Shipment{OrderID: "o-1", Speed: order.Express}); err != nil {
		t.Fatal(err)
	}

	r := s.collect(t, 100)
	if want := (Totals{
		Read: 100, Malformed: 5, Invalid: 3, Poisoned: 19, Charged: 2, ChargedCents: "20", Express: 1,
	}); r.Totals != want {
		t.Errorf("totals %+v, want %+v", r.Totals, want)
	}
	wantStages := []Progress{
		{Name: "validate", Received: 100, Waiting: 33, Poisoned: 14, Dropped: 13, Passed: []Passed{{"accepted", 40}}},
		{Name: "receipt", Received: 40, Waiting: 40, Poisoned: 4, Sink: true},
	}
	if !reflect.DeepEqual(r.Stages, wantStages) {
		t.Errorf("stages %+v, want %+v", r.Stages, wantStages)
	}
	var reasons []string
	for _, p := range r.Poisons {
		reasons = append(reasons, p.Reason)
	}
	if got := strings.Join(reasons[1:], "; "); got != "no; no paper; line N: has no sku; no answer" {
		t.Errorf("reasons %s", got)
	}
	if sku := r.Poisons[3]; sku.Count != 3 || len(sku.Examples) != 3 || sku.Examples[2] != (Example{"7", "order o-2: line 2: has no sku"}) {
		t.Errorf("got %+v", sku)
	}
}

func TestCollectFailsWithoutRedis(t *testing.T) {
	s := newSource(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := s.Collect(ctx, 1); err == nil {
		t.Errorf("got %+v, want an error", r)
	}
}
