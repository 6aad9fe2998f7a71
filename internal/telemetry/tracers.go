package telemetry

import (
	"reflect"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracers gives the tracer, or none while there is nothing that would record a span:
// even the API's own spans that do nothing cost some allocations each.
type tracers struct {
	tracer trace.Tracer
	// follows is whether the tracer's sampler follows the decision of where a trace
	// began; it is asked when there is something to sample.
	follows func() bool
	// unset is what the API has until a program sets a provider; nil if one was set.
	unset trace.TracerProvider
}

func newTracers(provider trace.TracerProvider) tracers {
	t := tracers{tracer: Tracer(provider)}
	if provider == nil {
		provider = otel.GetTracerProvider()
		if isUnset(provider) {
			t.unset = provider
		}
	}
	t.follows = sync.OnceValue(func() bool { return follows(t.tracer) })
	if _, ok := provider.(noop.TracerProvider); ok {
		t.tracer = nil
	}
	return t
}

// get returns nil when spans would go nowhere.
func (t *tracers) get() trace.Tracer {
	if t.unset != nil && otel.GetTracerProvider() == t.unset {
		return nil
	}
	return t.tracer
}

// isUnset reports whether a global provider is the one that stands in until there is
// another. The API has no other way to tell; should the name of its package change,
// spans that do nothing are made for nothing.
func isUnset(provider any) bool {
	typ := reflect.TypeOf(provider)
	return typ.Kind() == reflect.Pointer && typ.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}
