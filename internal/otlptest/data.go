package otlptest

import (
	"encoding/hex"
	"time"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is a span as it came. Ids are in hex.
type Span struct {
	Service string // service.name of the resource
	Scope   string // name of the instrumentation scope
	Name    string
	Kind    string // INTERNAL, SERVER, CLIENT, PRODUCER or CONSUMER
	TraceID string
	SpanID  string
	Parent  string // span id; empty for a root
	Links   []Link
	Events  []Event
	Status  string // UNSET, OK or ERROR
	// Description is that of the status.
	Description string
	Start, End  time.Time
	// Attributes are of type string, bool, int64, float64, []byte or []any.
	Attributes map[string]any
	Resource   map[string]any
}

// Link is what a span links to.
type Link struct {
	TraceID, SpanID string
	Attributes      map[string]any
}

// Event is something that happened in a span.
type Event struct {
	Name       string
	Attributes map[string]any
}

// Metric is a data point.
type Metric struct {
	Service    string
	Scope      string
	Name       string
	Unit       string
	Attributes map[string]any
	// Value is that of a counter or a gauge, or the sum of a histogram.
	Value float64
	// Count is how many values a histogram has.
	Count    uint64
	Resource map[string]any
}

func spansOf(request *collectortraces.ExportTraceServiceRequest) (spans []Span) {
	for _, r := range request.GetResourceSpans() {
		resource := attributes(r.GetResource().GetAttributes())
		for _, s := range r.GetScopeSpans() {
			for _, p := range s.GetSpans() {
				span := spanOf(p)
				span.Service, _ = resource["service.name"].(string)
				span.Scope, span.Resource = s.GetScope().GetName(), resource
				spans = append(spans, span)
			}
		}
	}
	return spans
}

func spanOf(p *tracepb.Span) Span {
	span := Span{
		Name:        p.GetName(),
		Kind:        p.GetKind().String()[len("SPAN_KIND_"):],
		TraceID:     hex.EncodeToString(p.GetTraceId()),
		SpanID:      hex.EncodeToString(p.GetSpanId()),
		Parent:      hex.EncodeToString(p.GetParentSpanId()),
		Status:      p.GetStatus().GetCode().String()[len("STATUS_CODE_"):],
		Description: p.GetStatus().GetMessage(),
		Start:       time.Unix(0, int64(p.GetStartTimeUnixNano())),
		End:         time.Unix(0, int64(p.GetEndTimeUnixNano())),
		Attributes:  attributes(p.GetAttributes()),
	}
	for _, l := range p.GetLinks() {
		span.Links = append(span.Links, Link{
			TraceID:    hex.EncodeToString(l.GetTraceId()),
			SpanID:     hex.EncodeToString(l.GetSpanId()),
			Attributes: attributes(l.GetAttributes()),
		})
	}
	for _, e := range p.GetEvents() {
		span.Events = append(span.Events, Event{Name: e.GetName(), Attributes: attributes(e.GetAttributes())})
	}
	return span
}

func metricsOf(request *collectormetrics.ExportMetricsServiceRequest) (metrics []Metric) {
	for _, r := range request.GetResourceMetrics() {
		resource := attributes(r.GetResource().GetAttributes())
		service, _ := resource["service.name"].(string)
		for _, s := range r.GetScopeMetrics() {
			for _, m := range s.GetMetrics() {
				for _, point := range points(m) {
					point.Service, point.Scope, point.Resource = service, s.GetScope().GetName(), resource
					point.Name, point.Unit = m.GetName(), m.GetUnit()
					metrics = append(metrics, point)
				}
			}
		}
	}
	return metrics
}

// points returns what a metric counts, gauges or distributes.
func points(m *metricspb.Metric) (points []Metric) {
	for _, p := range append(m.GetSum().GetDataPoints(), m.GetGauge().GetDataPoints()...) {
		value := p.GetAsDouble()
		if _, isInt := p.GetValue().(*metricspb.NumberDataPoint_AsInt); isInt {
			value = float64(p.GetAsInt())
		}
		points = append(points, Metric{Attributes: attributes(p.GetAttributes()), Value: value})
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		points = append(points, Metric{Attributes: attributes(p.GetAttributes()), Value: p.GetSum(), Count: p.GetCount()})
	}
	return points
}

func attributes(list []*common.KeyValue) map[string]any {
	values := make(map[string]any, len(list))
	for _, kv := range list {
		values[kv.GetKey()] = valueOf(kv.GetValue())
	}
	return values
}

func valueOf(v *common.AnyValue) any {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_BoolValue:
		return v.BoolValue
	case *common.AnyValue_IntValue:
		return v.IntValue
	case *common.AnyValue_DoubleValue:
		return v.DoubleValue
	case *common.AnyValue_BytesValue:
		return v.BytesValue
	case *common.AnyValue_ArrayValue:
		var values []any
		for _, element := range v.ArrayValue.GetValues() {
			values = append(values, valueOf(element))
		}
		return values
	default:
		return nil
	}
}
