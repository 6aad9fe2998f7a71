package oncall

import (
	"errors"
	"math"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/sony/gobreaker/v2"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

const (
	// firstPause is the pause after the first failure; each further one is up to twice as
	// long as the one before.
	firstPause = 50 * time.Millisecond
	// attemptTimeout is how long the notifier may take for an answer.
	attemptTimeout = 5 * time.Second
	// endless is more attempts than there will ever be: an alert is not given up because
	// the notifier is down for long.
	endless = math.MaxInt32
	// toTrip is how many failures in a row show that the notifier is down.
	toTrip = 5
	// probeEvery is how often at most a notifier that is down is asked whether it is back.
	probeEvery = 5 * time.Second
	// lease is how long warnings of a window wait for the first one when its process died.
	lease = 5 * time.Second
	// recheck is how often they look.
	recheck = 100 * time.Millisecond
)

// insist calls the notifier until it answers, with pauses that grow up to Backoff and in
// which others pass. When it fails time and again it is left alone, but for a probe now and
// then: what is not let through uses up nothing.
func (s *stages) insist(stage string) pipeline.CommonOption {
	return pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{
			MaxAttempts:     endless,
			InitialInterval: firstPause,
			MaxInterval:     max(s.Backoff, firstPause),
			AttemptTimeout:  attemptTimeout,
			OnRetry: func(msg *message.Message, _ int, _ error, _ time.Duration) {
				s.meters.retried(msg.Context(), stage)
			},
		}.Middleware
		c.CircuitBreaker = middleware.CircuitBreaker{
			Name:          stage,
			Failures:      toTrip,
			OpenFor:       min(max(s.Backoff/2, firstPause), probeEvery),
			IsFailure:     func(err error) bool { return errors.Is(err, alert.ErrDown) },
			OnStateChange: s.noteState,
		}.Middleware
	})
}

// noteState logs when the notifier is given a rest, and when it is back. That it is asked
// now and then in between is no news.
func (s *stages) noteState(stage string, from, to gobreaker.State) {
	switch {
	case to == gobreaker.StateClosed:
		s.Logger.Warn("the notifier is back", "stage", stage)
	case from == gobreaker.StateClosed:
		s.Logger.Warn("the notifier is down; what is for it waits", "stage", stage, "err", s.downReason())
	}
}

// downReason returns why the notifier was down when it was last asked in vain.
func (s *stages) downReason() error {
	if err := s.lastDown.Load(); err != nil {
		return *err
	}
	return alert.ErrDown
}

// firstOfWindow lets one warning of each window pass. The mark is set in the step that
// passes its window on, so there is exactly one for each.
func (s *stages) firstOfWindow() pipeline.CommonOption {
	return pipeline.Chain(func(c *middleware.Chain) {
		c.Dedup = middleware.Dedup{
			Key: s.windowKey, Lease: lease, RecheckAfter: recheck,
			OnDuplicate: func(msg *message.Message) {
				s.meters.count(msg.Context(), string(alert.Warning), gathered)
			},
		}.Middleware
	})
}

// windowKey returns the key of the window that a warning belongs to, or nothing if it is
// none: then its stage says why.
func (s *stages) windowKey(msg *message.Message) string {
	a, err := alert.Parse(msg.Payload)
	if err != nil {
		return ""
	}
	w, err := s.windowOf(msg.Context(), a)
	if err != nil {
		return ""
	}
	return w.Key()
}
