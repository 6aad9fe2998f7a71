package ledger_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/ledger"
	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

func newLedger(t *testing.T) (*ledger.Ledger, *miniredis.Miniredis) {
	t.Helper()
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return ledger.New(client, "{orders}:ledger:"), server
}

func TestTheFirstRecordStays(t *testing.T) {
	books, server := newLedger(t)
	ctx := t.Context()
	for i := range int64(3) {
		for _, err := range []error{
			books.Charge(ctx, "o-1", 995+i),
			books.Ship(ctx, order.Shipment{OrderID: "o-1", Customer: "a@b.c", Speed: order.Express}),
			books.Ship(ctx, order.Shipment{OrderID: "o-2", Customer: "a@b.c", Speed: order.Standard}),
			books.SendReceipt(ctx, order.Receipt{OrderID: "o-1", Customer: "a@b.c", Cents: 995 + i}),
			books.Decline(ctx, order.Declined{ID: "o-3", TotalCents: 7 + i}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, want := range [][3]string{
		{"{orders}:ledger:charges", "o-1", `995`},
		{"{orders}:ledger:express", "o-1", `{"order":"o-1","customer":"a@b.c","speed":"express"}`},
		{"{orders}:ledger:standard", "o-2", `{"order":"o-2","customer":"a@b.c","speed":"standard"}`},
		{"{orders}:ledger:receipts", "o-1", `{"order":"o-1","customer":"a@b.c","cents":995}`},
		{"{orders}:ledger:declined", "o-3", `{"id":"o-3","customer":"","total_cents":7}`},
	} {
		if got := server.HGet(want[0], want[1]); got != want[2] {
			t.Errorf("%s %s is %s, want %s", want[0], want[1], got, want[2])
		}
	}
	checkBalance(t, books, "995", 1)
}

func TestBalanceOfNothing(t *testing.T) {
	books, _ := newLedger(t)
	checkBalance(t, books, "0", 0)
}

func TestBalanceBeyond64Bits(t *testing.T) {
	books, _ := newLedger(t)
	for _, id := range []string{"o-1", "o-2", "o-3"} {
		if err := books.Charge(t.Context(), id, math.MaxInt64); err != nil {
			t.Fatal(err)
		}
	}
	balance, err := books.Balance(t.Context())
	if err != nil || balance.Charged != 3 || balance.ChargedCents.String() != "27670116110564327421" {
		t.Errorf("got %+v, %v", balance, err)
	}
}

func TestUnavailable(t *testing.T) {
	books, server := newLedger(t)
	server.Close()
	if err := books.Charge(t.Context(), "o-1", 1); !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, order.ErrUnavailable)
	}
	if _, err := books.Balance(t.Context()); err == nil {
		t.Error("a balance was read from nowhere")
	}
}

func TestBalanceOfSomethingElse(t *testing.T) {
	books, server := newLedger(t)
	server.HSet("{orders}:ledger:charges", "o-1", "a lot")
	if balance, err := books.Balance(t.Context()); err == nil {
		t.Errorf("got %+v, want an error", balance)
	}
}

// checkBalance expects the same count in each book.
func checkBalance(t *testing.T, books *ledger.Ledger, cents string, count int64) {
	t.Helper()
	balance, err := books.Balance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := balance.ChargedCents.String(); got != cents {
		t.Errorf("%s cents charged, want %s", got, cents)
	}
	balance.ChargedCents = nil
	want := ledger.Balance{Charged: count, Declined: count, Express: count, Standard: count, Receipts: count}
	if !reflect.DeepEqual(balance, want) {
		t.Errorf("balance %+v, want %+v", balance, want)
	}
}
