// Package pubsub carries Watermill messages on Redis Pub/Sub: live fan-out to whoever
// listens now. Nothing is kept for anyone else; package streams is for what must not
// be lost.
//
// # Words
//
// A topic is the name of a channel, or a pattern for names. A receiver is a connection
// that Redis gives a message to. A subscription is one call of Subscribe; it gets every
// message, so those who share work share it by other means. A gap is a time in which a
// subscription was not connected. A lane is one of the Concurrency messages that may
// be un-acknowledged at once.
//
// # What is guaranteed
//
//		                     ┌───────────── subscription ─────────────┐
//		PUBLISH ─▶ Redis ──▶ │ connection ──▶ buffer ──▶ lane ──▶ handler ──▶ Ack
//		             │       │    │ gap        │ overflow  ▲      │ Nack
//		             ▼       │    ▼            ▼           └──────┴──▶ poison, or lost
//		         receivers   │  OnGap         Lost         redelivery
//		                     └────────────────────────────────────────┘
//
//	  - When Subscribe returns, Redis has confirmed the subscription: whatever is
//	    published later comes, until there is a gap.
//	  - Every message that came is counted until it is settled, exactly and at any
//	    moment: received = acknowledged + poisoned + lost + held. See [Stats].
//	  - A gap is reported with its time and cause, and ended by connecting and
//	    subscribing again, with growing pauses. What was published in it may be lost.
//	  - With a Concurrency of 1 messages come in order, and a rejected one is delivered
//	    again before those behind it.
//	  - A message comes at most once without a Nack, unless it was published twice: go-redis
//	    does so when the reply to a PUBLISH is lost, if its MaxRetries is not -1.
//
// A message that a handler rejects is delivered again up to MaxRedeliveries times, by
// this process, from its memory. Then it goes to the poison topic if there is one, and
// is lost if not. What a process has received and not finished is lost with it.
//
// The subscriptions of one [Subscriber] to a topic share a connection; with [Block] the
// slowest of them sets the pace. Their messages share the bytes of their payloads, and
// so do redeliveries, as with Watermill's GoChannel: a handler must not change them in
// place. Metadata is a message's own.
//
// # Format
//
// A message is its payload, byte for byte. Any client can listen and publish. A raw
// message gets a random UUID and no metadata but, with Patterns, [KeyChannel] and
// [KeyPattern].
//
// With Envelope a publisher puts UUID and metadata before the payload, behind 8 bytes
// that no UTF-8 text begins with, a version and a checksum. Subscribers know an envelope
// by all of these and open it; what only begins like one is a payload. One of a later
// version is given up as malformed rather than taken for a payload. With Raw nothing is
// opened.
//
// # Metrics
//
// With an OpenTelemetry SDK, what [Stats] counts are metrics. docs/metrics.md lists them.
//
// # Clients
//
// A single server, Sentinel and Cluster are supported, and Ring is not: it moves
// channels between servers without telling. In a cluster an ordinary message goes to
// all servers, a Sharded one only to those of its channel's slot. Subscriptions,
// those with Patterns excepted, follow that slot to wherever it moves.
//
// # Who closes what
//
// Whoever makes a client, a publisher or a subscriber closes it; none closes the client,
// or the poison publisher, that it was given. Close a client last. All methods of this
// package's types may be called concurrently.
package pubsub
