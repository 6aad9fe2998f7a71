package reliability

import (
	"context"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

func expelled() Fault {
	return Fault{
		Name:  "expelled",
		Title: "`XGROUP DELCONSUMER` by hand on a consumer at work",
		How:   "While the handler is at one message its consumer is removed from the group. Then the handler finishes.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const id, name = "m", "at-work"
			finish := make(chan struct{})
			if err := s.publish(ctx, id); err != nil {
				return Seen{}, err
			}
			if _, err := s.start(s.settings(name), func(*message.Message) error {
				select {
				case <-finish:
				case <-s.over:
				}
				return nil
			}); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the handler begins", func() (bool, error) { return s.runs.of(id) > 0, nil }); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			if err := s.client.XGroupDelConsumer(ctx, s.in, s.group, name).Err(); err != nil {
				return Seen{}, err
			}
			close(finish)
			watched := 2*idle + s.watch
			through, err := s.within(ctx, watched, s.delivered(ctx, []string{id}))
			if err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start), Watched: watched, Runs: s.runs.of(id)}
			if !through {
				seen.Recovered = never
			}
			account, err := s.account(ctx, []string{id})
			seen.Account = &account
			seen.Outcome = fmt.Sprintf("the handler ran %s, %s", times(seen.Runs), outputs(account))
			return seen, err
		},
	}
}
