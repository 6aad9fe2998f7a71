package telemetry

import "go.opentelemetry.io/otel/attribute"

// Attributes of spans that the semantic conventions have no name for.
const (
	// KeyHandler is the handler's name in the router: in a pipeline the stage.
	KeyHandler = attribute.Key("millstream.handler")
	// KeyEntryID is the id of the entry in the stream.
	KeyEntryID = attribute.Key("millstream.entry_id")
	// KeyAttempt is which run of the handler this is, from 1.
	KeyAttempt = attribute.Key("millstream.attempt")
	// KeyWait is how long before, in milliseconds, the message was added to the
	// stream.
	KeyWait = attribute.Key("millstream.wait_ms")
	// KeyRetries is how often the handler was called again within the delivery.
	KeyRetries = attribute.Key("millstream.retries")
	// KeyOutcome is what became of the message: one of the Outcomes.
	KeyOutcome = attribute.Key("millstream.outcome")
	// KeyDelay is how long it is until the next attempt, in milliseconds.
	KeyDelay = attribute.Key("millstream.delay_ms")
	// KeyPoisonKind is why a message was poisoned, in one word.
	KeyPoisonKind = attribute.Key("millstream.poison_kind")
	// KeyReason is why something was done.
	KeyReason = attribute.Key("millstream.reason")
)

// Outcomes of a message's processing.
const (
	Acked     = "acked"
	Nacked    = "nacked"
	Parked    = "parked"
	Duplicate = "duplicate"
	Poisoned  = "poisoned"
)

// Events of spans.
const (
	EventRetry     = "millstream.retry"
	EventParked    = "millstream.parked"
	EventDuplicate = "millstream.duplicate"
	EventPoisoned  = "millstream.poisoned"
)
