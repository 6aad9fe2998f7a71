package reliability

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

func outlives() Fault {
	return Fault{
		Name:  "outlives",
		Title: "A handler outlives the idle time, with two consumers",
		How: "The handler of a first consumer works on a message for three idle times, or until it is run for it a second time. " +
			"A second consumer is started when the idle time has passed. Stock looks for abandoned messages once in an idle time.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const id = "slow"
			twice := make(chan struct{})
			second := sync.OnceFunc(func() { close(twice) })
			work := func(msg *message.Message) error {
				if s.runs.of(id) > 1 {
					second()
				}
				select {
				case <-time.After(3 * idle):
				case <-twice:
				case <-s.over:
				}
				return nil
			}
			if err := s.startApart(ctx, id, work); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the message is delivered", s.delivered(ctx, []string{id})); err != nil {
				return Seen{}, err
			}
			// A second output may follow the first at once.
			if err := pause(ctx, idle/2); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, []string{id})
			seen := Seen{Account: &account, Runs: s.runs.of(id)}
			seen.Outcome = fmt.Sprintf("the handler ran %s", times(seen.Runs))
			if n := s.runs.atOnce(); n > 1 {
				seen.Outcome += fmt.Sprintf(", %d at once", n)
			}
			return seen, err
		},
	}
}

// startApart starts two consumers and returns when the message was published.
//
// Stock's consumers look for abandoned messages at fixed intervals, and take over
// from themselves, too. So that the outcome is not a matter of chance, the second
// starts, and looks, between two looks of the first.
func (s *scene) startApart(ctx context.Context, id string, work handler) error {
	settings := s.settings("first")
	settings.ClaimEvery = idle
	if _, err := s.start(settings, work); err != nil {
		return err
	}
	if err := pause(ctx, 3*idle/10); err != nil {
		return err
	}
	if err := s.publish(ctx, id); err != nil {
		return err
	}
	if err := s.until(ctx, "the handler begins", func() (bool, error) { return s.runs.of(id) > 0, nil }); err != nil {
		return err
	}
	if err := pause(ctx, idle+idle/10); err != nil {
		return err
	}
	settings.Consumer = "second"
	_, err := s.start(settings, work)
	return err
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return fmt.Sprintf("%d times", n)
	}
}
