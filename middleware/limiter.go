package middleware

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/middleware/internal/tokens"
)

// Limiter hands out tokens. Each key has tokens of its own. It may be called
// concurrently.
type Limiter interface {
	// Take takes a token of key and returns 0. If there is none now it takes none and
	// returns how long it will be until there is one, if nobody else takes it. An
	// error says that nobody knows, and then no token need have been taken.
	Take(ctx context.Context, key string) (wait time.Duration, err error)
}

// PerProcess returns a [Limiter] for this process alone: n processes with it let
// through n times as much. Each key gets perSecond tokens a second ([rate.Every]
// makes a rate of an interval) and can save up burst of them, which it has to begin
// with. The error tells of a rate or a burst that lets nothing through, of an
// infinite rate, and of a burst that takes more than a year to save up.
//
// A key is forgotten some time after it has saved up its burst again, so that memory
// is taken by those that were used in about the last burst/perSecond seconds, some
// hundred bytes each, and by at most as many idle ones again.
func PerProcess(perSecond rate.Limit, burst int) (Limiter, error) {
	if err := tokens.Check(perSecond, burst); err != nil {
		return nil, fmt.Errorf("limiter: %w", err)
	}
	return &perProcess{rate: perSecond, burst: burst}, nil
}

type perProcess struct {
	rate  rate.Limit
	burst int

	mu      sync.Mutex
	buckets idling[*rate.Limiter]
}

func (p *perProcess) Take(ctx context.Context, key string) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	bucket := p.buckets.entries[key]
	if bucket == nil {
		bucket = rate.NewLimiter(p.rate, p.burst)
		// One that is full is as good as none.
		p.buckets.add(key, bucket, func(b *rate.Limiter) bool { return b.TokensAt(now) >= float64(p.burst) })
	}
	r := bucket.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait, nil
}
