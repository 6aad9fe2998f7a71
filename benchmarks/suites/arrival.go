package suites

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// patience is how long nothing may come until what is missing is taken for lost.
const patience = 10 * time.Second

// allArrived returns when all messages have come to all receivers or nothing comes any
// more, and when the last one came.
func allArrived(ctx context.Context, tallies ...*bench.Tally) (time.Time, error) {
	const look = 100 * time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	moved, before := time.Now(), 0
	for _, tally := range tallies {
		for arrived := false; !arrived; {
			select {
			case <-tally.All():
				arrived = true
				continue
			case <-ctx.Done():
				return moved, context.Cause(ctx)
			case <-ticker.C:
			}
			if received := receivedBy(tallies); received != before {
				moved, before = time.Now(), received
			}
			if time.Since(moved) > patience {
				return moved, nil
			}
		}
	}
	return time.Now(), nil
}

func receivedBy(tallies []*bench.Tally) (sum int) {
	for _, tally := range tallies {
		sum += tally.Received()
	}
	return sum
}

// allAcknowledged returns when nothing is pending in a group, and when that was, or how
// much is after a while.
func allAcknowledged(ctx context.Context, client *redis.Client, topic, group string) (pending int64, at time.Time, err error) {
	// A look takes Redis a microsecond, and there are few: all messages have been
	// handled before.
	const look = time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for began := time.Now(); ; {
		summary, err := client.XPending(ctx, topic, group).Result()
		if err != nil {
			return 0, time.Time{}, fmt.Errorf("look for what is pending: %w", err)
		}
		if at = time.Now(); summary.Count == 0 || at.Sub(began) > patience {
			return summary.Count, at, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return 0, time.Time{}, context.Cause(ctx)
		}
	}
}
