package reliability

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
)

func malformed() Fault {
	return Fault{
		Name:  "malformed",
		Title: "An entry that cannot be decoded",
		How: "10 messages, an entry without the fields of a message, and 10 messages. " +
			"If the subscription ends, another consumer is started when the entry is due to be taken over.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			all := ids("m", 20)
			if err := s.publish(ctx, all[:10]...); err != nil {
				return Seen{}, err
			}
			if err := s.client.XAdd(ctx, &redis.XAddArgs{Stream: s.in, Values: []any{"not", "a message"}}).Err(); err != nil {
				return Seen{}, err
			}
			if err := s.publish(ctx, all[10:]...); err != nil {
				return Seen{}, err
			}
			start := time.Now()
			ended, err := s.consumersEnded(ctx, all)
			if err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start), Watched: s.watch, Runs: s.runs.of(all...)}
			kept, err := s.keptRaw(ctx, "not", "a message")
			if err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, all)
			seen.Account = &account
			if account.Delivered < len(all) {
				seen.Recovered = never
			}
			switch {
			case ended == 0 && kept:
				seen.Outcome = "the subscription goes on, and the entry is kept in the poison topic as it was"
			case ended == 0:
				seen.Outcome = "the subscription goes on"
			case ended == 1:
				seen.Outcome = "the subscription ends, the next consumer's does not"
			default:
				seen.Outcome = "the subscription ends, and so does the next consumer's"
			}
			return seen, err
		},
	}
}

// consumersEnded runs up to two consumers, one after the other, and returns how
// many of them ended by themselves before the messages were delivered.
func (s *scene) consumersEnded(ctx context.Context, ids []string) (int, error) {
	for n, name := range []string{"first", "second"} {
		st, err := s.start(s.settings(name), nil)
		if err != nil {
			return n, err
		}
		delivered := s.delivered(ctx, ids)
		if _, err := s.within(ctx, s.watch, func() (bool, error) {
			if st.hasEnded() {
				return true, nil
			}
			return delivered()
		}); err != nil {
			return n, err
		}
		if !st.hasEnded() {
			return n, nil
		}
		if err := pause(ctx, idle+idle/5); err != nil {
			return n, err
		}
	}
	return 2, nil
}

// keptRaw reports whether the poison topic has an entry with a field as it was.
func (s *scene) keptRaw(ctx context.Context, field, value string) (bool, error) {
	entries, err := s.client.XRange(ctx, s.poison, "-", "+").Result()
	for _, entry := range entries {
		if entry.Values[handoff.RawFieldPrefix+field] == value {
			return true, err
		}
	}
	return false, err
}
