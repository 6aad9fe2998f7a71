// Package telemetry is what all packages of this module that emit OpenTelemetry data
// share: the scope, the names, and the spans of messages. It knows the API only: with
// no SDK set up nothing is recorded, at next to no cost.
//
// Names follow OpenTelemetry's semantic conventions for messaging, version 1.43.0,
// which has no value for Redis: messaging.system is "redis", as db.system.name is.
// What it has no name for begins with "millstream.".
package telemetry

import (
	"runtime/debug"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/isnil"
)

// Scope is the name of the instrumentation scope of everything that is emitted.
const Scope = "github.com/millstream-go/millstream"

// System is the attribute messaging.system.
var System = semconv.MessagingSystemKey.String("redis")

// version is that of this module in the program; empty when it is not known.
var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == Scope {
			return m.Version
		}
	}
	return ""
})

// Meter returns the meter for this module's instruments; nil stands for the global
// provider.
func Meter(provider metric.MeterProvider) metric.Meter {
	if isnil.Value(provider) {
		provider = otel.GetMeterProvider()
	}
	return provider.Meter(Scope, metric.WithInstrumentationVersion(version()), metric.WithSchemaURL(semconv.SchemaURL))
}

// Tracer returns the tracer for this module's spans; nil stands for the global
// provider.
func Tracer(provider trace.TracerProvider) trace.Tracer {
	if isnil.Value(provider) {
		provider = otel.GetTracerProvider()
	}
	return provider.Tracer(Scope, trace.WithInstrumentationVersion(version()), trace.WithSchemaURL(semconv.SchemaURL))
}
