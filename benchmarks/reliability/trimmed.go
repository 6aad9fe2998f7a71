package reliability

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

func trimmed() Fault {
	return Fault{
		Name:  "trimmed",
		Title: "Entries trimmed away while a dead consumer holds them",
		How:   "A consumer reads 5 of 10 messages and is gone, those 5 are trimmed away, and another consumer is started.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			held, rest := ids("held", 5), ids("rest", 5)
			if err := s.publish(ctx, append(held, rest...)...); err != nil {
				return Seen{}, err
			}
			if err := s.client.XGroupCreate(ctx, s.in, s.group, "0").Err(); err != nil {
				return Seen{}, err
			}
			if err := s.client.XReadGroup(ctx, &redis.XReadGroupArgs{
				Group: s.group, Consumer: "dead", Streams: []string{s.in, ">"}, Count: int64(len(held)), Block: -1,
			}).Err(); err != nil {
				return Seen{}, err
			}
			if err := s.client.XTrimMaxLen(ctx, s.in, int64(len(rest))).Err(); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			if _, err := s.start(s.settings("next"), nil); err != nil {
				return Seen{}, err
			}
			dropped, err := s.within(ctx, 3*idle+s.watch, s.settled(ctx))
			if err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start), Watched: 3*idle + s.watch}
			if err := s.until(ctx, "the rest is delivered", s.delivered(ctx, rest)); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, rest)
			seen.Account, seen.Runs = &account, s.runs.of(append(held, rest...)...)
			seen.Outcome = fmt.Sprintf("the %d trimmed ones leave the pending list", len(held))
			if !dropped {
				seen.Recovered = never
				seen.Outcome = "the trimmed ones stay in the pending list"
			}
			return seen, err
		},
	}
}
