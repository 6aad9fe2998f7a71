package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// ledger is leases and a store that answer what a test says and write down what they
// are asked, with the time since they were made.
type ledger struct {
	begun time.Time
	// answers are what Acquire gives, the last one for ever.
	answers []answer
	// broken are the errors of calls by their name, as long as there are some.
	broken map[string][]error

	deliveries middleware.Deliveries

	mu    sync.Mutex
	calls []string
}

type answer struct {
	lease middleware.Lease
	err   error
}

var errAway = errors.New("the store is away")

func granted() answer  { return answer{lease: middleware.Lease{State: middleware.Granted}} }
func finished() answer { return answer{lease: middleware.Lease{State: middleware.Finished}} }

func taken(left time.Duration) answer {
	return answer{lease: middleware.Lease{State: middleware.Taken, Left: left}}
}

func newLedger(answers ...answer) *ledger {
	return &ledger{begun: time.Now(), answers: answers, broken: map[string][]error{}}
}

// note writes a call down with its arguments, and returns its error.
func (l *ledger) note(ctx context.Context, call string, args ...any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := fmt.Sprint(time.Since(l.begun).Round(time.Millisecond)) + " " + call
	for _, arg := range args {
		text += fmt.Sprintf(" %v", arg)
	}
	if ctx.Err() != nil {
		text += " (too late)"
	}
	l.calls = append(l.calls, text)
	var err error
	if errs := l.broken[call]; len(errs) > 0 {
		err, l.broken[call] = errs[0], errs[1:]
	}
	return err
}

// log returns what was asked.
func (l *ledger) log() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.calls...)
}

func (l *ledger) Deliveries() *middleware.Deliveries { return &l.deliveries }

func (l *ledger) Acquire(ctx context.Context, key, _ string, ttl time.Duration) (middleware.Lease, error) {
	_ = l.note(ctx, "acquire", key, ttl)
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.answers[0]
	if len(l.answers) > 1 {
		l.answers = l.answers[1:]
	}
	return a.lease, a.err
}

func (l *ledger) Renew(ctx context.Context, key, _ string, ttl time.Duration) error {
	return l.note(ctx, "renew", key, ttl)
}

func (l *ledger) Release(ctx context.Context, key, _ string) error {
	return l.note(ctx, "release", key)
}

func (l *ledger) Finish(ctx context.Context, key string, ttl time.Duration) error {
	return l.note(ctx, "finish", key, ttl)
}

// domain gives every delivery the leases of one ledger.
type domain struct{ *ledger }

func (d domain) Leases(handoff.Delivery) handoff.Leases { return d.ledger }

// delivered returns a message with a handoff.
func delivered(t *testing.T, l *ledger, d handoff.Delivery) (*message.Message, *handoff.Handoff, context.CancelFunc) {
	t.Helper()
	ctx := handoff.NewContext(t.Context(), d, domain{l})
	t.Cleanup(ctx.End)
	return message.NewMessageWithContext(ctx, "m", nil), &ctx.Handoff, ctx.End
}
