// Package middleware has Watermill middleware for handlers on Redis. Each part works
// in a pipeline and in a bare Watermill router, alone or as part of a [Chain].
//
//   - [PoisonQueue] takes what cannot be processed, with why.
//   - [Validate] lets only valid messages through, by a function or a JSON Schema
//     (package jsonschema).
//   - [Dedup] handles one message of each key.
//   - [Retry] calls a failing handler again, at once and then later and later.
//   - [CircuitBreaker] leaves a dependency alone that is down.
//   - [RateLimit] lets a handler begin so often, per process or over all of them.
//   - [Timeout], [Recoverer] and [CorrelationID] are Watermill's own.
//
// # With a handoff and without
//
// A message that streams.Subscriber delivers carries a handoff: what its handler
// publishes with its context, its acknowledgement, its mark, its parking or its
// poisoning are committed in one step. The middleware makes itself part of that. With
// other transports, such as Pub/Sub, GoChannel or stock watermill-redisstream, there is
// no such step, and it does what comes nearest: it publishes before it acknowledges,
// marks after that, and waits in place where it cannot put aside. The documentation of
// each part says what that guarantees.
//
// # Errors
//
// A plain error is a failure: [Retry] and [CircuitBreaker] count it. Some errors say
// themselves what is to become of the message, and pass through all middleware to
// whoever carries them out: [Permanent], to the [PoisonQueue]; [RetryAfter], and
// whatever else puts the message aside, to the transport. They may be wrapped.
//
// # Beside Watermill's own
//
// Watermill's other middleware works too. Its Deduplicator marks a message before the
// handler has succeeded and so drops a failed message as a duplicate of itself: use
// [Dedup]. Its Retry keeps what a failed attempt published, and its PoisonQueue takes
// errors that only put a message aside, unless its filter does not.
//
// All middleware may be used by any number of handlers, concurrently. docs/middleware.md
// says what happens to a message when a handler fails, a process dies or Redis is away.
package middleware
