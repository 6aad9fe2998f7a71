package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/observe"
)

// errPanicked is the error of a handler that did not return.
var errPanicked error = panicked{}

type panicked struct{}

func (panicked) Error() string     { return "the handler panicked" }
func (panicked) ErrorType() string { return "panic" }

// delivery is one run of a handler and all its middleware. It is the context of the
// message meanwhile, and its observer.
type delivery struct {
	context.Context

	telemetry *Telemetry
	tracer    trace.Tracer // nil: no spans
	handoff   *handoff.Handoff
	labels    *labels
	// span records nothing if there is none, or it is not sampled.
	span  trace.Span
	began time.Time // zero: nothing is measured

	outcome string
	failure string // the type of the error; empty if none
	retries int
}

var _ observe.Observer = (*delivery)(nil)

// Value answers for the observer and the handoff.
func (d *delivery) Value(key any) any {
	if _, ok := key.(observe.Key); ok {
		return d
	}
	if handoff.IsKey(key) && d.handoff != nil {
		return d.handoff
	}
	return d.Context.Value(key)
}

// Retried records that the handler is called again here.
func (d *delivery) Retried(failures int, wait time.Duration, err error) {
	d.retries++
	d.telemetry.retried.Add(d, 1, d.labels.measure)
	if d.span.IsRecording() {
		d.span.AddEvent(EventRetry, d.why(err, KeyAttempt.Int(failures), KeyDelay.Int64(wait.Milliseconds())))
	}
}

// Parked records that the message is put aside.
func (d *delivery) Parked(wait time.Duration, uncounted bool, why error) {
	d.outcome = Parked
	if !uncounted && handoff.HasCause(why) {
		d.fail(why)
	}
	if d.span.IsRecording() {
		if !handoff.HasCause(why) {
			why = nil // the handler asked for it
		}
		d.span.AddEvent(EventParked, d.why(why, KeyDelay.Int64(wait.Milliseconds())))
	}
}

// Duplicate records that the message was dropped as one.
func (d *delivery) Duplicate() {
	d.outcome = Duplicate
	d.span.AddEvent(EventDuplicate)
}

// Poisoned records that the message goes to the poison topic.
func (d *delivery) Poisoned(kind string, attempts int, why error) {
	d.outcome = Poisoned
	d.fail(why)
	d.telemetry.poisoned.Add(d, 1, d.labels.measure, metric.WithAttributes(KeyPoisonKind.String(kind)))
	if d.span.IsRecording() {
		d.span.SetAttributes(KeyPoisonKind.String(kind))
		d.span.AddEvent(EventPoisoned, d.why(why, KeyPoisonKind.String(kind), KeyAttempt.Int(attempts)))
	}
}

// why returns the attributes of an event that an error caused.
func (d *delivery) why(err error, attributes ...attribute.KeyValue) trace.SpanStartEventOption {
	if err != nil {
		attributes = append(attributes, semconv.ExceptionType(typeOf(err)))
		if text := d.telemetry.text(err); text != "" {
			attributes = append(attributes, semconv.ExceptionMessage(text))
		}
	}
	return trace.WithAttributes(attributes...)
}

// fail makes the run one that failed.
func (d *delivery) fail(err error) {
	d.failure = typeOf(err)
	if d.span.IsRecording() {
		d.span.SetStatus(codes.Error, d.telemetry.text(err))
	}
}

// end ends the run with the error that is passed on.
func (d *delivery) end(err error) {
	switch aside, isAside := handoff.AsideOf(err); {
	case isAside:
		d.Parked(aside.For, aside.Uncounted, err)
	case errors.Is(err, handoff.ErrSkip):
		d.settle(Acked)
	case err != nil:
		d.settle(Nacked)
		d.fail(err)
	default:
		d.settle(Acked)
	}
	if d.span.IsRecording() {
		d.span.SetAttributes(KeyOutcome.String(d.outcome))
		if d.retries > 0 {
			d.span.SetAttributes(KeyRetries.Int(d.retries))
		}
		if d.failure != "" {
			d.span.SetAttributes(semconv.ErrorTypeKey.String(d.failure))
		}
	}
	d.span.End()
	d.measure()
}

// settle sets the outcome if nobody told of another.
func (d *delivery) settle(outcome string) {
	if d.outcome == "" {
		d.outcome = outcome
	}
}

// measure records the metrics of the run, with the span's context for exemplars.
func (d *delivery) measure() {
	if d.began.IsZero() {
		return
	}
	t := d.telemetry
	d.labels.begun.Do(func() { t.beginAtZero(d, d.labels) })
	how := d.labels.measure
	if d.failure != "" {
		how = failed(&d.labels.set, d.failure)
	}
	took := time.Since(d.began)
	t.processDuration.Record(d, took.Seconds(), how)
	t.consumed.Add(d, 1, how)
	if d.handoff == nil || d.handoff.Attempt != 1 {
		return
	}
	if wait, ok := waited(d.handoff.ID); ok {
		t.processWait.Record(d, max(wait-took, 0).Seconds(), d.labels.measure)
	}
}
