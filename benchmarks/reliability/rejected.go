package reliability

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// errRejected is what a handler says that never succeeds.
var errRejected = errors.New("rejected")

func rejected() Fault {
	return Fault{
		Name:  "rejected",
		Title: "A handler that rejects one message for ever",
		How:   "One message that the handler always fails on, and 10 behind it.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const bad = "rejected"
			behind := ids("behind", 10)
			all := append([]string{bad}, behind...)
			if err := s.publish(ctx, all...); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			if _, err := s.start(s.settings("only"), func(msg *message.Message) error {
				if msg.UUID == bad {
					return errRejected
				}
				return nil
			}); err != nil {
				return Seen{}, err
			}
			passed, err := s.within(ctx, s.watch, s.delivered(ctx, behind))
			if err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start), Watched: s.watch}
			if !passed {
				seen.Recovered = never
			}
			// The rest of the time shows how often the one comes again.
			if err := pause(ctx, s.watch-time.Since(start)); err != nil {
				return Seen{}, err
			}
			seen.Runs = s.runs.of(bad)
			watched := time.Since(start)
			account, err := s.account(ctx, all)
			seen.Account = &account
			seen.Measured = fmt.Sprintf("the runs are those for the one message in %.1f s", watched.Seconds())
			const often = 100 // a second
			if float64(seen.Runs) > often*watched.Seconds() {
				seen.Outcome = "the one is run again without a pause, "
			} else {
				seen.Outcome = "the one is run again with pauses, "
			}
			if passed {
				seen.Outcome += "those behind it pass"
			} else {
				seen.Outcome += "those behind it wait"
			}
			return seen, err
		},
	}
}
