package intake_test

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/examples/payments/internal/intake"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
	"github.com/millstream-go/millstream/internal/redistest"
)

var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

func order(id string) payment.Order {
	return payment.Order{ID: id, Customer: "c-1", Amount: payment.Money{Cents: 100, Currency: "EUR"}, Card: "tok_visa"}
}

// newDesk returns a desk on an empty Redis, and its books.
func newDesk(t *testing.T) (*intake.Desk, *books.Books) {
	t.Helper()
	client := server.Client(t)
	require.NoError(t, client.FlushAll(t.Context()).Err())
	kept := books.New(client, flow.Prefix)
	desk, err := intake.NewDesk(client, kept, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Close()) })
	return desk, kept
}

func sent(t *testing.T) int64 {
	t.Helper()
	n, err := server.Client(t).XLen(t.Context(), flow.Ordered).Result()
	require.NoError(t, err)
	return n
}

func TestAnOrderThatIsPlacedByManyAtOnceIsInTheStreamOnce(t *testing.T) {
	desk, kept := newDesk(t)
	var placing sync.WaitGroup
	for range 8 {
		placing.Go(func() { assert.NoError(t, desk.Place(t.Context(), order("pay_1"))) })
	}
	placing.Wait()
	assert.EqualValues(t, 1, sent(t))
	unsent, err := kept.Unsent(t.Context())
	require.NoError(t, err)
	assert.Empty(t, unsent)
	other := order("pay_1")
	other.Amount.Cents++
	assert.ErrorIs(t, desk.Place(t.Context(), other), books.ErrAnother)
}

func TestWhatIsKnownToBeInTheStreamIsNotSentAgainEvenAfterItsMarkIsGone(t *testing.T) {
	desk, _ := newDesk(t)
	require.NoError(t, desk.Place(t.Context(), order("pay_1")))
	client := server.Client(t)
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	forgotten := 0
	for _, key := range keys { // a day later the publisher has forgotten what it sent
		if ttl := client.TTL(t.Context(), key).Val(); ttl > 0 {
			require.NoError(t, client.Del(t.Context(), key).Err())
			forgotten++
		}
	}
	require.NotZero(t, forgotten)
	require.NoError(t, desk.Place(t.Context(), order("pay_1")))
	assert.EqualValues(t, 1, sent(t))
}

func TestWhatWasTakenOnAndNotSentIsSentLaterOnce(t *testing.T) {
	desk, kept := newDesk(t)
	require.NoError(t, desk.Place(t.Context(), order("pay_sent")))
	// One api died before it could send an order, another before it noted that it had.
	_, err := kept.Accept(t.Context(), order("pay_unsent"))
	require.NoError(t, err)
	require.NoError(t, server.Client(t).HSet(t.Context(), flow.Prefix+"unsent", "pay_sent",
		`{"id":"pay_sent","customer":"c-1","amount":{"cents":100,"currency":"EUR"},"card":"tok_visa"}`).Err())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		desk.SendUnsent(ctx, 10*time.Millisecond)
	}()
	apptest.Await(t, "all is sent", func() bool {
		unsent, err := kept.Unsent(t.Context())
		return err == nil && len(unsent) == 0
	})
	stop()
	<-ended
	assert.EqualValues(t, 2, sent(t))
}
