package pubsub

import (
	"errors"
	"time"
)

// Why a subscription was not connected. The Cause of a [Gap] is one of them where
// that is known, beside the error of the connection.
var (
	// ErrOutputBufferLimit: Redis disconnected the subscriber because too much waited
	// for it, more than its client-output-buffer-limit for pubsub clients allows. The
	// handler is too slow for what comes, and Overflow is Block; or a message, or a
	// burst of them, is larger than that. Redis before 7.4 does not count such
	// disconnections: of it only the first is recognised.
	ErrOutputBufferLimit = errors.New("pubsub: disconnected by Redis's client-output-buffer-limit")
	// ErrRestarted: the server was restarted, or another has taken its place.
	ErrRestarted = errors.New("pubsub: the server was restarted or replaced")
	// ErrSilent: the server did not answer a PING in time.
	ErrSilent = errors.New("pubsub: the server is silent")
	// ErrMoved: the channel's slot moved to another server of the cluster.
	ErrMoved = errors.New("pubsub: the channel moved to another server")
)

// errReconnected: go-redis found the connection broken when something was to be sent,
// and has made another, which it tells nobody.
var errReconnected = errors.New("pubsub: the connection broke and the client made another")

// Gap is a time in which a subscription was not connected. What was published in it
// may be lost: Redis keeps nothing for those who are away.
type Gap struct {
	Topic string
	// From is when something was read from Redis last. What Redis had sent by then and
	// was not read yet, as when a full buffer with Block kept it from being read, may be
	// lost, too. To is when Redis confirmed the subscription again, or when it was
	// closed; all that is published later comes.
	From, To time.Time
	// Cause is why.
	Cause error
}

// Duration returns how long it was.
func (g Gap) Duration() time.Duration { return g.To.Sub(g.From) }
