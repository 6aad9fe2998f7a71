package reliability

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

func closed() Fault {
	return Fault{
		Name:  "closed",
		Title: "Close in mid-handler",
		How: "The router is closed while the handler is at a message, which it finishes 300 milliseconds later. " +
			"When Close has returned another consumer is started.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const id = "m"
			if err := s.publish(ctx, id); err != nil {
				return Seen{}, err
			}
			begun, finish := make(chan struct{}), make(chan struct{})
			begin := sync.OnceFunc(func() { close(begun) })
			st, err := s.start(s.settings("first"), func(*message.Message) error {
				begin()
				select {
				case <-finish:
				case <-s.over:
				}
				return nil
			})
			if err != nil {
				return Seen{}, err
			}
			select {
			case <-begun:
			case <-time.After(patience):
				return Seen{}, fmt.Errorf("until the handler begins: %w", errPatience)
			}
			start := time.Now()
			stopped := make(chan error, 1)
			go func() { stopped <- st.stop() }()
			if err := pause(ctx, 300*time.Millisecond); err != nil {
				return Seen{}, err
			}
			close(finish)
			if err := <-stopped; err != nil {
				return Seen{}, err
			}
			return s.afterClose(ctx, id, start)
		},
	}
}

// afterClose looks at what Close left behind and has another consumer take it.
func (s *scene) afterClose(ctx context.Context, id string, start time.Time) (Seen, error) {
	outputs, err := s.count(ctx, s.out, "-")
	if err != nil {
		return Seen{}, err
	}
	if _, err := s.start(s.settings("second"), nil); err != nil {
		return Seen{}, err
	}
	if err := s.until(ctx, "the message is delivered", s.delivered(ctx, []string{id})); err != nil {
		return Seen{}, err
	}
	seen := Seen{Recovered: time.Since(start), Runs: s.runs.of(id)}
	if err := s.until(ctx, "it is acknowledged", s.settled(ctx)); err != nil {
		return Seen{}, err
	}
	account, err := s.account(ctx, []string{id})
	seen.Account = &account
	if outputs[id] > 0 {
		seen.Outcome = fmt.Sprintf("Close returns when the handler's work is committed; the handler ran %s", times(seen.Runs))
	} else {
		seen.Outcome = fmt.Sprintf("what the handler finished is dropped and done over by the next consumer; the handler ran %s", times(seen.Runs))
	}
	return seen, err
}
