package handoff

import (
	"errors"
	"fmt"
	"time"
)

// ErrSkip is the verdict that acknowledges a message without output.
var ErrSkip = errors.New("millstream: message skipped")

// poisonError is the verdict that poisons a message at once.
type poisonError struct {
	kind string
	err  error
}

func (e *poisonError) Error() string { return e.err.Error() }
func (e *poisonError) Unwrap() error { return e.err }

func poisonous(kind string, err error) error {
	if err == nil {
		return nil
	}
	return &poisonError{kind: kind, err: err}
}

// Permanent marks err as one that no retry will mend. Permanent(nil) is nil.
func Permanent(err error) error { return poisonous(KindPermanent, err) }

// Malformed marks err as a failure to decode a message. Malformed(nil) is nil.
func Malformed(err error) error { return poisonous(KindMalformed, err) }

// Exhausted marks err as the last of all retries there were. Exhausted(nil) is nil.
func Exhausted(err error) error { return poisonous(KindExhausted, err) }

// PoisonKind returns why err poisons a message, if it does.
func PoisonKind(err error) (kind string, ok bool) {
	e, ok := errors.AsType[*poisonError](err)
	if !ok {
		return "", false
	}
	return e.kind, true
}

// retryAfterError is the verdict that puts a message aside for a while.
type retryAfterError struct{ after time.Duration }

func (e *retryAfterError) Error() string {
	return fmt.Sprintf("millstream: message put aside for %v", e.after)
}

// RetryAfter asks for the message to be delivered again after d.
func RetryAfter(d time.Duration) error { return &retryAfterError{after: max(d, 0)} }

// RetryDelay returns the delay that err asks for, if it does.
func RetryDelay(err error) (time.Duration, bool) {
	e, ok := errors.AsType[*retryAfterError](err)
	if !ok {
		return 0, false
	}
	return e.after, true
}

// IsVerdict reports whether err says itself what is to become of the message,
// so that trying again at once is not wanted.
func IsVerdict(err error) bool {
	if _, ok := PoisonKind(err); ok {
		return true
	}
	_, ok := RetryDelay(err)
	return ok || errors.Is(err, ErrSkip)
}
