package reliability

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

func stopped() Fault {
	return Fault{
		Name:  "stopped",
		Title: "A frozen consumer wakes after its message was taken over",
		How:   "A process is frozen (SIGSTOP) in its handler until another consumer has taken the message over and finished it. Then it goes on (SIGCONT) and finishes it as well.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const id = "m"
			frozen, err := s.spawn(awaiting(s.job("frozen")))
			if err != nil {
				return Seen{}, err
			}
			if err := s.publish(ctx, id); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the consumer begins", frozen.says(wordBegin, id)); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			if err := frozen.signal(syscall.SIGSTOP); err != nil {
				return Seen{}, err
			}
			if _, err := s.start(s.settings("awake"), nil); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "another takes over", s.delivered(ctx, []string{id})); err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start)}
			if err := s.until(ctx, "and acknowledges", s.settled(ctx)); err != nil {
				return Seen{}, err
			}
			if err := frozen.signal(syscall.SIGCONT); err != nil {
				return Seen{}, err
			}
			if err := frozen.proceed(); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the late one publishes", frozen.says(wordPublish, id)); err != nil {
				return Seen{}, err
			}
			// Its end comes after its acknowledgement.
			if err := frozen.terminate(ctx); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, []string{id})
			seen.Account, seen.Runs = &account, s.runs.of(id)
			seen.Outcome = fmt.Sprintf("the handler ran %s, %s", times(seen.Runs), outputs(account))
			return seen, err
		},
	}
}

// outputs says how many outputs one message has.
func outputs(a Account) string {
	if n := a.Delivered + a.Doubled; n != 1 {
		return fmt.Sprintf("%d outputs", n)
	}
	return "1 output"
}

// awaiting makes the handler of a job wait to be told to go on.
func awaiting(j job) job {
	j.Await = true
	return j
}
