package intake_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/intake"
	"github.com/millstream-go/millstream/internal/redistest"
)

// words keeps what is logged.
type words struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func some(n int) []alert.Alert {
	alerts := make([]alert.Alert, n)
	for i := range alerts {
		alerts[i] = alert.Alert{
			ID: fmt.Sprint("a-", i), Severity: alert.Info, Host: "h", Service: "s", Summary: "up", RaisedAt: time.Now().UTC(),
		}
	}
	return alerts
}

func TestAnAlertThatIsSentTwiceIsPublishedOnce(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client(t)
	p, err := intake.NewPublisher(client, "topic", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, p.Publish(t.Context(), some(3)...))
	require.NoError(t, p.Publish(t.Context(), some(5)...))
	assert.EqualValues(t, 5, client.XLen(t.Context(), "topic").Val())
}

func TestAlertsWaitForRedisAndAreThenThereOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.AOF())
	client := server.Client(t)
	var said words
	p, err := intake.NewPublisher(client, "topic", slog.New(slog.NewTextHandler(&said, nil)))
	require.NoError(t, err)
	defer p.Close()
	require.NoError(t, p.Publish(t.Context(), some(2)...))
	server.Kill(t)
	published := make(chan error, 1)
	go func() { published <- p.Publish(t.Context(), some(4)...) }()
	for !strings.Contains(said.String(), "they wait") {
		select {
		case err := <-published:
			t.Fatalf("published without Redis: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	server.Restart(t)
	require.NoError(t, <-published)
	assert.EqualValues(t, 4, client.XLen(t.Context(), "topic").Val())
	assert.Equal(t, 2, strings.Count(said.String(), "level="), "the outage and its end: %s", said.String())
}

func TestAProducerThatIsToEndDoesNotWaitForRedisForEver(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client(t)
	p, err := intake.NewPublisher(client, "topic", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer p.Close()
	server.Kill(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorContains(t, p.Publish(ctx, some(3)...), "3 alerts were not acknowledged")
}

func TestWithoutPermissionNothingIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client(t)
	require.NoError(t, client.Do(t.Context(), "ACL", "SETUSER", "default", "-xadd").Err())
	p, err := intake.NewPublisher(client, "topic", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer p.Close()
	assert.ErrorContains(t, p.Publish(t.Context(), some(1)...), "no permission")
}
