// Package observe lets middleware tell what happens to a message while it is worked
// on, to whoever records that, without knowing of it.
package observe

import (
	"context"
	"time"
)

// Observer is told of one delivery of a message, by one goroutine at a time.
type Observer interface {
	// Retried: the handler failed and is called again in this delivery, after a wait.
	Retried(failures int, wait time.Duration, err error)
	// Parked: the message is put aside for a time. An uncounted one is no failure.
	Parked(wait time.Duration, uncounted bool, why error)
	// Duplicate: deduplication dropped the message.
	Duplicate()
	// Poisoned: the message goes to the poison topic, and why.
	Poisoned(kind string, attempts int, why error)
}

// Key is the key of a context that carries an [Observer]: whoever makes one answers to
// it with the Observer.
type Key struct{}

// From returns the observer of the message with this context; never nil.
func From(ctx context.Context) Observer {
	if o, ok := ctx.Value(Key{}).(Observer); ok {
		return o
	}
	return nobody{}
}

type nobody struct{}

func (nobody) Retried(int, time.Duration, error) {}
func (nobody) Parked(time.Duration, bool, error) {}
func (nobody) Duplicate()                        {}
func (nobody) Poisoned(string, int, error)       {}
