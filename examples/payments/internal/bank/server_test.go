package bank_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/payments/internal/bank"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve returns a client of a new bank, and its ledger.
func serve(t *testing.T) (*bankapi.Client, *bank.Ledger) {
	t.Helper()
	l := open(t, filepath.Join(t.TempDir(), "ledger"))
	life, end := context.WithCancel(context.Background())
	server := httptest.NewServer(bank.NewServer(life, l, bankapi.Faults{}, slog.New(slog.DiscardHandler)).Handler())
	client := bankapi.NewClient(server.URL, "test")
	t.Cleanup(func() {
		end()
		client.Close()
		server.Close()
	})
	return client, l
}

var order = payment.Order{ID: "pay_1", Customer: "c-1", Amount: payment.Money{Cents: 100, Currency: "EUR"}, Card: "tok_visa"}

func TestABankThatChargesAndNeverAnswersSaysWhatItDidWhenItIsAskedAgain(t *testing.T) {
	client, l := serve(t)
	require.NoError(t, client.SetFaults(t.Context(), bankapi.Faults{Lost: 100}))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := client.Charge(ctx, order)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Len(t, l.Entries(), 1)
	require.NoError(t, client.SetFaults(t.Context(), bankapi.Faults{}))
	chargeID, err := client.Charge(t.Context(), order)
	require.NoError(t, err)
	assert.Equal(t, l.Entries()[0].ChargeID, chargeID)
	assert.Len(t, l.Entries(), 1)
}

func TestTheBanksAnswersAreThoseOfTheDomain(t *testing.T) {
	client, l := serve(t)
	declined := order
	declined.ID, declined.Card = "pay_2", bankapi.CardDeclined
	_, err := client.Charge(t.Context(), declined)
	assert.ErrorIs(t, err, payment.ErrDeclined)

	_, err = client.Charge(t.Context(), order)
	require.NoError(t, err)
	reused := order
	reused.Amount.Cents++
	_, err = client.Charge(t.Context(), reused)
	assert.ErrorIs(t, err, payment.ErrRefused)
	wrong := order
	wrong.ID, wrong.Amount.Cents = "pay_3", 0
	_, err = client.Charge(t.Context(), wrong)
	assert.ErrorIs(t, err, payment.ErrRefused)

	require.NoError(t, client.SetFaults(t.Context(), bankapi.Faults{Error: 100}))
	_, err = client.Charge(t.Context(), order)
	assert.ErrorContains(t, err, "503")
	assert.NotErrorIs(t, err, payment.ErrRefused)
	assert.Error(t, client.SetFaults(t.Context(), bankapi.Faults{Error: 101}))

	entries, err := client.Entries(t.Context())
	require.NoError(t, err)
	assert.Equal(t, l.Entries(), entries)
	assert.Len(t, entries, 2)
}

func TestABankSaysWhatIsWrongWithARequestAndDoesNothing(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger"))
	handler := bank.NewServer(t.Context(), l, bankapi.Faults{}, slog.New(slog.DiscardHandler)).Handler()
	for _, test := range []struct {
		method, path, body string
		says               []string
	}{
		{"PUT", "/faults", `{"slow":101,"lost":"x","speed":1}`, []string{
			`"slow","detail":"must be a share in percent, from 0 to 100, not 101"`, `"lost","detail":"must be a share`, `"speed","detail":"is no field`,
		}},
		{"POST", "/charges", `{"reference":1,"amount":"25.99"}`, []string{`"reference","detail":"must be a text"`, `"amount","detail":"must be an object`}},
		{"POST", "/charges", `{"reference":"pay_1","customer":"a b","amount":{"cents":1,"currency":"EUR"}}`, []string{"the customer is no identifier"}},
	} {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		assert.Equal(t, http.StatusUnprocessableEntity, w.Code, test.body)
		for _, text := range test.says {
			assert.Contains(t, w.Body.String(), text)
		}
	}
	assert.Empty(t, l.Entries())
}

func TestABankWhoseLedgerIsBrokenIsNotWell(t *testing.T) {
	client, l := serve(t)
	require.NoError(t, client.Health(t.Context()))
	require.NoError(t, l.Close())
	_, err := client.Charge(t.Context(), order)
	assert.ErrorContains(t, err, http.StatusText(http.StatusServiceUnavailable))
	assert.Error(t, client.Health(t.Context()))
}
