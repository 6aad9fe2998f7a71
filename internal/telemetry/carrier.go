package telemetry

import (
	"encoding/hex"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
)

// carrier is what came along with a message, for a propagator to read.
type carrier handoff.Carried

var _ propagation.TextMapCarrier = (*carrier)(nil)

func (c *carrier) Get(key string) string {
	if field := (*handoff.Carried)(c).Field(key); field != nil {
		return *field
	}
	return ""
}

func (c *carrier) Set(key, value string) {
	if field := (*handoff.Carried)(c).Field(key); field != nil {
		*field = value
	}
}

func (c *carrier) Keys() []string {
	return handoff.CarriedKeys[:]
}

// isW3C reports whether a propagator uses W3C's fields and no others, so that what came
// along can be told without it.
func isW3C(fields []string) bool {
	known := (&carrier{}).Keys()
	return slices.Contains(fields, handoff.KeyTraceparent) &&
		!slices.ContainsFunc(fields, func(field string) bool { return !slices.Contains(known, field) })
}

// carried returns what came along with a message, in W3C's fields.
func carried(h *handoff.Handoff, msg *message.Message) *handoff.Carried {
	if h != nil && h.Carried != (handoff.Carried{}) {
		return &h.Carried
	}
	c := &handoff.Carried{}
	if len(msg.Metadata) > 0 {
		c.Traceparent = msg.Metadata[handoff.KeyTraceparent]
		c.Tracestate = msg.Metadata[handoff.KeyTracestate]
		c.Baggage = msg.Metadata[handoff.KeyBaggage]
	}
	return c
}

// leftOutParent returns the traceparent of a span that was not sampled.
func leftOutParent(of trace.SpanContext) string {
	traceID, spanID := of.TraceID(), of.SpanID()
	b := append(make([]byte, 0, 55), "00-"...)
	b = hex.AppendEncode(b, traceID[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, spanID[:])
	return string(append(b, "-00"...))
}

// saysLeftOut reports whether a traceparent says that its trace was not sampled. One
// that is not of the one version there is says nothing.
func saysLeftOut(traceparent string) bool {
	const length = 55 // 00-TRACE ID-SPAN ID-FLAGS
	if len(traceparent) != length || traceparent[:3] != "00-" || traceparent[35] != '-' {
		return false
	}
	rest := traceparent[52:]
	return (rest == "-00" || rest == "-02") && isID(traceparent[3:35]) && isID(traceparent[36:52])
}

// isID reports whether text is an id in lower-case hex, of which zeros are none.
func isID(text string) bool {
	all, some := true, false
	for i := range len(text) {
		all = all && isHex[text[i]]
		some = some || text[i] != '0'
	}
	return all && some
}

// isHex has the digits.
var isHex = func() (digits [256]bool) {
	for _, c := range []byte("0123456789abcdef") {
		digits[c] = true
	}
	return digits
}()
