package endpoint_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/alerts/internal/endpoint"
	"github.com/millstream-go/millstream/examples/internal/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ask(handler http.Handler, method, path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(method, path, nil))
	return answer
}

func handler(e *endpoint.Endpoint, checks web.Checks) http.Handler {
	return e.Handler(checks, slog.New(slog.DiscardHandler))
}

func TestMetricsAreThereForPrometheus(t *testing.T) {
	e, err := endpoint.New()
	require.NoError(t, err)
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader))
	counter, err := provider.Meter("test").Int64Counter("things")
	require.NoError(t, err)
	counter.Add(t.Context(), 3)
	answer := ask(handler(e, nil), "GET", "/metrics")
	assert.Equal(t, 200, answer.Code)
	assert.Regexp(t, `things_total\{.*\} 3`, answer.Body.String())
	require.NoError(t, provider.Shutdown(t.Context()))
}

func TestHealthIsWhatTheChecksSay(t *testing.T) {
	e, err := endpoint.New()
	require.NoError(t, err)
	for status, check := range map[int]func(context.Context) error{
		200: func(context.Context) error { return nil },
		503: func(context.Context) error { return errors.New("secret words") },
	} {
		answer := ask(handler(e, web.Checks{"redis": check}), "GET", "/health")
		assert.Equal(t, status, answer.Code)
		assert.Contains(t, answer.Body.String(), `"checks":{"redis":`)
		assert.NotContains(t, answer.Body.String(), "secret")
	}
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	e, err := endpoint.New()
	require.NoError(t, err)
	answer := ask(handler(e, nil), "POST", "/health")
	assert.Equal(t, 405, answer.Code)
	assert.Equal(t, "GET, HEAD", answer.Header().Get("Allow"))
	answer = ask(handler(e, nil), "GET", "/")
	assert.Equal(t, 404, answer.Code)
	assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))
}
