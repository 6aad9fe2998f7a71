package pubsub

import "time"

// Stats are counts of what happened to the messages of one topic, since the
// [Subscriber] or the [Transport] that returns them was made. A message that two
// subscriptions received counts twice.
//
// Of topics without a subscription the 1,000 that ended last are kept apart; the rest
// are counted together, in an entry with an empty Topic.
//
// Every message that was received is somewhere, at any moment:
//
//	Received == Acked + Poisoned + Lost.Total() + Held
//
// What Redis could not send while a subscription was not connected nobody can
// count: Gaps and GapTime tell of it.
type Stats struct {
	Topic string

	// Received came from Redis.
	Received uint64
	// Acked were acknowledged by a handler.
	Acked uint64
	// Poisoned went to the poison topic.
	Poisoned uint64
	// Lost are those that no handler finished, by cause.
	Lost Lost
	// Held wait in a buffer, or are with a handler.
	Held uint64

	// Redelivered is how often a message was delivered once more after a Nack.
	Redelivered uint64

	// Gaps is how often the topic's connection was broken, and GapTime for how long in
	// all, one that lasts included.
	Gaps    uint64
	GapTime time.Duration
	// Down is how many connections are broken now: one for each subscriber at most.
	Down int
}

// Lost are counts of messages that were received and lost, by cause.
type Lost struct {
	// Overflow were dropped because the buffer was full.
	Overflow uint64
	// Rejected were nacked as often as they may be, and could not go to a poison
	// topic.
	Rejected uint64
	// Malformed came in an envelope that could not be read, and could not go to a
	// poison topic.
	Malformed uint64
	// Closed were in the buffer, or unfinished in a handler, when the subscription
	// ended.
	Closed uint64
}

// Total returns how many were lost for any cause.
func (l Lost) Total() uint64 { return l.Overflow + l.Rejected + l.Malformed + l.Closed }

func (s *Stats) add(o Stats) {
	s.Received += o.Received
	s.Acked += o.Acked
	s.Poisoned += o.Poisoned
	s.Lost.Overflow += o.Lost.Overflow
	s.Lost.Rejected += o.Lost.Rejected
	s.Lost.Malformed += o.Lost.Malformed
	s.Lost.Closed += o.Lost.Closed
	s.Held += o.Held
	s.Redelivered += o.Redelivered
	s.Gaps += o.Gaps
	s.GapTime += o.GapTime
	s.Down += o.Down
}
