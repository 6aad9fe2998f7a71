package shop_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/orders/internal/bank"
	"github.com/millstream-go/millstream/examples/orders/internal/order"
	"github.com/millstream-go/millstream/examples/orders/internal/shop"
	"github.com/millstream-go/millstream/internal/demoredis"
	"github.com/millstream-go/millstream/streams"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// books are a ledger and the bank's book in memory. They count what is recorded,
// and are closed for the first few calls.
type books struct {
	mu      sync.Mutex
	closed  int
	records map[string]int
}

func (b *books) record(format string, args ...any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed > 0 {
		b.closed--
		return fmt.Errorf("closed for today: %w", order.ErrUnavailable)
	}
	b.records[fmt.Sprintf(format, args...)]++
	return nil
}

func (b *books) Charge(_ context.Context, id string, cents int64) error {
	return b.record("charge %s %d", id, cents)
}

func (b *books) Ship(_ context.Context, s order.Shipment) error {
	return b.record("ship %s %s", s.OrderID, s.Speed)
}

func (b *books) SendReceipt(_ context.Context, r order.Receipt) error {
	return b.record("receipt %s %d", r.OrderID, r.Cents)
}

func (b *books) Decline(_ context.Context, d order.Declined) error {
	return b.record("decline %s", d.ID)
}

// process runs lines through a pipeline and returns what was recorded and the
// reasons of what was poisoned.
func process(t *testing.T, b *books, lines ...string) (recorded map[string]int, poisoned []string) {
	t.Helper()
	client, stop, err := demoredis.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	b.records = make(map[string]int)
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := shop.New(bank.New(b), b, logger)
	transport, err := streams.NewTransport(client, streams.Config{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		if err := publisher.Publish(s.Placed, message.NewMessage(fmt.Sprint(i), []byte(line))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Pipeline.Run(ctx, transport) }()
	if err := s.Pipeline.WaitIdle(ctx, transport); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := publisher.Close(); err != nil {
		t.Error(err)
	}
	entries, err := client.XRange(t.Context(), s.Pipeline.PoisonTopic(), "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		poisoned = append(poisoned, fmt.Sprint(entry.Values["metadata"]))
	}
	return b.records, poisoned
}

func line(id, card string, cents int) string {
	return fmt.Sprintf(`{"id":%q,"customer":"a@b.c","lines":[{"sku":"mug","quantity":1,"unit_cents":%d}],"card":%q}`, id, cents, card)
}

func TestShop(t *testing.T) {
	recorded, poisoned := process(t, &books{},
		line("", "tok_visa", 1),
		line("o-1", "tok_visa", 9999),
		line("o-1", "tok_visa", 77),
		line("o-2", "tok_flaky", 10000),
		line("o-3", "tok_declined", 5),
		line("o-1", "tok_declined", -1), // invalid is invalid, also with the id of an accepted order
		"nonsense",
		line("o-4", "", -1),
		line("o-4", "", 0), // the invalid one left the id free
	)
	want := map[string]int{
		"charge o-1 9999": 1, "ship o-1 standard": 1, "receipt o-1 9999": 1,
		"charge o-2 10000": 1, "ship o-2 express": 1, "receipt o-2 10000": 1,
		"decline o-3":  1,
		"charge o-4 0": 1, "ship o-4 standard": 1, "receipt o-4 0": 1,
	}
	if !maps.Equal(recorded, want) {
		t.Errorf("recorded %v\nwant %v", recorded, want)
	}
	for i, reason := range []string{
		"order has no id",
		"order o-1: line 1: price must not be negative, got -1 cents",
		"not JSON: invalid character 'o' in literal null",
		"order o-4: line 1: price must not be negative, got -1 cents",
	} {
		if i >= len(poisoned) || !strings.Contains(poisoned[i], reason) {
			t.Errorf("no poison because %s", reason)
		}
	}
	if len(poisoned) != 4 {
		t.Errorf("poisoned %q", poisoned)
	}
}

// TestClosedBooksAreWaitedFor has more failures in a row than the charge stage
// has tries.
func TestClosedBooksAreWaitedFor(t *testing.T) {
	recorded, poisoned := process(t, &books{closed: 30},
		line("o-1", "tok_visa", 1), line("o-2", "tok_flaky", 1), line("o-3", "tok_declined", 1), line("o-4", "tok_visa", 1), line("o-5", "tok_visa", 1),
	)
	if len(poisoned) > 0 {
		t.Errorf("poisoned %q", poisoned)
	}
	want := []string{"decline o-3"}
	for _, id := range []string{"o-1", "o-2", "o-4", "o-5"} {
		want = append(want, "charge "+id+" 1", "ship "+id+" standard", "receipt "+id+" 1")
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(recorded)); !slices.Equal(got, want) {
		t.Errorf("recorded %q\nwant %q", got, want)
	}
}

func TestComposition(t *testing.T) {
	s := shop.New(nil, nil, nil)
	if err := s.Pipeline.Check(); err != nil {
		t.Error(err)
	}
	if s.Placed != "{orders}:placed" || len(s.Stages) != 7 {
		t.Errorf("got %+v", s)
	}
	for _, stage := range s.Stages {
		if !strings.HasPrefix(stage.Input, shop.Prefix) {
			t.Errorf("stage %s reads %s, which is not below %s", stage.Name, stage.Input, shop.Prefix)
		}
	}
}
