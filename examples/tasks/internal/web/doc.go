// Package web is what the HTTP servers of the example have in common: faults as
// application/problem+json (RFC 9457), a span for each request, and health.
package web
