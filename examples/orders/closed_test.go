package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/orders/internal/bank"
	"github.com/millstream-go/millstream/examples/orders/internal/ledger"
	"github.com/millstream-go/millstream/examples/orders/internal/order"
	"github.com/millstream-go/millstream/examples/orders/internal/shop"
	"github.com/millstream-go/millstream/internal/otlptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

// closedBooks are a ledger that ships nothing for two calls.
type closedBooks struct {
	*ledger.Ledger
	calls atomic.Int32
}

func (b *closedBooks) Ship(ctx context.Context, s order.Shipment) error {
	if b.calls.Add(1) <= 2 {
		return fmt.Errorf("closed for today: %w", order.ErrUnavailable)
	}
	return b.Ledger.Ship(ctx, s)
}

// runWithClosedBooks runs orders in this process.
func runWithClosedBooks(t *testing.T, collector *otlptest.Collector, orders string) {
	t.Helper()
	for _, variable := range to(collector) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	shutdown, err := app.Telemetry(t.Context(), "orders", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	client := redistest.Start(t).Client(t)
	books := &closedBooks{Ledger: ledger.New(client, shop.Prefix+"ledger:")}
	logger := slog.New(slog.DiscardHandler)
	if _, err := process(t.Context(), client, shop.New(bank.New(books.Ledger), books, logger), strings.NewReader(orders), logger); err != nil {
		t.Error(err)
	}
	shutdown()
}
