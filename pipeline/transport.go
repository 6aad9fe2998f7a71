package pipeline

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Subscription is what a stage asks of a transport: a struct with the fields
//
//	Topic, Group  string         // what to read, and as which consumer group
//	Concurrency   int            // how many messages may be un-acknowledged at once
//	Ordered       bool           // one at a time in order, over all processes
//	Poison        string         // the topic for messages that cannot be decoded
//	Pipeline      string         // the pipeline's name
//	DrainTimeout  time.Duration  // how long Close should wait for handlers
//	Carry         bool           // of use to streams.Transport only
type Subscription = handoff.Subscription

// Transport carries messages between stages. streams.Transport does so on Redis
// Streams with an exactly-once handoff; [Watermill] makes one of any Watermill
// publisher and subscriber.
type Transport interface {
	// Publisher returns a publisher for one run or one typed publisher, which
	// closes it.
	Publisher() (message.Publisher, error)
	// Subscriber returns a subscriber for one stage on one topic, which closes it.
	// Its Close should let messages that are with a handler finish.
	Subscriber(Subscription) (message.Subscriber, error)
}

// Preparer is a [Transport] that wants to know all stages before any of them
// runs, as one does that deletes what every stage is done with: it must know of
// those that run elsewhere, or not yet.
type Preparer interface {
	// Prepare is called at the start of a run with every subscription of the
	// pipeline, also of stages that do not run in this process.
	Prepare(context.Context, []Subscription) error
}

// Idler is a [Transport] that can tell whether anything is left to do.
type Idler interface {
	// Idle reports whether none of the subscriptions has an undelivered, pending
	// or parked message, in any process.
	Idle(context.Context, []Subscription) (bool, error)
}
