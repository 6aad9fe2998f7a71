package endpoint_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/alerts/internal/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(handler http.Handler, method, path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(method, path, nil))
	return answer
}

func TestMetricsAreThereForPrometheus(t *testing.T) {
	e, err := endpoint.New()
	require.NoError(t, err)
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader))
	counter, err := provider.Meter("test").Int64Counter("things")
	require.NoError(t, err)
	counter.Add(t.Context(), 3)
	answer := ask(e.Handler(nil), "GET", "/metrics")
	assert.Equal(t, 200, answer.Code)
	assert.Regexp(t, `things_total\{.*\} 3`, answer.Body.String())
	require.NoError(t, provider.Shutdown(t.Context()))
}

func TestHealthIsWhatTheCheckSaysWithinASecond(t *testing.T) {
	e, err := endpoint.New()
	require.NoError(t, err)
	for status, check := range map[int]func(context.Context) error{
		200: func(context.Context) error { return nil },
		503: func(context.Context) error { return errors.New("secret words") },
	} {
		answer := ask(e.Handler(check), "GET", "/health")
		assert.Equal(t, status, answer.Code)
		assert.NotContains(t, answer.Body.String(), "secret")
	}
	begun := time.Now()
	answer := ask(e.Handler(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }), "GET", "/health")
	assert.Equal(t, 503, answer.Code)
	assert.GreaterOrEqual(t, time.Since(begun), time.Second)
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	e, err := endpoint.New()
	require.NoError(t, err)
	answer := ask(e.Handler(nil), "POST", "/health")
	assert.Equal(t, 405, answer.Code)
	assert.Equal(t, "GET, HEAD", answer.Header().Get("Allow"))
	answer = ask(e.Handler(nil), "GET", "/")
	assert.Equal(t, 404, answer.Code)
	assert.JSONEq(t, `{"title":"Not Found","status":404,"detail":"there are /metrics, /health"}`, answer.Body.String())
}
