package snippets_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/docs/guide/snippets/shop"
	"github.com/millstream-go/millstream/internal/redistest"
)

var (
	metricName = regexp.MustCompile(`\b(?:millstream|messaging)_[a-z_]*(?:total|seconds|_lag|_parked|_pending|_in_flight|_held|_down|_messages)(?:_bucket|_sum|_count)?\b`)
	grouping   = regexp.MustCompile(`by \(([^)]*)\)`)
	ofLabel    = regexp.MustCompile(`\$labels\.(\w+)`)
)

// scraped returns what a worker that has done some work serves to Prometheus.
func scraped(t *testing.T) string {
	t.Helper()
	on := redistest.Start(t)
	_, placed := shop.Compose()
	require.NoError(t, publish(t.Context(), transportOn(t, on.Client(t)), placed, shop.Order{ID: "o-1", Cents: 1}, shop.Order{ID: "o-2"}))
	for range 5 {
		port := freePort(t)
		w := workersOn(t, on)
		w.env = append(w.env, "OTEL_METRICS_EXPORTER=prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST=127.0.0.1", "OTEL_EXPORTER_PROMETHEUS_PORT="+port)
		worker := w.start(t)
		var page string
		await(t, "what it has done is on the page", func() bool {
			select {
			case <-worker.Ended(): // another took the port in the meantime
				return true
			default:
				page = metricsAt(port)
				return strings.Contains(page, "millstream_messages_poisoned_total{") &&
					strings.Contains(page, "millstream_commit_duration_seconds_count{")
			}
		})
		select {
		case <-worker.Ended():
		default:
			return page
		}
	}
	t.Fatal("the worker ends, on each of five ports")
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer free.Close()
	_, port, err := net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	return port
}

// metricsAt returns what is served to Prometheus at a port, empty if that is nothing.
func metricsAt(port string) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%s/metrics", port))
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

func TestTheGuideNamesMetricsAndLabelsThatAWorkerExports(t *testing.T) {
	t.Parallel()
	page := scraped(t)
	labels := func(metric string) string {
		return strings.Join(regexp.MustCompile(`(?m)^`+metric+`\{.*$`).FindAllString(page, -1), "\n")
	}
	texts := map[string]string{"alerts.yml": read(t, "alerts.yml")}
	for _, name := range pages(t) {
		texts[name] = read(t, name)
	}
	for name, text := range texts {
		for _, metric := range metricName.FindAllString(text, -1) {
			require.NotEmpty(t, labels(metric), "%s: no worker exports %s", name, metric)
		}
	}
	for rule := range strings.SplitSeq(texts["alerts.yml"], "- alert: ") {
		by := strings.Join(grouping.FindAllString(rule, -1), " ")
		for _, label := range ofLabel.FindAllStringSubmatch(rule, -1) {
			require.Contains(t, by, label[1], rule)
		}
		for _, names := range grouping.FindAllStringSubmatch(rule, -1) {
			for label := range strings.SplitSeq(names[1], ", ") {
				for _, metric := range metricName.FindAllString(rule, -1) {
					require.Contains(t, labels(metric), label+`="`, metric)
				}
			}
		}
	}
}
