package monitor_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/alerts/internal/monitor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const page = `# TYPE alerts_processed_total counter
alerts_processed_total{outcome="notified",severity="critical"} 5
alerts_processed_total{outcome="gathered",severity="warning"} 7
alerts_processed_total{outcome="notified",severity="warning"} 2
alerts_processed_total{outcome="recorded",severity="info"} 11
# TYPE alerts_retries_total counter
alerts_retries_total{stage="page"} 3
alerts_retries_total{stage="ticket"} 1
# TYPE alerts_latency_seconds histogram
alerts_latency_seconds_bucket{severity="critical",le="1"} 4
alerts_latency_seconds_bucket{severity="critical",le="+Inf"} 5
alerts_latency_seconds_sum{severity="critical"} 2.5
alerts_latency_seconds_count{severity="critical"} 5
alerts_latency_seconds_bucket{severity="warning",le="1"} 2
alerts_latency_seconds_bucket{severity="warning",le="+Inf"} 2
alerts_latency_seconds_sum{severity="warning"} 1
alerts_latency_seconds_count{severity="warning"} 2
# TYPE millstream_group_lag gauge
millstream_group_lag{group="triage"} 4
# TYPE millstream_group_parked gauge
millstream_group_parked{group="page"} 6
# TYPE millstream_group_pending gauge
millstream_group_pending{group="page"} 1
`

func serve(t *testing.T, handler http.HandlerFunc) (*monitor.Client, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client := monitor.New()
	t.Cleanup(client.Close)
	return client, server.URL
}

func TestAScrapeAddsUp(t *testing.T) {
	client, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/metrics", r.URL.Path)
		_, _ = io.WriteString(w, page)
	})
	sample, err := client.Scrape(t.Context(), url)
	require.NoError(t, err)
	assert.Equal(t, monitor.Sample{Processed: 23, Paged: 5, Prompt: 4, Retries: 4, Waiting: 11}, sample)
}

func TestWhatIsWaitingIsNotKnownWhileRedisIsAway(t *testing.T) {
	client, url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		before, _, _ := strings.Cut(page, "# TYPE millstream_group_lag")
		_, _ = io.WriteString(w, before)
	})
	sample, err := client.Scrape(t.Context(), url)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(sample.Waiting))
	assert.EqualValues(t, 23, sample.Processed)
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	client, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, "<html>")
	})
	_, err := client.Scrape(t.Context(), url)
	assert.ErrorContains(t, err, "metrics: ")
	_, err = client.Received(t.Context(), url)
	assert.ErrorContains(t, err, "418")
	assert.ErrorContains(t, client.SetDown(t.Context(), url, true), "418")
}
