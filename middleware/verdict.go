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
// a bare router it needs a [Retry] around the handler. With a transport that cannot put
// aside that holds the message in its place, for 10 seconds at most, and then passes the
// error on, for the transport to deliver the message again. It is the same as
// pipeline.RetryAfter.
func RetryAfter(d time.Duration) error { return handoff.RetryAfter(d) }
