package tracing_test

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/internal/otlptest"
	"github.com/millstream-go/millstream/tracing"
)

var metricsURL = regexp.MustCompile(`http://\S+/metrics`)

func TestPrometheusFindsTheMetricsUntilShutdown(t *testing.T) {
	setenv(t, map[string]string{"OTEL_SERVICE_NAME": "named"})
	var said log
	shutdown := setup(t, tracing.WithPrometheus("127.0.0.1:0"), tracing.WithLogger(said.logger()))
	wantExporting(t, false, true)
	count(t)
	url := metricsURL.FindString(said.String())
	page := get(t, url, http.StatusOK)
	for _, want := range []string{"things_total{", "target_info{", `service_name="named"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not on the page:\n%s", want, page)
		}
	}
	get(t, strings.TrimSuffix(url, "metrics"), http.StatusNotFound)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("metrics are still served")
	}
	wantExporting(t, false, false)
}

func TestPrometheusIsBesideACollector(t *testing.T) {
	collector := otlptest.Start(t)
	setenv(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTPEndpoint()})
	var said log
	shutdown := setup(t, tracing.WithPrometheus("127.0.0.1:0"), tracing.WithLogger(said.logger()))
	count(t)
	if page := get(t, metricsURL.FindString(said.String()), http.StatusOK); !strings.Contains(page, "things_total{") {
		t.Errorf("the counter is not on the page:\n%s", page)
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	collector.WaitForMetrics(t, "the counter", otlptest.AtLeast[otlptest.Metric](1))
}

func TestAPortThatIsTakenIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, addr := range []string{taken.Addr().String(), "nonsense", ""} {
		setenv(t, nil)
		_, err := tracing.Setup(t.Context(), "orders", tracing.WithPrometheus(addr))
		wantError(t, err, "serve metrics for Prometheus", addr)
		wantExporting(t, false, false)
	}
}

func get(t *testing.T, url string, status int) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		t.Errorf("%s answers %s, want %d", url, response.Status, status)
	}
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
