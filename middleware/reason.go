package middleware

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Bounds of what is said of an error, in bytes: some hold a whole response.
const (
	maxReason = 4 << 10
	maxChain  = 8 << 10
)

// reasonOf returns the text of an error for a person. That of a panic is its value:
// the text of [PanicError] holds the stack.
func reasonOf(err error) string {
	if p, ok := errors.AsType[PanicError](err); ok {
		return shortened(fmt.Sprintf("panic: %v", p.V), maxReason)
	}
	return shortened(err.Error(), maxReason)
}

// chainOf returns type and text of an error and of all that it wraps, depth first,
// one a line. Those that say the same as what they wrap are left out.
func chainOf(err error) string {
	var b strings.Builder
	describe(&b, err)
	return shortened(b.String(), maxChain)
}

func describe(b *strings.Builder, err error) {
	if err == nil || b.Len() > maxChain {
		return
	}
	inner := wrappedBy(err)
	if len(inner) != 1 || inner[0] == nil || inner[0].Error() != err.Error() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%T: %s", err, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n\t"))
	}
	for _, e := range inner {
		describe(b, e)
	}
}

func wrappedBy(err error) []error {
	switch e := err.(type) { //nolint:errorlint // a walk through the chain itself
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	default:
		return nil
	}
}

// shortened cuts a text to at most that many bytes, between two characters.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const rest = "…"
	cut := most - len(rest)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + rest
}

// traceOf returns the id of the trace that a message belongs to: of the span in its
// context, or as its metadata tell in the format of W3C Trace Context.
func traceOf(msg *message.Message) string {
	span := trace.SpanContextFromContext(msg.Context())
	if !span.HasTraceID() {
		ctx := propagation.TraceContext{}.Extract(msg.Context(), propagation.MapCarrier(msg.Metadata))
		span = trace.SpanContextFromContext(ctx)
	}
	if !span.HasTraceID() {
		return ""
	}
	return span.TraceID().String()
}
