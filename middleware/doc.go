// Package middleware has Watermill middleware for handlers whose messages are
// handed off atomically. It works in a pipeline and in a bare Watermill router.
//
//   - [Retry] calls a failing handler again, in this process.
//   - [Dedup] drops messages that were processed already.
//
// Watermill's own middleware works beside it: Timeout, Recoverer, CircuitBreaker,
// Correlation and Throttle, among others. Its Deduplicator marks a message before
// the handler has succeeded and so drops a failed message as a duplicate of
// itself; use [Dedup] instead.
package middleware
