package main

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"github.com/millstream-go/millstream/tracing"
)

// service is the program's name in OpenTelemetry, unless OTEL_SERVICE_NAME is set.
const service = "orders"

// setDefaults sets what suits a program that has much to tell in a few seconds, where
// the environment says nothing else.
func setDefaults() {
	for name, value := range map[string]string{
		"OTEL_METRIC_EXPORT_INTERVAL": "1000",  // ms; the default is a minute
		"OTEL_BSP_MAX_QUEUE_SIZE":     "16384", // spans; the sample has half as many
	} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value) // which fails for names that are none
		}
	}
}

// settingError is of what the environment says about OpenTelemetry.
type settingError struct{ error }

func (e *settingError) Unwrap() error { return e.error }

// setup has traces and metrics exported if the environment asks for it. The shutdown
// sends what is left of them and ends within seconds, wherever the collector is.
func (c *command) setup(ctx context.Context) (shutdown func(), err error) {
	logger := slog.New(&first{Handler: c.logger(slog.LevelWarn).Handler()})
	end, err := tracing.Setup(ctx, service, tracing.WithLogger(logger))
	if err != nil {
		return nil, &settingError{err}
	}
	return func() {
		// The orders are done all the same.
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

// logger returns a logger whose lines name the trace that they belong to.
func (c *command) logger(level slog.Level) *slog.Logger {
	return slog.New(tracing.NewLogHandler(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: level})))
}

// jaegerURL checks the address of a Jaeger, and returns it as links begin with it: a
// password is not to be shown.
func jaegerURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("JAEGER_URL or -jaeger is no URL of a Jaeger: want one like http://localhost:16686")
	}
	u.User = nil
	return strings.TrimRight(u.String(), "/"), nil
}
