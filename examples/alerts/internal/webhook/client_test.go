package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answering returns a client of a server that answers so.
func answering(t *testing.T, handler http.HandlerFunc) *webhook.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := webhook.New(server.URL + "/")
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

func TestAnAnswerSaysWhetherToTryAgain(t *testing.T) {
	for status, want := range map[int]error{
		200: nil, 204: nil,
		400: alert.ErrRefused, 413: alert.ErrRefused, 422: alert.ErrRefused,
		401: alert.ErrDown, 404: alert.ErrDown, 408: alert.ErrDown, 429: alert.ErrDown, 500: alert.ErrDown, 503: alert.ErrDown,
	} {
		client := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		assert.ErrorIs(t, client.Page(t.Context(), "k", alert.Alert{}), want, status)
		assert.ErrorIs(t, client.Open(t.Context(), "k", alert.Ticket{}), want, status)
	}
}

func TestWhyItIsRefusedIsInTheError(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"detail":"nobody is on call"}`)
	})
	assert.EqualError(t, client.Page(t.Context(), "k", alert.Alert{}), "the notifier refuses it: status 422: nobody is on call")
}

func TestACallHasItsKeyAndItsAlert(t *testing.T) {
	client := answering(t, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "POST /pages", r.Method+" "+r.URL.Path)
		assert.Equal(t, "key-1", r.Header.Get("Idempotency-Key"))
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		assert.Contains(t, string(body), `"id":"a-1"`)
	})
	assert.NoError(t, client.Page(t.Context(), "key-1", alert.Alert{ID: "a-1"}))
}

func TestANotifierThatIsAwayIsDown(t *testing.T) {
	client, err := webhook.New("http://127.0.0.1:1")
	require.NoError(t, err)
	defer client.Close()
	assert.ErrorIs(t, client.Page(t.Context(), "k", alert.Alert{}), alert.ErrDown)
}

func TestALoginPageIsNoNotifier(t *testing.T) {
	client := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/login" {
			http.Redirect(w, r, "/login", http.StatusFound)
		}
	})
	assert.ErrorIs(t, client.Page(t.Context(), "k", alert.Alert{}), alert.ErrDown)
}

func TestANotifierThatHangsIsLeft(t *testing.T) {
	client := answering(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees when the client goes
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, client.Page(ctx, "k", alert.Alert{}), alert.ErrDown)
}

func TestAWrongURLIsSaid(t *testing.T) {
	for _, url := range []string{"", "localhost:80", "ftp://localhost", "http://", "http://localhost?x=y", "://"} {
		_, err := webhook.New(url)
		assert.ErrorContains(t, err, "want one like http://localhost:8090", url)
	}
}
