package app

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/millstream-go/millstream/tracing"
)

// setDefaults sets what suits a program that has much to tell in a few seconds, where
// the environment says nothing else.
func setDefaults() {
	for name, value := range map[string]string{
		"OTEL_METRIC_EXPORT_INTERVAL": "1000",  // ms; the default is a minute
		"OTEL_BSP_MAX_QUEUE_SIZE":     "16384", // spans; a thousand orders have half as many
	} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value) // which fails for names that are none
		}
	}
}

// settingError is of what the environment says about OpenTelemetry.
type settingError struct{ error }

func (e *settingError) Unwrap() error { return e.error }

// Telemetry has traces and metrics exported if the environment asks for it, under the
// name of the service unless OTEL_SERVICE_NAME is set, or to what the options add. The
// shutdown sends what is left of them and ends within seconds, wherever the collector is.
func Telemetry(ctx context.Context, service string, stderr io.Writer, options ...tracing.Option) (shutdown func(), err error) {
	logger := slog.New(&first{Handler: Logger(stderr, slog.LevelWarn).Handler()})
	end, err := tracing.Setup(ctx, service, append(options, tracing.WithLogger(logger))...)
	if err != nil {
		return nil, &settingError{err}
	}
	return func() {
		// The work is done all the same.
		if err := end(context.WithoutCancel(ctx)); err != nil {
			logger.Warn("not all traces and metrics were exported: is the collector there?", "err", err)
		}
	}, nil
}

// first passes on the first record, and no other: that nothing can be exported is to be
// said once.
type first struct {
	slog.Handler
	said atomic.Bool
}

// Handle passes a record on if it is the first.
func (f *first) Handle(ctx context.Context, record slog.Record) error {
	if f.said.Swap(true) {
		return nil
	}
	return f.Handler.Handle(ctx, record)
}

// Logger returns a logger whose lines name the trace that they belong to.
func Logger(stderr io.Writer, level slog.Level) *slog.Logger {
	return slog.New(tracing.NewLogHandler(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})))
}
