// Package tracing shows the way of messages in OpenTelemetry: spans and metrics of what
// is published and processed, and where they go.
//
// A pipeline needs none of the first part: it is traced by default, with what the
// program sets up.
//
//	shutdown, err := tracing.Setup(ctx, "orders") // as OTEL_* variables say
//	...
//	defer func() { err = errors.Join(err, shutdown(context.WithoutCancel(ctx))) }()
//
// A bare Watermill router gets a [Tracing], on whatever transports:
//
//	t, err := tracing.New(tracing.Config{})
//	router.AddMiddleware(t.Middleware)            // before all other middleware
//	router.AddPublisherDecorators(t.Publisher)    // and publisher, err = t.Publisher(publisher)
//
// # One trace for each message
//
//	send placed                 the message is published: its trace begins, or goes on
//	└─ process placed           a handler runs
//	   └─ send validate         ... and publishes what it made
//	      └─ process validate   the next one runs
//	         └─ ...
//
// The context of a span goes along in the message's metadata, as W3C trace context and
// baggage unless another propagator is set up. A message that comes again, because it
// was put aside or its process died, has one more process span below the same send
// span; one that was poisoned goes on in its trace from the poison topic. Messages that
// are published in one call have a span "create TOPIC" each, and one "send TOPIC" with
// links to them. A commit that came to something else than the handler had to expect,
// since another consumer had taken the message over for one, is a span "settle TOPIC".
//
// Names, kinds and attributes are those of OpenTelemetry's semantic conventions for
// messaging, version 1.43.0, which are in development. They recommend links between
// process spans and what they process, and allow parents: [Config] has Links for that.
// docs/tracing.md lists all of it.
//
// # Sampling
//
// Whether a trace is recorded is decided where it begins, and holds for all stages, as
// the SDK's default sampler does it. A message of a trace that was left out costs its
// stages little: spans are not even begun. A sampler that decides for itself in each
// process, whatever the span, is found out and asked each time.
//
// # What is never recorded
//
// Payloads and metadata are not, nor are errors that quote what could not be decoded.
// The texts of a handler's own errors are, unless HideErrors is set.
package tracing
