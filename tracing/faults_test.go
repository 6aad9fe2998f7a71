package tracing_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/internal/otlptest"
	"github.com/millstream-go/millstream/tracing"
)

// exporter counts spans; it blocks until its context ends if it hangs, or until the
// channel is closed if it is deaf.
type exporter struct {
	hangs bool
	deaf  chan struct{}

	mu        sync.Mutex
	spans     int
	shutdowns int
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if e.deaf != nil {
		<-e.deaf
	}
	if e.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans += len(spans)
	return nil
}

func (e *exporter) Shutdown(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shutdowns++
	return nil
}

func (e *exporter) exported() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.spans
}

func TestACollectorThatHangsHoldsUpNothing(t *testing.T) {
	for name, protocol := range map[string]string{"gRPC": "grpc", "HTTP": "http/protobuf"} {
		t.Run(name, func(t *testing.T) {
			collector := otlptest.Start(t)
			collector.Hang()
			endpoint := collector.Endpoint()
			if protocol != "grpc" {
				endpoint = collector.HTTPEndpoint()
			}
			setenv(t, map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
				"OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
				"OTEL_BSP_SCHEDULE_DELAY":     "1",
			})
			began := time.Now()
			shutdown := setup(t)
			endSpans(t, 1)
			collector.WaitForRequest(t)
			endSpans(t, 1000)
			count(t)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			err := shutdown(ctx)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("shut down: %v", err)
			}
			// By itself an export gives up after ten seconds, and there are two batches.
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestACollectorThatIsAwayHoldsUpNothing(t *testing.T) {
	setenv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
	})
	shutdown := setup(t)
	endSpans(t, 1000)
	count(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shut down: %v", err)
	}
}

func TestErrorsOfExportsAreLoggedOnceAMinute(t *testing.T) {
	collector := otlptest.Start(t)
	collector.Refuse()
	setenv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector.Endpoint(),
		"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
		"OTEL_BSP_SCHEDULE_DELAY":     "1",
		"OTEL_METRIC_EXPORT_INTERVAL": "5",
	})
	var said log
	setup(t, tracing.WithLogger(said.logger()))
	for collector.Requests() < 40 {
		endSpans(t, 1)
		time.Sleep(time.Millisecond)
	}
	if n := said.count("could not export spans"); n != 1 {
		t.Errorf("%d lines of traces, want 1: %s", n, said.String())
	}
	if n := said.count("OpenTelemetry failed"); n != 1 {
		t.Errorf("%d lines of metrics, want 1: %s", n, said.String())
	}
}

func TestAtTheEndErrorsAreReturnedRatherThanLogged(t *testing.T) {
	collector := otlptest.Start(t)
	collector.Refuse()
	setenv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector.HTTPEndpoint(),
	})
	var said log
	shutdown := setup(t, tracing.WithLogger(said.logger()))
	endSpans(t, 3)
	count(t)
	err := shutdown(t.Context())
	wantError(t, err, "spans lost: 3: ", "metrics lost", "told to refuse")
	if said.String() != "" {
		t.Errorf("logged: %s", said.String())
	}
	if again := shutdown(t.Context()); again == nil || again.Error() != err.Error() {
		t.Errorf("a second shutdown returns %v", again)
	}
}

func TestSpansAreDroppedWhenTheQueueIsFull(t *testing.T) {
	setenv(t, map[string]string{
		"OTEL_BSP_MAX_QUEUE_SIZE":        "4",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2",
	})
	slow := &exporter{deaf: make(chan struct{})}
	var said log
	shutdown := setup(t, tracing.WithSpanExporter(slow), tracing.WithLogger(said.logger()))
	endSpans(t, 100)
	if n := said.count("dropped spans"); n != 1 {
		t.Errorf("%d lines, want 1: %s", n, said.String())
	}
	close(slow.deaf)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := slow.exported(); got != 6 {
		t.Errorf("%d spans were exported, want a queue of 4 and a batch of 2", got)
	}
	if said.count("spans=1\n") != 1 || said.count("spans=93\n") != 1 {
		t.Errorf("it is not told that 94 were dropped: %s", said.String())
	}
}

func TestAQueueThatWasFullTakesSpansAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		setenv(t, map[string]string{
			"OTEL_BSP_MAX_QUEUE_SIZE":        "4",
			"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2",
		})
		slow := &exporter{deaf: make(chan struct{})}
		var said log
		shutdown := setup(t, tracing.WithSpanExporter(slow), tracing.WithLogger(said.logger()))
		endSpans(t, 100)
		close(slow.deaf)
		for range 10 {
			synctest.Wait()
			endSpans(t, 6)
		}
		if err := shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := slow.exported(); got != 66 {
			t.Errorf("%d spans were exported, want 66", got)
		}
	})
}

func TestShutdownGivesUpAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		setenv(t, nil)
		stuck := &exporter{hangs: true}
		shutdown := setup(t, tracing.WithSpanExporter(stuck))
		endSpans(t, 7)
		began := time.Now()
		err := shutdown(context.Background())
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("shut down: %v", err)
		}
		wantError(t, err, "spans lost: 7: ")
		if stuck.shutdowns != 1 {
			t.Error("the exporter was not shut down")
		}
	})
}

func TestShutdownDoesNotWaitForAnExporterThatIsDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		setenv(t, nil)
		stuck := &exporter{deaf: make(chan struct{})}
		shutdown := setup(t, tracing.WithSpanExporter(stuck))
		endSpans(t, 7)
		began := time.Now()
		err := shutdown(context.Background())
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("it took %v", took)
		}
		wantError(t, err, "spans lost: 7: ")
		close(stuck.deaf)
	})
}

func TestAnEndedContextLosesWhatWaits(t *testing.T) {
	setenv(t, nil)
	shutdown := setup(t, tracing.WithSpanExporter(&exporter{hangs: true}))
	endSpans(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := shutdown(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("shut down: %v", err)
	}
	wantError(t, err, "spans lost: 2: ")
}
