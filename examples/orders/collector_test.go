package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/millstream-go/millstream/examples/orders/internal/report"
	"github.com/millstream-go/millstream/internal/otlptest"
)

// printed is what the program prints with -json when it exports traces.
type printed struct {
	report.Totals
	Retried *report.Retried `json:"retried"`
}

func (p call) printed(t *testing.T) printed {
	t.Helper()
	var out printed
	decoder := json.NewDecoder(strings.NewReader(p.Stdout()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&out); err != nil {
		t.Fatalf("stdout: %v; stderr: %s", err, p.Stderr())
	}
	return out
}

func TestABrokenCollectorChangesNothingAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(*otlptest.Collector){
		"refuses": (*otlptest.Collector).Refuse,
		"hangs":   (*otlptest.Collector).Hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector := otlptest.Start(t)
			broken(collector)
			expectUndisturbed(t, to(collector))
			if collector.Requests() == 0 {
				t.Error("the collector was not asked")
			}
		})
	}
	t.Run("is away", func(t *testing.T) {
		t.Parallel()
		expectUndisturbed(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"})
	})
}

// expectUndisturbed expects what a run without a collector comes to, and one warning.
func expectUndisturbed(t *testing.T, env []string) {
	t.Helper()
	// A run takes 3 seconds, and 5 more for what is to be exported at its end. Exporters
	// left alone go on for a minute.
	const limit = 30 * time.Second
	p := startIn(t, env, nil, "-json")
	code := p.Wait(t)
	if took := time.Since(p.Started); code != 0 || took > limit {
		t.Errorf("exit code %d after %v, want 0 before %v: %s", code, took, limit, p.Stderr())
	}
	if got, want := p.printed(t).Totals, expect(t, []byte(sample)).totals; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	message := p.Stderr()
	if n := strings.Count(message, "level="); n != 1 || !strings.Contains(message, "level=WARN") {
		t.Errorf("%d lines, want one warning: %s", n, message)
	}
}

func TestTheTraceThatIsNamedIsOneThatWasExported(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	env := to(collector, "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.3", "JAEGER_URL=https://user:unseen@jaeger.example.com/ui/")
	p := startIn(t, env, nil, "-json")
	if code := p.Wait(t); code != 0 || strings.Contains(p.Stdout(), "unseen") {
		t.Fatalf("exit code %d: %s %s", code, p.Stdout(), p.Stderr())
	}
	retried := p.printed(t).Retried
	if retried == nil {
		t.Fatal("no order is named")
	}
	trace := tracesIn(collector.Spans())[retried.TraceID]
	if trace == nil || retried.Attempt != 3 || retried.URL != "https://jaeger.example.com/ui/trace/"+retried.TraceID {
		t.Fatalf("named is %+v", retried)
	}
	for _, want := range []string{"[retry 2 bank.HungUp]", " at ship-"} {
		if !strings.Contains(trace.tree(""), want) {
			t.Errorf("%s is not in\n%s", want, trace.tree(""))
		}
	}
	traces := tracesIn(collector.Spans())
	expectWhole(t, collector.Spans(), len(traces))
	if len(traces) < 200 || len(traces) > 400 {
		t.Errorf("%d of 1,000 orders are traced, want about 300", len(traces))
	}
}

func TestAllTracesOfTheSampleAreExported(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	p := startIn(t, to(collector), nil, "-json")
	if code := p.Wait(t); code != 0 || strings.Contains(p.Stderr(), "level=") {
		t.Fatalf("exit code %d: %s", code, p.Stderr())
	}
	expectWhole(t, collector.Spans(), 1000)
}

func TestNoTraceIsNamedIfNoneIsExported(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	for name, env := range map[string][]string{
		"none is recorded": to(collector, "OTEL_TRACES_SAMPLER=always_off"),
		"metrics only":     to(collector, "OTEL_TRACES_EXPORTER=none"),
		"off":              to(collector, "OTEL_SDK_DISABLED=true"),
		"nothing asked":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			orders := lineOf("flaky", "tok_flaky") + "\n"
			p := startIn(t, env, strings.NewReader(orders), "-json", "-in", "-")
			if code := p.Wait(t); code != 0 || p.printed(t).Express != 1 {
				t.Fatalf("exit code %d: %s", code, p.Stderr())
			}
			if strings.Contains(p.Stdout(), "retried") {
				t.Errorf("stdout: %s", p.Stdout())
			}
		})
	}
	t.Cleanup(func() {
		if n := len(collector.Spans()); n > 0 {
			t.Errorf("%d spans came", n)
		}
	})
}

func TestMetricsAreExportedWhileTheProgramRuns(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	in, out := pipe(t)
	startIn(t, to(collector, "OTEL_METRIC_EXPORT_INTERVAL=50"), in, "-json", "-in", "-")
	if _, err := io.WriteString(out, lineOf("plain", "tok_visa")+"\n"); err != nil {
		t.Fatal(err)
	}
	collector.WaitForMetrics(t, "the metrics of a run that is not done", otlptest.AtLeast[otlptest.Metric](1))
}
