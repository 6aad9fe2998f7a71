// Package web is what the HTTP servers and clients of the example have in common: answers
// that say what is wrong, by RFC 9457, and spans by OpenTelemetry's conventions.
package web

// Scope is the instrumentation scope of the spans.
const Scope = "github.com/millstream-go/millstream/examples/alerts"
