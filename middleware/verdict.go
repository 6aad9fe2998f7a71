package middleware

import (
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Permanent marks err as one that no retry will mend: [Retry] passes it on at once,
// and a [PoisonQueue] takes the message. Permanent(nil) is nil. It is the same as
// pipeline.Permanent.
func Permanent(err error) error { return handoff.Permanent(err) }

// RetryAfter asks for the message to be put aside for d and then delivered again. On
// a bare router it needs a [Retry] around the handler, and a transport with a
// handoff; else it is an error as any other. It is the same as pipeline.RetryAfter.
func RetryAfter(d time.Duration) error { return handoff.RetryAfter(d) }
