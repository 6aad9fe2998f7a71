package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// lockedBuffer is a buffer for loggers of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// line returns the logged line with this text.
func (l *lockedBuffer) line(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// From a line of the log to the trace, also for what a commit only finds out later.
func TestWhatIsLoggedOfAMessageNamesItsTrace(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	var said lockedBuffer
	logger := slog.New(tracing.NewLogHandler(slog.NewTextHandler(&said, nil)))
	c := client(t)
	transport, err := streams.NewTransport(c, streams.Config{Logger: logger, KeepHistory: true})
	if err != nil {
		t.Fatal(err)
	}
	p := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}, pipeline.Logger(logger))
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(ctx context.Context, n int) error {
		if n == 1 {
			return pipeline.Permanent(errors.New("no paper"))
		}
		return c.XAck(ctx, numbers.Topics()[0], "print", pipeline.EntryID(ctx)).Err() // as another consumer would
	})
	publish(t, numbers, transport, 1, 2)
	runUntilIdle(t, p, transport)
	for _, text := range []string{"message poisoned", "taken over by another consumer"} {
		line := said.line(text)
		found := false
		for _, span := range s.named("process numbers") {
			found = found || strings.Contains(line, "trace_id="+span.SpanContext.TraceID().String()+" span_id="+span.SpanContext.SpanID().String())
		}
		if !found {
			t.Errorf("the line names no run: %s", line)
		}
	}
}
