package telemetry

import "slices"

// Metrics are all metrics of this module, in the order of the documentation. What they
// are called, and what they mean, is said here alone.
var Metrics = slices.Concat(ofHandlers, ofMessages, ofGroups, ofCommits, ofPubSub)

const messages = "{message}"

// ofHandlers are about the runs of handlers and about what is published, on any
// transport.
var ofHandlers = []Metric{
	{Name: "messaging.process.duration", Kind: Histogram, Unit: seconds, Buckets: Durations, Description: "Duration of processing operation: one run of a handler with its middleware, retries in place among them."},
	{Name: "millstream.process.wait", Kind: Histogram, Unit: seconds, Buckets: Waits, Description: "Time from when a message was added to its stream until its first processing began."},
	{Name: "messaging.client.consumed.messages", Kind: Counter, Unit: messages, Description: "Number of messages that were delivered to the application."},
	{Name: "millstream.messages.retried", Kind: Counter, Unit: messages, Description: "How often a handler was called again for a message within a delivery."},
	{Name: "millstream.messages.poisoned", Kind: Counter, Unit: messages, Description: "Messages that went to a poison topic, by millstream.poison_kind."},
	{Name: "messaging.client.sent.messages", Kind: Counter, Unit: messages, Description: "Number of messages producer attempted to send to the broker; what a handler sends counts when it is staged."},
	{Name: "messaging.client.operation.duration", Kind: Histogram, Unit: seconds, Buckets: Durations, Description: "Duration of messaging operation initiated by a producer or consumer client: a call of Publish."},
}

// ofMessages are counted by topic and group.
var ofMessages = []Metric{
	{Name: "millstream.messages.delivered", Kind: Counter, Unit: messages, Description: "Messages handed to a handler, each time."},
	{Name: "millstream.messages.committed", Kind: Counter, Unit: messages, Description: "Messages acknowledged together with their outputs, those that went to the poison topic among them."},
	{Name: "millstream.messages.duplicates", Kind: Counter, Unit: messages, Description: "Messages acknowledged without their outputs, since deduplication had seen them."},
	{Name: "millstream.messages.nacked", Kind: Counter, Unit: messages, Description: "Runs of a handler that ended with a Nack."},
	{Name: "millstream.messages.parked", Kind: Counter, Unit: messages, Description: "Messages put aside until a time: after a failure, for a delay, or since an output was refused."},
	{Name: "millstream.messages.resumed", Kind: Counter, Unit: messages, Description: "Messages that came back from being put aside."},
	{Name: "millstream.messages.reclaimed", Kind: Counter, Unit: messages, Description: "Messages taken over from consumers that fell silent."},
	{Name: "millstream.messages.handed_back", Kind: Counter, Unit: messages, Description: "Unfinished messages given back to the group when a subscription ended."},
	{Name: "millstream.messages.fenced", Kind: Counter, Unit: messages, Description: "Runs whose outputs were dropped, since another consumer had settled or taken over the message."},
	{Name: "millstream.messages.orphaned", Kind: Counter, Unit: messages, Description: "Runs whose outputs were dropped, since the group was gone with all that it had to do."},
	{Name: "millstream.messages.unconfirmed", Kind: Counter, Unit: messages, Description: "Messages that were settled before when their commit, whose reply was lost, was repeated."},
	{Name: "millstream.messages.refused", Kind: Counter, Unit: messages, Description: "Messages that could not be committed, since Redis refused an output, and were put aside."},
	{Name: "millstream.messages.blocked", Kind: Counter, Unit: messages, Description: "Messages that waited for room in a topic of their outputs."},
	{Name: "millstream.messages.malformed", Kind: Counter, Unit: messages, Description: "Messages that went to the poison topic because they could not be decoded."},
	{Name: "millstream.messages.unfinished", Kind: Counter, Unit: messages, Description: "Messages that went to the poison topic because time and again a process died or froze at work on them."},
	{Name: "millstream.messages.vanished", Kind: Counter, Unit: messages, Description: "Messages that were deleted from the stream while they were pending."},
	{Name: "millstream.messages.recovered", Kind: Counter, Unit: messages, Description: "Messages that were delivered by a reply that got lost, and found again."},
	{Name: "millstream.messages.trimmed", Kind: Counter, Unit: messages, Description: "Entries deleted from the stream because all groups were done with them."},
	{Name: "millstream.messages.in_flight", Kind: Sum, Unit: messages, Description: "Messages that handlers of this process are at work on."},
}

// ofGroups are about a group as a whole. The gauges are what Redis says.
var ofGroups = []Metric{
	{Name: "millstream.group.regrouped", Kind: Counter, Unit: "{group}", Description: "How often the consumer group was gone and was made again."},
	{Name: "millstream.consumers.swept", Kind: Counter, Unit: "{consumer}", Description: "Dead consumers that were removed from the group."},
	{Name: "millstream.redis.troubles", Kind: Counter, Unit: "{request}", Description: "Requests to Redis that failed and were tried again."},
	{Name: "millstream.group.lag", Kind: Gauge, Unit: messages, Description: "Entries that no consumer of the group was delivered: exact up to about 1000, above that as Redis reckons it, or at most so many."},
	{Name: "millstream.group.pending", Kind: Gauge, Unit: messages, Description: "Messages that were delivered and are neither settled nor parked, those among them whose consumer is gone."},
	{Name: "millstream.group.parked", Kind: Gauge, Unit: messages, Description: "Messages that are put aside until a time."},
	{Name: "millstream.group.oldest_waiting_age", Kind: Gauge, Unit: seconds, Description: "How long ago the oldest entry was added that no consumer of the group was delivered, by Redis's clock; 0 if there is none."},
	{Name: "millstream.group.oldest_pending_age", Kind: Gauge, Unit: seconds, Description: "How long ago the oldest pending message was added, parked ones left out, by Redis's clock; 0 if there is none."},
}

// ofCommits are about batches of messages that are settled together.
var ofCommits = []Metric{
	{Name: "millstream.commit.duration", Kind: Histogram, Unit: seconds, Buckets: Durations, Description: "How long it took until a batch of messages was settled, repeats included."},
	{Name: "millstream.commit.messages", Kind: Histogram, Unit: messages, Buckets: Counts, Description: "How many messages were settled together."},
}

// ofPubSub are counted by channel or pattern.
var ofPubSub = []Metric{
	{Name: "millstream.pubsub.received", Kind: Counter, Unit: messages, Description: "Messages that came from Redis, for each subscription."},
	{Name: "millstream.pubsub.acked", Kind: Counter, Unit: messages, Description: "Messages that a handler acknowledged."},
	{Name: "millstream.pubsub.poisoned", Kind: Counter, Unit: messages, Description: "Messages that went to the poison topic."},
	{Name: "millstream.pubsub.redelivered", Kind: Counter, Unit: messages, Description: "How often a message was delivered once more after a Nack."},
	{Name: "millstream.pubsub.lost", Kind: Counter, Unit: messages, Description: "Messages that came and that no handler finished, by millstream.lost.cause."},
	{Name: "millstream.pubsub.held", Kind: Sum, Unit: messages, Description: "Messages that wait in a buffer, or are with a handler."},
	{Name: "millstream.pubsub.gaps", Kind: Counter, Unit: "{gap}", Description: "How often a connection was broken."},
	{Name: "millstream.pubsub.gap.duration", Kind: Counter, Unit: seconds, Description: "For how long connections were broken, in all, one that is now included."},
	{Name: "millstream.pubsub.down", Kind: Sum, Unit: "{connection}", Description: "Connections that are broken now."},
}
