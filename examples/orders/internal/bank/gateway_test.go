package bank

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

// book is a Book in memory.
type book struct {
	mu      sync.Mutex
	charges map[string]int64
	err     error
}

func (b *book) Charge(ctx context.Context, orderID string, cents int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if _, ok := b.charges[orderID]; !ok {
		b.charges[orderID] = cents
	}
	return ctx.Err()
}

func newGateway() (*Gateway, *book) {
	b := &book{charges: make(map[string]int64)}
	return New(b), b
}

func payment(card string) order.Payment {
	return order.Payment{OrderID: "o-1", Card: card, Cents: 995}
}

func TestAnyOtherCard(t *testing.T) {
	gateway, book := newGateway()
	for _, card := range []string{"tok_visa", "", "tok_flaky2"} {
		if err := gateway.Charge(t.Context(), payment(card)); err != nil {
			t.Errorf("card %q: %v", card, err)
		}
	}
	if want := map[string]int64{"o-1": 995}; !maps.Equal(book.charges, want) {
		t.Errorf("charges %v, want %v", book.charges, want)
	}
}

func TestDeclined(t *testing.T) {
	gateway, book := newGateway()
	if err := gateway.Charge(t.Context(), payment(CardDeclined)); !errors.Is(err, order.ErrDeclined) {
		t.Errorf("got %v, want %v", err, order.ErrDeclined)
	}
	if len(book.charges) != 0 {
		t.Errorf("charged %v", book.charges)
	}
}

func TestFlakyFailsTwiceForEachOrder(t *testing.T) {
	gateway, book := newGateway()
	var orders sync.WaitGroup
	for i := range 50 {
		orders.Go(func() {
			p := order.Payment{OrderID: strconv.Itoa(i), Card: CardFlaky, Cents: 1}
			for try := 1; try <= 3; try++ {
				if err := gateway.Charge(t.Context(), p); (err == nil) != (try == 3) {
					t.Errorf("order %d, try %d: %v", i, try, err)
				}
			}
		})
	}
	orders.Wait()
	if len(book.charges) != 50 {
		t.Errorf("%d orders charged, want 50", len(book.charges))
	}
	if len(gateway.failures) != 0 {
		t.Errorf("still remembered: %v", gateway.failures)
	}
}

func TestFlakyStaysMendedWhenTheBookFails(t *testing.T) {
	gateway, book := newGateway()
	for range flakyFailures {
		_ = gateway.Charge(t.Context(), payment(CardFlaky))
	}
	book.err = order.ErrUnavailable
	if err := gateway.Charge(t.Context(), payment(CardFlaky)); !errors.Is(err, order.ErrUnavailable) {
		t.Fatalf("got %v, want the book's error", err)
	}
	book.err = nil
	if err := gateway.Charge(t.Context(), payment(CardFlaky)); err != nil {
		t.Fatal(err)
	}
}

func TestDownNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway, book := newGateway()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		err := gateway.Charge(ctx, payment(CardDown))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("got %v after %v, want no answer for an hour", err, time.Since(start))
		}
		if len(book.charges) != 0 {
			t.Errorf("charged %v", book.charges)
		}
	})
}

func TestMoneyTakenIsWrittenDown(t *testing.T) {
	gateway, book := newGateway()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := gateway.Charge(ctx, payment("tok_visa")); err != nil || len(book.charges) != 1 {
		t.Errorf("got %v with charges %v", err, book.charges)
	}
}
