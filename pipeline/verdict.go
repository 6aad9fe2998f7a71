package pipeline

import (
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Skip is the verdict of a handler that is done with a message and has nothing
// to pass on: return it as the error. The message is acknowledged.
var Skip = handoff.ErrSkip

// Permanent is the verdict of a handler that failed in a way that no retry will
// mend: the message goes to the poison topic at once, with err as the reason.
// Permanent(nil) is nil.
func Permanent(err error) error { return handoff.Permanent(err) }

// RetryAfter is the verdict of a handler that wants the message again after d:
// it is put aside, and those behind it pass. That is no failure and uses up none of
// its [MaxAttempts], though [Attempt] counts the delivery.
func RetryAfter(d time.Duration) error { return handoff.RetryAfter(d) }
