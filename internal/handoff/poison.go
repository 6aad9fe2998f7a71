package handoff

import (
	"strconv"
	"time"

	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// Metadata keys of a poisoned message. The first four are Watermill's own, so
// that tools made for its poison queue read ours.
const (
	KeyReason     = wm.ReasonForPoisonedKey
	KeyTopic      = wm.PoisonedTopicKey
	KeyHandler    = wm.PoisonedHandlerKey
	KeySubscriber = wm.PoisonedSubscriberKey

	KeyKind     = "millstream_poison_kind"
	KeyEntryID  = "millstream_entry_id"
	KeyAttempts = "millstream_attempts"
	KeyFailedAt = "millstream_failed_at"
	KeyPipeline = "millstream_pipeline"
	KeyErrors   = "millstream_error_chain"
	KeyTraceID  = "millstream_trace_id"
)

// Kinds of poisoning, the values of [KeyKind].
const (
	// KindMalformed: the entry or its payload could not be decoded.
	KindMalformed = "malformed"
	// KindPermanent: the handler said that no retry will mend it.
	KindPermanent = "permanent"
	// KindExhausted: its attempts were used up.
	KindExhausted = "exhausted"
	// KindFailed: a plain error, of those that the poison queue was told to take, or
	// a panic.
	KindFailed = "failed"
	// KindUnfinished: time and again a process died or froze at work on it.
	KindUnfinished = "unfinished"
)

// RawFieldPrefix goes before the name of each field of an entry that could not
// be decoded, when it is kept in the poison topic.
const RawFieldPrefix = "raw:"

// Poisoning is why and where a message was given up.
type Poisoning struct {
	Reason, Kind      string
	Pipeline, Handler string
	Topic, Subscriber string
	EntryID           string
	Attempts          int
	FailedAt          time.Time
	// Errors is the chain of errors, one a line.
	Errors string
	// TraceID is that of the message's trace.
	TraceID string
}

// Describe writes the poisoning into metadata.
func (p Poisoning) Describe(metadata map[string]string) {
	metadata[KeyReason] = p.Reason
	metadata[KeyKind] = p.Kind
	metadata[KeyTopic] = p.Topic
	metadata[KeyHandler] = p.Handler
	metadata[KeySubscriber] = p.Subscriber
	metadata[KeyAttempts] = strconv.Itoa(p.Attempts)
	metadata[KeyFailedAt] = p.FailedAt.UTC().Format(time.RFC3339)
	if p.EntryID != "" {
		metadata[KeyEntryID] = p.EntryID
	}
	for key, value := range map[string]string{KeyPipeline: p.Pipeline, KeyErrors: p.Errors, KeyTraceID: p.TraceID} {
		if value != "" {
			metadata[key] = value
		}
	}
}
