package reliability

import (
	"context"
	"fmt"
	"time"
)

func deadly() Fault {
	const restarts, crashes = 5, 3
	return Fault{
		Name:  "deadly",
		Title: "A message that ends its process, again and again",
		How: fmt.Sprintf("The process kills itself (SIGKILL) in the handler of one message and is started again at once, up to %d times. "+
			"5 more messages are published after the first death. Millstream's MaxUnfinished is %d; stock has no such setting.", restarts, crashes),
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const bad = "deadly"
			others := ids("other", 5)
			if err := s.publish(ctx, bad); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			deaths := 0
			for ; deaths <= restarts; deaths++ {
				j := s.job(fmt.Sprintf("life-%d", deaths))
				j.DieOn, j.Crashes = bad, crashes
				p, err := s.spawn(j)
				if err != nil {
					return Seen{}, err
				}
				survived, err := s.survives(ctx, p)
				if err != nil {
					return Seen{}, err
				}
				if survived {
					break
				}
				if deaths == 0 {
					if err := s.publish(ctx, others...); err != nil {
						return Seen{}, err
					}
				}
			}
			seen := Seen{Recovered: time.Since(start), Watched: time.Since(start), Runs: s.runs.of(bad)}
			if err := s.until(ctx, "the others are delivered", s.delivered(ctx, others)); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, append([]string{bad}, others...))
			seen.Account = &account
			seen.Outcome = fmt.Sprintf("the process dies %d times, then no more", deaths)
			if deaths > restarts {
				seen.Recovered = never
				seen.Outcome = fmt.Sprintf("the process dies again each of the %d times it is restarted", restarts)
			}
			return seen, err
		},
	}
}

// survives waits for the process to die or for nothing to be left that it could die of.
func (s *scene) survives(ctx context.Context, p *process) (bool, error) {
	survived := false
	err := s.until(ctx, "the process dies or all is done", func() (bool, error) {
		if dead, _ := p.hasEnded(); dead {
			return true, nil
		}
		waiting, err := s.waiting(ctx)
		survived = err == nil && len(waiting) == 0
		return survived, err
	})
	return survived, err
}
