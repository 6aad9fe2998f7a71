package reliability

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

func overrun() Fault {
	const count, most = 200, 100
	return Fault{
		Name:  "overrun",
		Title: "A bound on the stream and a slow consumer",
		How: fmt.Sprintf("%d messages of 5 kB are published while the handler is at the first, with a bound of %d entries: "+
			"DefaultMaxlen of stock's publisher, MaxLen of Millstream's, whose subscriber has Trim. Then the handler goes on, "+
			"and what Publish refused is published again until it no longer does. The idle time is a minute.", count, most),
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			all := ids("m", count)
			settings := s.settings("slow")
			settings.Trim, settings.Idle = true, calm
			proceed := make(chan struct{})
			if _, err := s.start(settings, func(*message.Message) error {
				select {
				case <-proceed:
				case <-s.over:
				}
				return nil
			}); err != nil {
				return Seen{}, err
			}
			settings.MaxLen = most
			ends, closeEnds, err := s.open(settings)
			if err != nil {
				return Seen{}, err
			}
			defer closeEnds()
			refused, err := s.overrun(ctx, ends.Publisher, all)
			if err != nil {
				return Seen{}, err
			}
			close(proceed)
			if err := s.until(ctx, "there is room for what was refused", accepts(ends.Publisher, s.in, refused)); err != nil {
				return Seen{}, err
			}
			// All that is still there is delivered when nothing waits any more.
			if err := s.until(ctx, "nothing waits", func() (bool, error) {
				waiting, err := s.waiting(ctx)
				return len(waiting) == 0, err
			}); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, all)
			seen := Seen{Account: &account, Runs: s.runs.of(all...), Outcome: "Publish reports no error"}
			if len(refused) > 0 {
				seen.Outcome = fmt.Sprintf("Publish refuses %d of them until there is room", len(refused))
			}
			return seen, err
		},
	}
}

// overrun publishes messages to the stage's input, the bulk when the consumer has
// read as far ahead as it does, and returns those that were refused.
func (s *scene) overrun(ctx context.Context, publisher message.Publisher, ids []string) (refused []string, err error) {
	publish := func(ids []string) {
		for _, id := range ids {
			if publisher.Publish(s.in, large(id)) != nil {
				refused = append(refused, id)
			}
		}
	}
	const first = 10
	publish(ids[:first])
	held, since := int64(0), time.Now()
	if err := s.until(ctx, "the consumer holds what it reads ahead", func() (bool, error) {
		n, err := s.pending(ctx)
		if n == 0 || n != held {
			held, since = n, time.Now()
		}
		return time.Since(since) > idle/2, err
	}); err != nil {
		return nil, err
	}
	publish(ids[first:])
	return refused, nil
}

// accepts is the condition that all of the messages could be published.
func accepts(publisher message.Publisher, topic string, ids []string) func() (bool, error) {
	return func() (bool, error) {
		for len(ids) > 0 && publisher.Publish(topic, large(ids[0])) == nil {
			ids = ids[1:]
		}
		return len(ids) == 0, nil
	}
}

// large returns a message that has a node of a stream to itself: Redis trims
// whole nodes, and so trims exactly.
func large(id string) *message.Message {
	const size = 5 << 10
	return message.NewMessage(id, message.Payload(strings.Repeat("x", size)))
}
