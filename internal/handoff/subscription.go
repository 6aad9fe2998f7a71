package handoff

import "time"

// Subscription is what a stage asks of a transport: which topic to read as
// which group, and how.
type Subscription struct {
	// Topic is the topic to read; Group the consumer group to read it as.
	Topic, Group string
	// Concurrency is how many messages may be in the handler at once.
	Concurrency int
	// Ordered asks for one message at a time, in the topic's order, over all
	// processes of the group.
	Ordered bool
	// Poison is the topic for messages that the transport cannot decode.
	Poison string
	// Pipeline is the name of the pipeline, for logs and poisoned messages.
	Pipeline string
	// DrainTimeout is how long a closing subscription waits for messages that
	// are in the handler.
	DrainTimeout time.Duration
	// Carry asks for trace contexts in [Delivery.Carried], not in the metadata.
	Carry bool
}
