package suites

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// published looks for the messages that a round has added to the backlog.
func (b *backlog) published(ctx context.Context, messages int) (bench.Account, error) {
	tally, ids := bench.NewTally(messages), map[string]bool{}
	err := eachEntry(ctx, b.site.own, b.topic, "("+b.newest, page(b.size), func(entries []redis.XMessage) error {
		tallyEntries(tally, ids, entries, messages, b.size)
		return nil
	})
	return tally.Account(), err
}

// restoreTimeout bounds how long it may take to delete what a round has added.
const restoreTimeout = time.Minute

// restore makes the backlog what it was before a round: also after ctx has ended, for
// there may be another.
func (b *backlog) restore(ctx context.Context, s *site) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTimeout)
	defer cancel()
	var faults []error
	if err := b.site.own.XGroupDestroy(ctx, b.topic, s.tag).Err(); err != nil {
		faults = append(faults, fmt.Errorf("remove the group of a round: %w", err))
	}
	err := eachEntry(ctx, b.site.own, b.topic, "("+b.newest, page(b.size), func(entries []redis.XMessage) error {
		ids := make([]string, len(entries))
		for i, entry := range entries {
			ids[i] = entry.ID
		}
		if err := b.site.own.XDel(ctx, b.topic, ids...).Err(); err != nil {
			return fmt.Errorf("remove what was published: %w", err)
		}
		return nil
	})
	return errors.Join(append(faults, err)...)
}
