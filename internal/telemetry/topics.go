package telemetry

import (
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// most is how many topics get a series of metrics of their own. Topics of a pipeline
// are few, but those that a program chooses for each message may be any number.
const most = 1000

// Other is the name of all topics that metrics do not tell apart.
const Other = "_OTHER"

func systemOf(name string) attribute.KeyValue { return semconv.MessagingSystemKey.String(name) }

// topics keeps what spans and metrics of each topic have in common.
type topics struct {
	system  attribute.KeyValue
	known   sync.Map // of place to *labels
	n       atomic.Int64
	general sync.Map // of place to *labels, without the topic
}

// place is where something is done with a message.
type place struct {
	operation operation
	topic     string
	// pattern tells that the topic is a pattern of names.
	pattern bool
	group   string
}

// operation is what is done with a message.
type operation int

const (
	process operation = iota
	send
	create
	sendBatch
	settle
)

// labels are the name and the attributes of all spans of one place, and of its metrics.
type labels struct {
	span    string
	options []trace.SpanStartOption
	set     attribute.Set
	measure metric.MeasurementOption
	// begun is for what is done once for a place.
	begun sync.Once
	// duration has the type of the operation, too.
	durationSet attribute.Set
	duration    metric.MeasurementOption
}

// of returns the labels of a place.
func (t *topics) of(p place) *labels {
	if known, ok := t.known.Load(p); ok {
		return known.(*labels)
	}
	// What is processed was subscribed to, and that is bounded by itself.
	chosen := p.operation != process && p.operation != settle
	if chosen && t.n.Load() >= most {
		return t.beyond(p)
	}
	l, loaded := t.known.LoadOrStore(p, t.make(p, p.topic))
	if chosen && !loaded {
		t.n.Add(1)
	}
	return l.(*labels)
}

// beyond returns labels that are not kept: a span has the topic, metrics have not.
func (t *topics) beyond(p place) *labels {
	l := t.make(p, p.topic)
	all := p
	all.topic = Other
	general, ok := t.general.Load(all)
	if !ok {
		general, _ = t.general.LoadOrStore(all, t.make(all, Other))
	}
	g := general.(*labels)
	l.set, l.measure, l.durationSet, l.duration = g.set, g.measure, g.durationSet, g.duration
	return l
}

// recent remembers the labels that were asked for last: a handler has one place.
type recent struct{ last atomic.Pointer[placed] }

type placed struct {
	place
	labels *labels
}

func (r *recent) of(t *topics, p place) *labels {
	if last := r.last.Load(); last != nil && last.place == p {
		return last.labels
	}
	l := t.of(p)
	r.last.Store(&placed{p, l})
	return l
}

func (t *topics) make(p place, topic string) *labels {
	name, typ, kind := p.operation.describe()
	destination := semconv.MessagingDestinationName(topic)
	if p.pattern {
		destination = semconv.MessagingDestinationTemplate(topic)
	}
	attributes := []attribute.KeyValue{t.system, semconv.MessagingOperationName(name), destination}
	if p.group != "" {
		attributes = append(attributes, semconv.MessagingConsumerGroupName(p.group))
	}
	l := &labels{span: name + " " + topic, set: attribute.NewSet(attributes...)}
	attributes = append(attributes, typ)
	l.durationSet = attribute.NewSet(attributes...)
	l.measure, l.duration = metric.WithAttributeSet(l.set), metric.WithAttributeSet(l.durationSet)
	l.options = []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(attributes...)}
	return l
}

// describe returns the operation's name and type, and the kind of its spans.
func (o operation) describe() (string, attribute.KeyValue, trace.SpanKind) {
	switch o {
	case send:
		return "send", semconv.MessagingOperationTypeSend, trace.SpanKindProducer
	case create:
		return "create", semconv.MessagingOperationTypeCreate, trace.SpanKindProducer
	case sendBatch:
		// The context that messages carry is that of their create spans.
		return "send", semconv.MessagingOperationTypeSend, trace.SpanKindClient
	case settle:
		return "settle", semconv.MessagingOperationTypeSettle, trace.SpanKindClient
	default:
		return "process", semconv.MessagingOperationTypeProcess, trace.SpanKindConsumer
	}
}

// failed returns the option for a measurement of what failed for that reason.
func failed(set *attribute.Set, errorType string) metric.MeasurementOption {
	return metric.WithAttributes(append(set.ToSlice(), semconv.ErrorTypeKey.String(errorType))...)
}
