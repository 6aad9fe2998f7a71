// Package flow carries the events of tasks: from the outbox of the store into a stream,
// from there on to channels, and from either to an index.
package flow
