package reliability

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

func overrun() Fault {
	const count, keep = 200, 50
	return Fault{
		Name:  "overrun",
		Title: "A bound on the stream (`MAXLEN`) and a slow consumer",
		How: fmt.Sprintf("%d messages of 5 kB are published while the handler is at the first, with a bound of %d entries: "+
			"stock's DefaultMaxlen of the publisher, Millstream's Trim.KeepEntries of the subscriber. Then the handler goes on.", count, keep),
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			all := ids("m", count)
			proceed := make(chan struct{})
			settings := s.settings("slow")
			settings.Keep = keep
			if _, err := s.start(settings, func(*message.Message) error {
				select {
				case <-proceed:
				case <-s.over:
				}
				return nil
			}); err != nil {
				return Seen{}, err
			}
			settings.MaxLen = keep
			refused, err := s.publishBounded(ctx, settings, all)
			if err != nil {
				return Seen{}, err
			}
			close(proceed)
			// All that is still there is delivered when nothing waits any more.
			if err := s.until(ctx, "nothing waits", func() (bool, error) {
				waiting, err := s.waiting(ctx)
				return len(waiting) == 0, err
			}); err != nil {
				return Seen{}, err
			}
			seen := Seen{Runs: s.runs.of(all...)}
			if err := s.until(ctx, "all is acknowledged", s.settled(ctx)); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, all)
			if err != nil {
				return Seen{}, err
			}
			seen.Account = &account
			left, err := s.lengthOf(ctx, keep)
			seen.Outcome = left
			if refused > 0 {
				seen.Outcome = fmt.Sprintf("%d were refused, %s", refused, left)
			}
			return seen, err
		},
	}
}

// publishBounded publishes through the contender, the bulk when the consumer has
// read as far ahead as it does, and returns how many were refused.
func (s *scene) publishBounded(ctx context.Context, settings Settings, ids []string) (refused int, err error) {
	const kilobytes = 5 // more than a node of a stream has, so that an entry is trimmed at a time
	ends, closeEnds, err := s.open(settings)
	if err != nil {
		return 0, err
	}
	defer closeEnds()
	publish := func(ids []string) {
		for _, id := range ids {
			payload := message.Payload(strings.Repeat("x", kilobytes<<10))
			if ends.Publisher.Publish(s.in, message.NewMessage(id, payload)) != nil {
				refused++
			}
		}
	}
	const first = 10
	publish(ids[:first])
	var held int64
	since := sync.OnceValue(time.Now)
	if err := s.until(ctx, "the consumer holds what it reads ahead", func() (bool, error) {
		n, err := s.pending(ctx)
		if n > 0 && n == held {
			return time.Since(since()) > idle/2, err
		}
		held, since = n, sync.OnceValue(time.Now)
		return false, err
	}); err != nil {
		return 0, err
	}
	publish(ids[first:])
	return refused, nil
}

func (s *scene) lengthOf(ctx context.Context, keep int64) (string, error) {
	var n int64
	const untilTrimmed = 5 * time.Second
	bounded, err := s.within(ctx, untilTrimmed, func() (bool, error) {
		var err error
		n, err = s.client.XLen(ctx, s.in).Result()
		return n <= keep, err
	})
	if bounded {
		return "the stream is within its bound at the end", err
	}
	return fmt.Sprintf("the stream has %d entries at the end", n), err
}
