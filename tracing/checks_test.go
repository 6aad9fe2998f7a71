package tracing_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/tracing"
)

// wantError checks that an error tells of something.
func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in: %v", text, err)
		}
	}
}

func TestABadValueIsAnErrorThatNamesItsVariable(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "not.pem")
	if err := os.WriteFile(notPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ variable, value, want string }{
		{"OTEL_TRACES_EXPORTER", "zipkin", `"zipkin": unknown exporter or metrics producer: want otlp, console, none`},
		{"OTEL_METRICS_EXPORTER", "otlp,console", "want otlp, console, none, prometheus"},
		{"OTEL_PROPAGATORS", "tracecontext,w3c", "w3c: want tracecontext"},
		{"OTEL_RESOURCE_ATTRIBUTES", "a=b,c", "item 2 is not key=value"},
		{"OTEL_RESOURCE_ATTRIBUTES", "a=50%", "item 1, of a,"},
		{"OTEL_TRACES_SAMPLER", "sometimes", `"sometimes" is unknown: want always_on`},
		{"OTEL_BSP_MAX_QUEUE_SIZE", "-1", "not a whole number from 1 to"},
		{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many", "not a whole number"},
		{"OTEL_BSP_SCHEDULE_DELAY", "0", "not a whole number"},
		{"OTEL_SPAN_LINK_COUNT_LIMIT", "x", "not a whole number"},
		{"OTEL_METRIC_EXPORT_INTERVAL", "60s", "not a whole number"},
		{"OTEL_METRICS_EXEMPLAR_FILTER", "all", "want trace_based"},
		{"OTEL_METRICS_PRODUCERS", "prometheus", "needs OTEL_EXPORTER_OTLP_PROTOCOL=grpc"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317", "does not begin with http://"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://:4317", "no host"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a b", "want a URL such as"},
		{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://host:port", "want a URL such as"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "want grpc, http/protobuf"},
		{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "GRPC", "want grpc, http/protobuf"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "Authorization: Bearer secret", "item 1 is not key=value"},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "not a whole number"},
		{"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "want gzip, none"},
		{"OTEL_EXPORTER_OTLP_INSECURE", "yes", "want true, false"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere", "no such file"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", notPEM, "no certificate in PEM form"},
		{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", notPEM, "needs OTEL_EXPORTER_OTLP_CLIENT_KEY too"},
		{"OTEL_EXPORTER_OTLP_CLIENT_KEY", notPEM, "needs OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE too"},
		{"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both", "want cumulative"},
		{"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "none", "want explicit_bucket_histogram"},
	} {
		t.Run(c.variable+"="+c.value, func(t *testing.T) {
			setenv(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"})
			t.Setenv(c.variable, c.value)
			_, err := tracing.Setup(t.Context(), "orders")
			wantError(t, err, c.variable+": ", c.want)
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("a secret is told: %v", err)
			}
			wantExporting(t, false, false)
		})
	}
}

func TestASamplersArgumentIsChecked(t *testing.T) {
	for _, ratio := range []string{"half", "-0.1", "1.1", "NaN"} {
		setenv(t, map[string]string{
			"OTEL_TRACES_EXPORTER":    "otlp",
			"OTEL_TRACES_SAMPLER":     "parentbased_traceidratio",
			"OTEL_TRACES_SAMPLER_ARG": ratio,
		})
		_, err := tracing.Setup(t.Context(), "orders")
		wantError(t, err, "OTEL_TRACES_SAMPLER_ARG", ratio)
	}
}

func TestAllBadValuesAreReportedTogether(t *testing.T) {
	setenv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "nowhere",
		"OTEL_EXPORTER_OTLP_TIMEOUT":  "long",
		"OTEL_TRACES_SAMPLER":         "none",
	})
	_, err := tracing.Setup(t.Context(), "orders")
	wantError(t, err, "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_TRACES_SAMPLER")
	if n := strings.Count(err.Error(), "OTEL_EXPORTER_OTLP_ENDPOINT"); n != 1 {
		t.Errorf("the endpoint of both signals is reported %d times", n)
	}
}

func TestAValueIsNoFaultIfItsSignalIsOff(t *testing.T) {
	setenv(t, map[string]string{"OTEL_TRACES_SAMPLER": "sometimes", "OTEL_EXPORTER_OTLP_TIMEOUT": "long"})
	setup(t)
	wantExporting(t, false, false)
}

func TestAPasswordInAnEndpointIsNotTold(t *testing.T) {
	for _, endpoint := range []string{"http://user:secret@host:port", "//user:secret@host", "user:secret@host"} {
		setenv(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
		_, err := tracing.Setup(t.Context(), "orders")
		wantError(t, err, "OTEL_EXPORTER_OTLP_ENDPOINT")
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
