package reliability

import (
	"context"
	"fmt"
	"time"
)

func killed() Fault {
	return Fault{
		Name:  "killed",
		Title: "`kill -9` between publishing the output and the acknowledgement",
		How:   "A process kills itself (SIGKILL) as its Publish of the output has returned. Another consumer is started.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const id = "m"
			j := s.job("killed")
			j.DieAfter = id
			if err := s.publish(ctx, id); err != nil {
				return Seen{}, err
			}
			p, err := s.spawn(j)
			if err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the process dies", p.hasEnded); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			if _, err := s.start(s.settings("next"), nil); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "another takes over", func() (bool, error) { return s.runs.of(id) == 2, nil }); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "and delivers", s.delivered(ctx, []string{id})); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "and acknowledges", s.settled(ctx)); err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start), Runs: s.runs.of(id)}
			account, err := s.account(ctx, []string{id})
			seen.Account = &account
			seen.Outcome = fmt.Sprintf("the handler ran %s, %s", times(seen.Runs), outputs(account))
			return seen, err
		},
	}
}
