// Package pipeline composes typed stages into a durable pipeline and runs it.
//
//	orders  := pipeline.New("orders")
//	placed  := pipeline.Source[Order](orders, "placed")
//	valid   := pipeline.Stage(placed, "validate", validate)
//	charged := pipeline.Stage(valid, "charge", charge, pipeline.Concurrency(16))
//	pipeline.Sink(charged, "ship", ship)
//	pipeline.Sink(charged, "receipt", sendReceipt) // gets every message too
//
//	err := orders.Run(ctx, transport)
//
// A stage is a function from one value to another and an error. The compiler
// checks that a stage fits the flow it hangs on. Between two stages lies a topic
// of the transport, so that each message survives the process that made it, and
// any number of processes can run any part of the pipeline.
//
// # Words
//
//   - A topic is a named stream of messages. The topics of pipeline p have the
//     names "{p}:" and the name of their source, stage or branch.
//   - A [Flow] is one topic, or several that were merged, and the type of its values.
//   - A stage is a handler, the flow it reads and its consumer group, which has its
//     name. Two stages on one flow are two groups: each gets every message.
//   - A delivery is one message handed to a handler; an attempt is which delivery
//     of that message it is, from 1.
//   - The handoff is what a delivery leads to: the outputs of the handler, what it
//     published with its context, and the acknowledgement of its input.
//   - To park a message is to put it aside for a while; others pass it.
//   - The poison topic gets the messages that cannot be processed, with why.
//
// # Composing
//
// [Source] is where messages come in. [Stage] makes one value of each it gets,
// [Expand] any number, [Route] one for one of several branches, each with a type
// of its own, and [Sink] none. [Merge] joins flows of one type. What is hung on a
// flow twice runs twice.
//
// [Ingest] takes messages over from a topic of another transport, such as a pattern of
// Redis Pub/Sub channels, and [Broadcast] publishes those of a flow to one.
//
// Composition reports no errors. [Pipeline.Check] tells all faults of the graph
// at once; Run does so before it does anything else.
//
// # Layers
//
// The pipeline above has three topics and its poison topic. Each stage is a group,
// and so ship and receipt both get all of what charge makes:
//
//	  {orders}:placed     {orders}:validate     {orders}:charge
//	─────────────────▶ validate ──────────▶ charge ─────┬─────▶ ship
//	                       │                   │        └─────▶ receipt
//	                       └─────────┬─────────┘
//	                                 ▼
//	                          {orders}:poison
//
// A message passes through these on its way to a handler, and what comes of it
// back through them:
//
//	transport    reads the topic as the stage's group, commits the handoff
//	router       Watermill's: one goroutine a message
//	guard        carries out what is left of an error: acknowledge, put aside, reject
//	chain        package middleware's: poison queue, retry and others, see [Chain]
//	Use          the pipeline's middleware, then the stage's, the first outermost
//	codec        decodes the input, encodes the outputs
//	handler      yours
//
// # Guarantees
//
// On streams.Transport, and any other that commits a handoff in one step:
//
//   - The handoff is exactly once. The outputs of a message and its
//     acknowledgement take effect together or not at all, whichever process dies,
//     stalls or is cut off. So each input has its outputs once in the next topic.
//     What a handler publishes with its context is part of it if the publisher is
//     of the same transport.
//   - A handler's own side effects are at least once. A handler may run again for
//     a message whose earlier run failed or whose process died, and then what it
//     did to the world beyond the pipeline happens again. [EntryID], the message's
//     UUID or something in its payload can serve as a key to recognise that.
//   - A message is neither lost nor dropped: it is acknowledged with what came of
//     it, or comes again, or goes to the poison topic.
//   - With a concurrency of 1, the default, one process handles the messages of a
//     topic in order, but for those that failed or were parked, which others pass.
//     [Ordered] keeps the order strictly and over all processes.
//
// They hold as long as the transport keeps what it was given: a Redis that forgets
// acknowledged writes, as it may at a restart without persistence or a failover,
// forgets messages or their acknowledgement.
//
// What is published into a source from outside any handler is there when Publish
// has returned nil. If it returned an error the message may be there or not.
//
// On a transport made by [Watermill] outputs are published before the input is
// acknowledged. A crash between the two repeats the outputs, with the same
// message ids. Beyond that the guarantee is that of the publisher and subscriber.
//
// # Errors
//
// What a handler returns, after all middleware, decides about its message:
//
//	nil                 the outputs are passed on, the message is done
//	Skip                the message is done, nothing is passed on
//	RetryAfter(d)       the message is parked for d, and then delivered again
//	Permanent(err)      the message goes to the poison topic
//	any other error     the handler is called again: twice within a moment, and then
//	                    later and later, with the message put aside meanwhile; after
//	                    MaxAttempts, hours by default, it goes to the poison topic
//	a panic             is such an error
//	a payload that      the message goes to the poison topic, the handler does not run
//	cannot be decoded
//	an output that      the message goes to the poison topic
//	cannot be encoded
//
// This is what the default chain of middleware makes of them; [Chain] changes it.
// Verdicts may be wrapped. But for nil, nothing that the attempt published with
// its context remains, where there is a handoff. A message in the poison topic has its id, payload and
// metadata, and the metadata named by the Poison constants. If it cannot be
// published there, it stays where it is and is tried again.
//
// # Running
//
// [Pipeline.Run] runs all stages, or with [Only] some, until its context ends.
// Then nothing more is started, handlers at work finish, what they made is
// committed, and Run returns nil. The context of a handler is not that of Run: it
// ends only when the handler is still at work after the [DrainTimeout]. Its message
// is then delivered again, by whichever process comes next. A handler that ignores
// even that makes Run return [ErrDrainTimeout] some seconds later. Run also
// returns an error if it cannot begin, or if the transport ends a subscription.
//
// # What may be called concurrently
//
// Compose a pipeline from one goroutine. After that the methods of a [Pipeline]
// may be called concurrently, in particular Run, any number of times. So may those
// of a [Publisher]. Handlers are called concurrently if their stage's [Concurrency]
// is above 1 or several runs are under way. A [Codec] must be safe for concurrent
// use, and so must middleware.
//
// # Who closes what
//
// Run closes what it asked of the transport. Whoever makes a [Publisher] closes
// it. Whoever makes a Redis client, or the publisher and subscribers behind
// [Watermill], closes these when all runs have ended. Nothing goes on in the
// background after Run and Close have returned, but for a handler that Run gave
// up on.
package pipeline
