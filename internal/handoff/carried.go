package handoff

// Carried is the trace context of a message, in the fields of W3C Trace Context and
// Baggage. A transport that is asked to takes it out of a message's metadata when it
// reads, and puts it back when it publishes, so that for the many messages whose trace
// is not recorded nobody looks into it, and most have no metadata at all.
type Carried struct {
	Traceparent, Tracestate, Baggage string
	// Packed is all of that as the transport had it, if it had nothing else: for itself
	// to publish as it is.
	Packed string
}

// The fields of metadata.
const (
	KeyTraceparent = "traceparent"
	KeyTracestate  = "tracestate"
	KeyBaggage     = "baggage"
)

// CarriedKeys are these fields.
var CarriedKeys = [...]string{KeyTraceparent, KeyTracestate, KeyBaggage}

// Field returns where a field is kept; nil if it is none of them.
func (c *Carried) Field(key string) *string {
	switch key {
	case KeyTraceparent:
		return &c.Traceparent
	case KeyTracestate:
		return &c.Tracestate
	case KeyBaggage:
		return &c.Baggage
	default:
		return nil
	}
}

// Restore puts it into the metadata of a message, in place of what is there.
func (c *Carried) Restore(metadata map[string]string) {
	for _, key := range CarriedKeys {
		if value := *c.Field(key); value != "" {
			metadata[key] = value
		} else {
			delete(metadata, key)
		}
	}
}

// Carrying is what a publisher embeds that publishes what the contexts of messages
// carry: see [CarriedBy].
type Carrying struct{ publisher any }

// CarryingBy returns what a publisher, a pointer, is to embed.
func CarryingBy(publisher any) Carrying { return Carrying{publisher} }

func (c Carrying) carries() any { return c.publisher }

// Carries reports whether a publisher does.
func Carries(publisher any) bool {
	c, ok := publisher.(interface{ carries() any })
	return ok && c.carries() == publisher // not one that embeds it
}

// Carrier is a context that carries.
type Carrier interface{ Carried() *Carried }

var nothing Carried

// CarriedBy returns what a message's own context carries, for a publisher to add to
// the metadata, and not to change. A context that was made of such a one carries
// nothing.
func CarriedBy(ctx any) *Carried {
	if c, ok := ctx.(Carrier); ok {
		return c.Carried()
	}
	return &nothing
}
