// Package payment is the domain: money, what a customer is asked to pay, what becomes of
// it, and what processing it needs of the world outside.
//
// A [Request] is what came in. [Request.Check] makes it an [Order], whose id is made of the
// caller's idempotency key: the same request is the same order, however often it is sent.
// The [Bank] charges it under that id, and then it is [Settled] or [Declined], for good,
// which the [Books] keep once.
//
// The package imports nothing but the standard library: it knows of no database, no broker
// and no pipeline.
package payment
