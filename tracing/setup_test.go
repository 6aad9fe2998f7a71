package tracing_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/otlptest"
	"github.com/millstream-go/millstream/tracing"
)

func TestNothingIsExportedThatTheEnvironmentDoesNotAskFor(t *testing.T) {
	const nobody = "http://127.0.0.1:1"
	for name, c := range map[string]struct {
		env             map[string]string
		traces, metrics bool
	}{
		"nothing set":       {},
		"only a name":       {env: map[string]string{"OTEL_SERVICE_NAME": "x", "OTEL_TRACES_SAMPLER": "always_on"}},
		"a common endpoint": {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": nobody}, traces: true, metrics: true},
		"traces' endpoint":  {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": nobody}, traces: true},
		"metrics' endpoint": {env: map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": nobody}, metrics: true},
		"traces by name":    {env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, traces: true},
		"metrics by name":   {env: map[string]string{"OTEL_METRICS_EXPORTER": "otlp"}, metrics: true},
		"no metrics":        {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": nobody, "OTEL_METRICS_EXPORTER": "none"}, traces: true},
		"no traces":         {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": nobody, "OTEL_TRACES_EXPORTER": "none"}, metrics: true},
		"disabled":          {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": nobody, "OTEL_SDK_DISABLED": "True"}},
		"disabled and bad":  {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "nonsense", "OTEL_SDK_DISABLED": "true"}},
		"not disabled":      {env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "false"}, traces: true},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, c.env)
			shutdown := setup(t)
			wantExporting(t, c.traces, c.metrics)
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // nobody listens, so there is nothing to wait for
			err := shutdown(ctx)
			if !c.metrics && err != nil {
				t.Errorf("shut down with no spans: %v", err)
			}
			wantExporting(t, false, false)
		})
	}
}

func TestTracesAndMetricsReachACollector(t *testing.T) {
	for name, env := range map[string]func(*otlptest.Collector) map[string]string{
		"by gRPC": func(c *otlptest.Collector) map[string]string {
			return map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": c.Endpoint(),
				"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
			}
		},
		"by HTTP, as the protocol says": func(c *otlptest.Collector) map[string]string {
			return map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTPEndpoint(),
				"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
			}
		},
		"by HTTP, with no protocol set": func(c *otlptest.Collector) map[string]string {
			return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.HTTPEndpoint()}
		},
		"each its own way": func(c *otlptest.Collector) map[string]string {
			return map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT":         "http://127.0.0.1:1",
				"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":  c.Endpoint(),
				"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL":  "grpc",
				"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": c.HTTPEndpoint() + "/v1/metrics",
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			collector := otlptest.Start(t)
			setenv(t, env(collector))
			reach(t, collector)
		})
	}
}

func TestPort4317IsSpokenToByGRPC(t *testing.T) {
	var collector *otlptest.Collector
	for _, host := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		listener, err := net.Listen("tcp", host+":4317")
		if err == nil {
			collector = otlptest.StartOn(t, listener)
			break
		}
	}
	if collector == nil {
		t.Skip("port 4317 is taken on this machine, perhaps by a collector")
	}
	setenv(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.Endpoint()})
	reach(t, collector)
}

// reach checks that a span and a counter get to a collector.
func reach(t *testing.T, collector *otlptest.Collector) {
	t.Helper()
	shutdown := setup(t)
	endSpans(t, 1)
	count(t)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := collector.Spans()
	if len(spans) != 1 || spans[0].Name != "work" || spans[0].Service != "orders" {
		t.Errorf("spans: %+v", spans)
	}
	metrics := collector.Metrics()
	if len(metrics) != 1 || metrics[0].Name != "things" || metrics[0].Value != 1 || metrics[0].Service != "orders" {
		t.Errorf("metrics: %+v", metrics)
	}
}

func TestTheResourceNamesTheProcessAndNoSecrets(t *testing.T) {
	collector := otlptest.Start(t)
	setenv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.Endpoint(),
		"OTEL_EXPORTER_OTLP_PROTOCOL":        "grpc",
		"OTEL_RESOURCE_ATTRIBUTES":           "deployment.environment.name=test%20two",
	})
	shutdown := setup(t)
	endSpans(t, 1)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := collector.Spans()[0].Resource
	host, _ := os.Hostname()
	for key, want := range map[string]any{
		"service.name": "orders", "host.name": host, "process.pid": int64(os.Getpid()),
		"telemetry.sdk.language": "go", "deployment.environment.name": "test two",
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	if id, _ := got["service.instance.id"].(string); id == "" {
		t.Error("no service.instance.id")
	}
	for key := range got {
		if strings.HasPrefix(key, "process.command") || key == "process.owner" {
			t.Errorf("%s is told", key)
		}
	}
}

func TestTheEnvironmentsServiceNameWins(t *testing.T) {
	for variable, value := range map[string]string{
		"OTEL_SERVICE_NAME":        "named",
		"OTEL_RESOURCE_ATTRIBUTES": "service.name=named",
	} {
		t.Run(variable, func(t *testing.T) {
			collector := otlptest.Start(t)
			setenv(t, map[string]string{
				"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.HTTPEndpoint() + "/v1/traces",
				variable:                             value,
			})
			shutdown := setup(t)
			endSpans(t, 1)
			if err := shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := collector.Spans()[0].Service; got != "named" {
				t.Errorf("the service is %q", got)
			}
		})
	}
}

func TestTheEnvironmentsSamplerIsUsed(t *testing.T) {
	collector := otlptest.Start(t)
	setenv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.Endpoint(),
		"OTEL_EXPORTER_OTLP_PROTOCOL":        "grpc",
		"OTEL_TRACES_SAMPLER":                "traceidratio",
		"OTEL_TRACES_SAMPLER_ARG":            "0",
	})
	shutdown := setup(t)
	endSpans(t, 10)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(collector.Spans()); n != 0 {
		t.Errorf("%d spans were sampled", n)
	}
}

func TestTracesArePropagatedWhetherOrNotTheyAreExported(t *testing.T) {
	setenv(t, nil)
	setup(t)
	in := propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"baggage":     "tenant=7",
	}
	ctx := otel.GetTextMapPropagator().Extract(t.Context(), in)
	ctx, span := otel.Tracer("test").Start(ctx, "pass on")
	defer span.End()
	out := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, out)
	if out["traceparent"] != in["traceparent"] || out["baggage"] != in["baggage"] {
		t.Errorf("%v became %v", in, out)
	}
}

func TestTheEnvironmentsPropagatorsAreUsed(t *testing.T) {
	setenv(t, map[string]string{"OTEL_PROPAGATORS": "b3, jaeger"})
	setup(t)
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2},
	}))
	carrier := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, carrier)
	if carrier["b3"] == "" || carrier["uber-trace-id"] == "" || carrier["traceparent"] != "" {
		t.Errorf("injected %v", carrier)
	}
}

func TestShutdownWorksOnceAndSetupAgain(t *testing.T) {
	setenv(t, nil)
	for range 2 {
		exporter := &exporter{}
		shutdown := setup(t, tracing.WithSpanExporter(exporter))
		endSpans(t, 3)
		for range 3 {
			if err := shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := exporter.exported(); got != 3 {
			t.Errorf("%d spans were exported, want 3", got)
		}
		if exporter.shutdowns != 1 {
			t.Errorf("the exporter was shut down %d times", exporter.shutdowns)
		}
		wantExporting(t, false, false)
	}
}

func TestAServiceNeedsAName(t *testing.T) {
	setenv(t, nil)
	if _, err := tracing.Setup(t.Context(), ""); err == nil {
		t.Error("no error")
	}
}

func TestABooleanThatIsNoneIsFalseAndSaidSo(t *testing.T) {
	setenv(t, map[string]string{"OTEL_SDK_DISABLED": "1"})
	var said log
	setup(t, tracing.WithSpanExporter(&exporter{}), tracing.WithLogger(said.logger()))
	wantExporting(t, true, false)
	if said.count("OTEL_SDK_DISABLED") != 1 {
		t.Errorf("logged: %s", said.String())
	}
}

func TestOptionsThatAreNilCountForNothing(t *testing.T) {
	setenv(t, nil)
	setup(t, nil, tracing.WithLogger(nil), tracing.WithSpanExporter((*exporter)(nil)), tracing.WithMetricReader(nil))
	wantExporting(t, false, false)
}

func TestAFailedSetupLeavesNothingBehind(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	setenv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":   "http://127.0.0.1:1",
		"OTEL_METRICS_EXPORTER":         "prometheus",
		"OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1",
		"OTEL_EXPORTER_PROMETHEUS_PORT": port,
	})
	mine := &exporter{}
	otel.SetTextMapPropagator(propagation.TraceContext{})
	shutdown, err := tracing.Setup(t.Context(), "orders", tracing.WithPrometheus(taken.Addr().String()), tracing.WithSpanExporter(mine))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"OTEL_METRICS_EXPORTER", "serve metrics for Prometheus"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told of in: %v", want, err)
		}
	}
	if opErr := (&net.OpError{}); !errors.As(err, &opErr) {
		t.Errorf("%v does not wrap the cause", err)
	}
	wantExporting(t, false, false)
	if _, same := otel.GetTextMapPropagator().(propagation.TraceContext); !same {
		t.Error("the propagator was set")
	}
	if mine.shutdowns != 0 {
		t.Error("the caller's exporter was shut down")
	}
	if err := shutdown(t.Context()); err != nil {
		t.Errorf("shut down: %v", err)
	}
}
