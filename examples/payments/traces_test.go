package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/otlptest"
)

// path returns the names of a span and of all above it, from the root, each with its
// service.
func path(spans []otlptest.Span, of otlptest.Span) string {
	name := strings.TrimPrefix(of.Service, "payments-") + ": " + strings.ReplaceAll(of.Name, "{payments}:", "")
	for _, span := range spans {
		if span.SpanID == of.Parent && span.TraceID == of.TraceID {
			return path(spans, span) + " > " + name
		}
	}
	return name
}

func TestAPaymentIsOneTraceFromTheRequestToTheBooks(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	s := newSystem(t, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.Endpoint(), "OTEL_BSP_SCHEDULE_DELAY=10")
	_, s.bank.url = s.start("bank", "-listen", "localhost:0", "-ledger", filepath.Join(t.TempDir(), "ledger"))
	s.startAPI()
	s.processor("p1")
	order := apptest.Start(t, apptest.Command{Env: s.env, Args: []string{
		"order", "-api", s.api, "-customer", "c-unseen", "-amount", "77.31", "-card", "tok_unseen", "-key", "unseen",
	}})
	require.Zero(t, order.Wait(t), order.Stderr())

	want := []string{
		"order: POST > api: POST /payments > api: send ordered > processor: process ordered > processor: POST > bank: POST /charges",
		"order: POST > api: POST /payments > api: send ordered > processor: process ordered > processor: send settled > processor: process settled",
	}
	spans := collector.WaitForSpans(t, "the trace is whole", func(spans []otlptest.Span) bool {
		paths := make(map[string]bool)
		for _, span := range spans {
			paths[path(spans, span)] = true
		}
		return paths[want[0]] && paths[want[1]]
	})
	traces := make(map[string]bool)
	for _, span := range spans {
		if strings.HasPrefix(path(spans, span), "order: POST") {
			traces[span.TraceID] = true
		}
		// Not the cents as digits in all of it: they may be in an id or a time.
		for _, secret := range []string{"unseen", "77.31"} {
			assert.NotContains(t, fmt.Sprint(span), secret)
		}
		for name, value := range span.Attributes {
			assert.NotEqual(t, "7731", fmt.Sprint(value), name)
		}
	}
	assert.Len(t, traces, 1)
}
