package reliability

import (
	"context"
	"fmt"
	"time"
)

func flushed() Fault {
	return Fault{
		Name:  "flushed",
		Title: "`FLUSHALL` under a running consumer",
		How: "10 messages are handled, then FLUSHALL, then 10 messages, which are the ones counted. " +
			"What does not come while it is watched is looked for again after a restart of the consumer.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			return s.loseGroup(ctx, false, func() error { return s.client.FlushAll(ctx).Err() })
		},
	}
}

func destroyed() Fault {
	return Fault{
		Name:  "destroyed",
		Title: "The consumer group is destroyed",
		How: "As before with XGROUP DESTROY, and all 20 messages are counted: " +
			"a group that is made again from the start of the stream gets what the stream still holds once more.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			return s.loseGroup(ctx, true, func() error { return s.client.XGroupDestroy(ctx, s.in, s.group).Err() })
		},
	}
}

func (s *scene) loseGroup(ctx context.Context, countBefore bool, lose func() error) (Seen, error) {
	before, after := ids("before", 10), ids("after", 10)
	if err := s.publish(ctx, before...); err != nil {
		return Seen{}, err
	}
	st, err := s.start(s.settings("first"), nil)
	if err != nil {
		return Seen{}, err
	}
	if err := s.until(ctx, "the first messages are delivered", s.delivered(ctx, before)); err != nil {
		return Seen{}, err
	}
	if err := s.until(ctx, "they are acknowledged", s.settled(ctx)); err != nil {
		return Seen{}, err
	}
	if err := lose(); err != nil {
		return Seen{}, err
	}
	start := time.Now()
	if err := s.publish(ctx, after...); err != nil {
		return Seen{}, err
	}
	recovered, err := s.within(ctx, s.watch, s.delivered(ctx, after))
	if err != nil {
		return Seen{}, err
	}
	counted := after
	if countBefore {
		counted = append(before, after...)
	}
	seen := Seen{Recovered: time.Since(start), Watched: s.watch}
	if recovered {
		// What is delivered again may follow.
		if err := s.until(ctx, "all is acknowledged", s.settled(ctx)); err != nil {
			return Seen{}, err
		}
	}
	account, err := s.account(ctx, counted)
	if err != nil {
		return Seen{}, err
	}
	seen.Account, seen.Runs = &account, s.runs.of(counted...)
	if recovered {
		seen.Outcome = "the consumer makes the group again and goes on"
		return seen, nil
	}
	seen.Recovered = never
	if err := st.stop(); err != nil {
		return Seen{}, err
	}
	if _, err = s.start(s.settings("second"), nil); err != nil {
		return Seen{}, err
	}
	if err := s.until(ctx, "a new consumer delivers", s.delivered(ctx, after)); err != nil {
		return Seen{}, err
	}
	if err := s.until(ctx, "all is acknowledged", s.settled(ctx)); err != nil {
		return Seen{}, err
	}
	then, err := s.account(ctx, counted)
	seen.Outcome = fmt.Sprintf("the consumer gets nothing more until it is restarted, then %s", then)
	return seen, err
}
