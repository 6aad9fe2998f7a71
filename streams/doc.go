// Package streams carries Watermill messages on Redis Streams, with an atomic
// handoff from one stream to the next.
//
// # Words
//
// A topic is the key of a stream. A group is a Redis consumer group: each group
// gets every message of a topic, and the consumers of a group share them. A
// consumer is one subscriber's name in its group. A delivery is one message
// handed to a handler; an attempt is which delivery of the message this is, from
// 1. A handoff is what a delivery stages and then commits. To park a message is
// to put it aside until a time.
//
// # The handoff
//
// A [Subscriber] puts a handoff into the context of each message. A [Publisher]
// on the same client stages what is published with that context instead of
// sending it. When the message is acknowledged, one Lua script on the server
// acknowledges the entry and, only if that acknowledgement counted, adds what was
// staged:
//
//	             ┌── read ahead ──┐                       ┌─ acknowledge ─┐
//	input stream ──▶ lane ──▶ handler ──▶ ack ──▶ commit ─┤  outputs      ├─▶ output streams
//	             └── renewed while held ──────────────────└─ marks        ┘
//
// So the step from a stream to the next is taken exactly once, whatever worker
// dies, stalls or is overtaken on the way:
//
//   - A handler that fails, or a process that dies, leaves no output.
//   - When another consumer has settled a message, the outputs of a late one are
//     dropped.
//   - A commit whose reply was lost is sent again and changes nothing.
//
// What a handler does elsewhere, such as calling a payment service, happens at
// least once. With a context that is not a delivery's, messages are added at once.
// On Redis Cluster and Ring a handoff reaches topics with the hash tag of its
// input. An output for another topic is added before the acknowledgement, under a
// key made of its input and its place among the outputs: if the handler runs again
// within a day, or with deduplication within the time that a key is remembered if
// that is shorter, and puts out the same in the same order, it is added once. It may
// be seen before its input is acknowledged, and it stays if that never happens.
//
// # Delivery
//
// Concurrency is 1 unless set, which keeps order in one subscription; Ordered
// keeps it over all consumers of the group. A rejected message (Nack) is parked
// with a growing delay while those behind it pass. A running subscriber renews its
// hold on what it has read, however long a handler takes; when it dies, others
// take its messages over after IdleTime. Reading ahead is bounded by time: about
// what the lanes begin within 100 milliseconds.
//
// An entry that cannot be decoded goes to the poison topic, with its fields as
// they were (of two with one name, the last) and the reason, and stops nothing. So does a message that was delivered
// MaxUnfinished times and never finished, because its process died or froze every
// time: the next process does not handle it. A run that ends with an error, or is put
// aside, is finished, and counting begins anew.
//
// A message with Watermill's delay metadata (its package components/delay), whoever
// published it, is put aside until its time while those behind it pass, in an ordered
// group too, and then comes at its first attempt: to the millisecond if it was added
// within half a second after its delay was set, else to the second. A process that is
// there wakes for it; when one puts a message aside and closes before it is due, the
// others learn of it within a second.
//
// # Memory
//
// A [Transport] deletes from its topics what every group is done with, and keeps of
// it what [Trim] says; a bare Subscriber does so if Trim is set. Nothing that a group
// has not been delivered, holds or has put aside is deleted. MaxLen bounds a topic
// that is not worked off: Publish then fails with [ErrTopicFull], and stages wait.
//
// # Format
//
// Entries have the format of watermill-redisstream, through its own marshaller;
// its publishers and subscribers work on the same streams. Besides the streams
// there are these keys, all in the slot of the topic ("{topic}" is written for a
// topic without a hash tag of its own):
//
//	{topic}:parked:GROUP      sorted set of parked entries, by due time
//	{topic}:unfinished:GROUP  hash of how often a message's process died, by entry, and
//	                          of how often its handler failed
//	{topic}:stalled           hash of groups that stand still, for trimming
//	{topic}:done:GROUP:KEY    mark of a message that deduplication has seen, or the
//	                          lease of who works on it
//	{topic}:published:KEY     mark of a message that was published with a key, or
//	                          from another slot
//	{topic}:poison            stream of what could not be decoded or finished
//
// It needs Redis 7.0 or later, or Valkey, and uses nothing newer.
//
// # Metrics
//
// With an OpenTelemetry SDK, what [Stats] counts are metrics, and so is how much there is
// to do for each group. docs/metrics.md lists them.
//
// # Who closes what
//
// Whoever makes a client, a publisher or a subscriber closes it; none closes the
// client it was given. Close a client last. All methods of this package's types
// may be called concurrently.
package streams
