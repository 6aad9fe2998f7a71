package books_test

import (
	"math"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
	"github.com/millstream-go/millstream/internal/redistest"
)

var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

// newBooks returns empty books.
func newBooks(t *testing.T) *books.Books {
	t.Helper()
	client := server.Client(t)
	require.NoError(t, client.FlushAll(t.Context()).Err())
	return books.New(client, prefix)
}

const prefix = "{test}:"

func order(id string, cents int64) payment.Order {
	return payment.Order{ID: id, Customer: "c-1", Amount: payment.Money{Cents: cents, Currency: "EUR"}, Card: "tok_visa"}
}

func TestAnOrderIsTakenOnOnce(t *testing.T) {
	b := newBooks(t)
	accept := func() bool {
		toSend, err := b.Accept(t.Context(), order("pay_1", 100))
		require.NoError(t, err)
		return toSend
	}
	for range 2 {
		assert.True(t, accept())
	}
	_, err := b.Accept(t.Context(), order("pay_1", 101))
	require.ErrorIs(t, err, books.ErrAnother)
	unsent, err := b.Unsent(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []payment.Order{order("pay_1", 100)}, unsent)
	require.NoError(t, b.Sent(t.Context(), "pay_1"))
	assert.False(t, accept())
	unsent, err = b.Unsent(t.Context())
	require.NoError(t, err)
	assert.Empty(t, unsent, "what was sent is not to be sent again")
}

func TestAnOutcomeIsBookedOnceHoweverManySayIt(t *testing.T) {
	b := newBooks(t)
	_, err := b.Accept(t.Context(), order("pay_1", 100))
	require.NoError(t, err)
	var booking sync.WaitGroup
	for _, processor := range []string{"p1", "p2", "p3"} {
		booking.Go(func() {
			for range 5 {
				assert.NoError(t, b.Book(t.Context(), payment.Outcome(order("pay_1", 100).Settled("ch_1", processor))))
			}
		})
	}
	booking.Wait()
	for _, other := range []payment.Outcome{
		payment.Outcome(order("pay_1", 100).Settled("ch_2", "p1")),
		payment.Outcome(order("pay_1", 101).Settled("ch_1", "p1")),
		payment.Outcome(order("pay_1", 100).Declined("p1")),
	} {
		assert.ErrorIs(t, b.Book(t.Context(), other), payment.ErrConflict)
	}
	contents, err := b.Read(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []books.Balance{
		{Account: "customer:c-1", Amount: payment.Money{Cents: -100, Currency: "EUR"}},
		{Account: "merchant", Amount: payment.Money{Cents: 100, Currency: "EUR"}},
	}, contents.Balances)
	assert.Len(t, contents.Shares, 1)
	found, err := b.Find(t.Context(), "pay_1")
	require.NoError(t, err)
	assert.Equal(t, payment.Charged, found.State)
}

func TestADeclinedPaymentMovesNothing(t *testing.T) {
	b := newBooks(t)
	require.NoError(t, b.Book(t.Context(), payment.Outcome(order("pay_1", 100).Declined("p1"))))
	contents, err := b.Read(t.Context())
	require.NoError(t, err)
	assert.Empty(t, contents.Balances)
	assert.Equal(t, map[string]int64{"p1": 1}, contents.Shares)
}

func TestAnAccountThatWouldOverflowLeavesAllAsItWas(t *testing.T) {
	b := newBooks(t)
	const almost = math.MaxInt64 - 50
	require.NoError(t, server.Client(t).HSet(t.Context(), prefix+"balances", "merchant:EUR", int64(almost)).Err())
	err := b.Book(t.Context(), payment.Outcome(order("pay_1", 100).Settled("ch_1", "p1")))
	require.ErrorContains(t, err, "overflow")
	contents, err := b.Read(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []books.Balance{
		{Account: "customer:c-1", Amount: payment.Money{Cents: 0, Currency: "EUR"}},
		{Account: "merchant", Amount: payment.Money{Cents: almost, Currency: "EUR"}},
	}, contents.Balances)
	assert.Empty(t, contents.Outcomes)
}

func TestAnUnknownPaymentIsSaidToBe(t *testing.T) {
	_, err := newBooks(t).Find(t.Context(), "pay_none")
	assert.ErrorIs(t, err, books.ErrUnknown)
}
