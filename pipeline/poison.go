package pipeline

import "github.com/millstream-go/millstream/internal/handoff"

// Metadata of a message in the poison topic. The first four keys are those of
// Watermill's own poison queue.
const (
	// PoisonReason is the text of the error.
	PoisonReason = handoff.KeyReason
	// PoisonTopic is the topic that the message was read from.
	PoisonTopic = handoff.KeyTopic
	// PoisonHandler is the stage that could not process it.
	PoisonHandler = handoff.KeyHandler
	// PoisonSubscriber is the kind of subscriber that delivered it.
	PoisonSubscriber = handoff.KeySubscriber
	// PoisonKind is one of the Kind constants.
	PoisonKind = handoff.KeyKind
	// PoisonEntryID is the id of the entry that the message was, on transports
	// that have one.
	PoisonEntryID = handoff.KeyEntryID
	// PoisonAttempts is how many attempts at it there were: calls of the handler, unless
	// middleware outside of it refused them. A message that was never handed to one, for
	// its entry could not be decoded or it kills its process, has the number of its
	// deliveries.
	PoisonAttempts = handoff.KeyAttempts
	// PoisonFailedAt is when it was given up, in RFC 3339.
	PoisonFailedAt = handoff.KeyFailedAt
	// PoisonPipeline is the name of the pipeline.
	PoisonPipeline = handoff.KeyPipeline
	// PoisonErrors is type and text of the error and of all that it wraps, one a line.
	PoisonErrors = handoff.KeyErrors
	// PoisonTraceID is the id of the message's trace, if it has one.
	PoisonTraceID = handoff.KeyTraceID
)

// Values of the metadata [PoisonKind].
const (
	// KindMalformed: the message could not be decoded.
	KindMalformed = handoff.KindMalformed
	// KindPermanent: the handler returned [Permanent].
	KindPermanent = handoff.KindPermanent
	// KindExhausted: the handler failed until its attempts were used up.
	KindExhausted = handoff.KindExhausted
	// KindFailed: an error that the poison queue was told to take at once, or a panic
	// that no retry saw.
	KindFailed = handoff.KindFailed
	// KindUnfinished: time and again a process died or froze at work on it.
	KindUnfinished = handoff.KindUnfinished
)
