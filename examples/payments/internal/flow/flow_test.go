package flow_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

// fakeBank does what the card says.
type fakeBank struct {
	mu    sync.Mutex
	calls map[string]int
}

func (b *fakeBank) Charge(_ context.Context, o payment.Order) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[o.ID]++
	switch {
	case o.Card == "declined":
		return "", payment.ErrDeclined
	case o.Card == "refused":
		return "", fmt.Errorf("%w: 422", payment.ErrRefused)
	case o.Card == "flaky" && b.calls[o.ID] < 4:
		return "", errors.New("no answer")
	}
	return "ch_" + o.ID, nil
}

// fakeBooks keep what is booked, and fail at first.
type fakeBooks struct {
	mu     sync.Mutex
	tried  map[string]bool
	booked map[string]payment.Outcome
}

func (b *fakeBooks) Book(_ context.Context, o payment.Outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.tried[o.ID] {
		b.tried[o.ID] = true
		return errors.New("closed")
	}
	if o.ID == "conflict" {
		return payment.ErrConflict
	}
	b.booked[o.ID] = o
	return nil
}

func TestEachAnswerOfTheBankIsAnOutcomeOrForAPersonOrAskedForAgain(t *testing.T) {
	client := server.Client(t)
	require.NoError(t, client.FlushAll(t.Context()).Err())
	transport, err := streams.NewTransport(client, streams.Config{})
	require.NoError(t, err)
	bank := &fakeBank{calls: make(map[string]int)}
	books := &fakeBooks{tried: make(map[string]bool), booked: make(map[string]payment.Outcome)}
	payments := flow.New(bank, books, "p1", slog.New(slog.DiscardHandler))
	// A pipeline of the same name has the same source.
	same := pipeline.New(flow.Name)
	orders, err := pipeline.NewPublisher(pipeline.Source[payment.Order](same, "ordered"), transport)
	require.NoError(t, err)
	defer orders.Close()
	order := func(id, card string) payment.Order {
		return payment.Order{ID: id, Customer: "c-1", Amount: payment.Money{Cents: 100, Currency: "EUR"}, Card: card}
	}
	negative := order("negative", "good")
	negative.Amount.Cents = -1
	require.NoError(t, orders.Publish(t.Context(),
		order("good", "good"), order("declined", "declined"), order("refused", "refused"),
		order("flaky", "flaky"), order("conflict", "good"), negative))

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- payments.Run(ctx, transport) }()
	require.NoError(t, payments.WaitIdle(t.Context(), transport))
	stop()
	require.NoError(t, <-ended)

	states := make(map[string]payment.State)
	for id, outcome := range books.booked {
		states[id] = outcome.State
		assert.Equal(t, "p1", outcome.Processor)
	}
	assert.Equal(t, map[string]payment.State{"good": payment.Charged, "declined": payment.Refused, "flaky": payment.Charged}, states)
	assert.Equal(t, map[string]int{"good": 1, "declined": 1, "refused": 1, "flaky": 4, "conflict": 1}, bank.calls)
	poisoned, err := client.XLen(t.Context(), payments.PoisonTopic()).Result()
	require.NoError(t, err)
	assert.EqualValues(t, 3, poisoned, "refused, conflict and negative are for a person")
}
