package tracing

import (
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/millstream-go/millstream/internal/restraint"
)

// reports logs what goes wrong with exporting, of each kind one line a minute: a
// collector that is away must not fill the log. It is OpenTelemetry's error handler.
type reports struct {
	logger    *slog.Logger
	restraint *restraint.Restraint
	drops     atomic.Int64
}

func newReports(logger *slog.Logger) *reports {
	return &reports{logger: logger, restraint: restraint.NewLimit(1)}
}

// Handle logs an error of the SDK or of an exporter.
func (r *reports) Handle(err error) {
	text, fault := "OpenTelemetry failed", new(exportError)
	if errors.As(err, &fault) {
		text = "OpenTelemetry could not export spans"
	}
	if fields, ok := r.restraint.May(text, "err", err); ok {
		r.logger.Warn(text, fields...)
	}
}

const dropText = "OpenTelemetry dropped spans: they end faster than they are exported"

// drop counts a span that found the queue full.
func (r *reports) drop() {
	r.drops.Add(1)
	if _, ok := r.restraint.May(dropText); ok {
		r.sayDrops()
	}
}

// sayDrops logs how many spans were dropped since the last time.
func (r *reports) sayDrops() {
	if n := r.drops.Swap(0); n > 0 {
		r.logger.Warn(dropText, "spans", n)
	}
}

// exportError is why spans were not exported.
type exportError struct{ error }

func (e *exportError) Unwrap() error { return e.error }
