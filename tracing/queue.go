package tracing

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	queueVariable = "OTEL_BSP_MAX_QUEUE_SIZE"
	batchVariable = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
)

// queue holds the spans that wait for an exporter. It is the SDK's batch processor, but
// tells of the spans that it drops and loses, which that one does in silence, and ends
// in time, whatever is under way.
type queue struct {
	sdktrace.SpanProcessor
	exporter sdktrace.SpanExporter
	reports  *reports

	// limit is how many spans may wait or be under way, so that there is always room
	// in the processor's own queue.
	limit   int64
	waiting atomic.Int64

	// aborted ends when there is no time left for exports.
	aborted context.Context
	abort   context.CancelCauseFunc

	mu       sync.Mutex
	stopping bool
	lost     int
	failure  error
}

func newQueue(exporter sdktrace.SpanExporter, reports *reports) *queue {
	size := number(queueVariable, sdktrace.DefaultMaxQueueSize)
	batch := min(number(batchVariable, sdktrace.DefaultMaxExportBatchSize), size)
	q := &queue{exporter: exporter, reports: reports, limit: int64(size + batch)}
	q.aborted, q.abort = context.WithCancelCause(context.Background())
	q.SpanProcessor = sdktrace.NewBatchSpanProcessor(
		sender{q},
		sdktrace.WithMaxExportBatchSize(batch),
		sdktrace.WithMaxQueueSize(size+batch+1), // and a flush that someone may ask for
	)
	return q
}

// number returns the number a variable is set to, which was checked.
func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// OnEnd takes a span in, or drops it: it never waits.
func (q *queue) OnEnd(span sdktrace.ReadOnlySpan) {
	if !span.SpanContext().IsSampled() {
		return
	}
	if q.waiting.Add(1) > q.limit {
		q.waiting.Add(-1)
		q.reports.drop()
		return
	}
	q.SpanProcessor.OnEnd(span)
}

// grace is how long an exporter may take to notice that its context ended.
const grace = 500 * time.Millisecond

// end exports what waits until the context ends, and then ends what is under way. The
// error tells how many spans were lost since it began.
func (q *queue) end(ctx context.Context) error {
	q.mu.Lock()
	q.stopping = true
	q.mu.Unlock()
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		q.abort(context.Cause(ctx))
		time.AfterFunc(grace, cancel)
	})()
	err := q.Shutdown(late)
	q.abort(nil)
	q.reports.sayDrops()
	q.mu.Lock()
	defer q.mu.Unlock()
	if err = errors.Join(q.failure, err); err == nil {
		return nil
	}
	return fmt.Errorf("tracing: spans lost: %d: %w", q.lost+int(q.waiting.Load()), err)
}

// failed takes the error of an export. The SDK has it logged, except at the end: then it
// is for end to return.
func (q *queue) failed(spans int, err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.stopping {
		return &exportError{err}
	}
	if q.lost += spans; q.failure == nil {
		q.failure = err // those that follow are alike
	}
	return nil
}

// sender is the exporter of the processor within a queue.
type sender struct{ queue *queue }

// ExportSpans exports a batch.
func (s sender) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	q := s.queue
	defer q.waiting.Add(-int64(len(spans)))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(q.aborted, func() { cancel(context.Cause(q.aborted)) })()
	if err := q.exporter.ExportSpans(ctx, spans); err != nil {
		if cause := context.Cause(q.aborted); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		return q.failed(len(spans), err)
	}
	return nil
}

// Shutdown shuts the exporter down.
func (s sender) Shutdown(ctx context.Context) error { return s.queue.exporter.Shutdown(ctx) }
