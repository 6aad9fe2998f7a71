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
	// attempts is how often the handler ran; zero when nobody counted.
	attempts int
	err      error
}

func (e *poisonError) Error() string { return e.err.Error() }
func (e *poisonError) Unwrap() error { return e.err }

// Poisonous marks err as one that poisons a message, for a reason of that kind and
// after that many attempts; zero if nobody counted. Of nil it is nil.
func Poisonous(kind string, attempts int, err error) error {
	if err == nil {
		return nil
	}
	return &poisonError{kind: kind, attempts: attempts, err: err}
}

// Permanent marks err as one that no retry will mend. Permanent(nil) is nil.
func Permanent(err error) error { return Poisonous(KindPermanent, 0, err) }

// Malformed marks err as a failure to decode a message. Malformed(nil) is nil.
func Malformed(err error) error { return Poisonous(KindMalformed, 0, err) }

// Exhausted marks err as the last of that many attempts. Exhausted(nil, n) is nil.
func Exhausted(err error, attempts int) error { return Poisonous(KindExhausted, attempts, err) }

// PoisonKind returns why err poisons a message, if it does.
func PoisonKind(err error) (kind string, ok bool) {
	e, ok := errors.AsType[*poisonError](err)
	if !ok {
		return "", false
	}
	return e.kind, true
}

// Attempts returns how many attempts err says there were; zero if it does not.
func Attempts(err error) int {
	if e, ok := errors.AsType[*poisonError](err); ok {
		return e.attempts
	}
	return 0
}

// asideError is the verdict that puts a message aside for a while.
type asideError struct {
	aside Aside
	cause error
}

func (e *asideError) Error() string {
	if _, said := AsideOf(e.cause); said {
		return e.cause.Error()
	}
	text := fmt.Sprintf("millstream: message put aside for %v", e.aside.For)
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

func (e *asideError) Unwrap() error { return e.cause }

// RetryAfter asks for the message to be delivered again after d.
func RetryAfter(d time.Duration) error { return PutAside(Aside{For: d}, nil) }

// PutAside asks for the message to be put aside, because of cause, which may be nil.
func PutAside(a Aside, cause error) error {
	a.For = max(a.For, 0)
	return &asideError{aside: a, cause: cause}
}

// AsideOf returns how err asks for its message to be put aside, if it does.
func AsideOf(err error) (Aside, bool) {
	e, ok := errors.AsType[*asideError](err)
	if !ok {
		return Aside{}, false
	}
	return e.aside, true
}

// quotingError is an error whose text may quote what a message holds.
type quotingError struct {
	said string
	err  error
}

func (e *quotingError) Error() string { return e.err.Error() }
func (e *quotingError) Unwrap() error { return e.err }

// Quoting marks an error whose text may quote a payload, which no log and no span should
// hold, with what to say in its place. A nil error stays nil.
func Quoting(said string, err error) error {
	if err == nil {
		return nil
	}
	return &quotingError{said: said, err: err}
}

// Unquoted returns what to say in place of an error that may quote a payload.
func Unquoted(err error) (said string, quotes bool) {
	if e, ok := errors.AsType[*quotingError](err); ok {
		return e.said, true
	}
	if kind, _ := PoisonKind(err); kind == KindMalformed {
		return "the payload cannot be decoded", true
	}
	return "", false
}

// HasCause reports whether a message is put aside because of an error, and not only
// because its handler asked for it.
func HasCause(err error) bool {
	e, ok := errors.AsType[*asideError](err)
	if !ok || e.cause == nil {
		return false
	}
	if _, again := errors.AsType[*asideError](e.cause); again {
		return HasCause(e.cause)
	}
	return true
}

// IsVerdict reports whether err says itself what is to become of the message,
// so that trying again at once is not wanted.
func IsVerdict(err error) bool {
	if _, ok := PoisonKind(err); ok {
		return true
	}
	_, ok := AsideOf(err)
	return ok || errors.Is(err, ErrSkip)
}
