package reliability

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

func trips() Fault {
	const count, delay = 300, 2 * time.Millisecond
	return Fault{
		Name:  "trips",
		Title: "No fault: round trips",
		How: fmt.Sprintf("%d messages wait in the stream as one consumer with one handler is started, whose requests take %v longer than "+
			"they do on one machine. Counted are its requests, a pipeline as one, and what INFO commandstats says that the server carried out, in scripts too. The idle time is a minute.",
			count, delay),
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			all := ids("m", count)
			if err := s.publish(ctx, all...); err != nil {
				return Seen{}, err
			}
			if err := s.client.ConfigResetStat(ctx).Err(); err != nil {
				return Seen{}, err
			}
			counter := &tripCounter{delay: delay}
			start := time.Now()
			settings := s.settings("only")
			settings.Idle = calm
			settings.Connect = func() *redis.Client {
				client := s.connect()
				client.AddHook(counter)
				return client
			}
			if _, err := s.start(settings, nil); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "all are delivered", s.delivered(ctx, all)); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "all are acknowledged", s.settled(ctx)); err != nil {
				return Seen{}, err
			}
			took := time.Since(start)
			perMessage := float64(counter.n.Load()) / count
			seen := Seen{Runs: s.runs.of(all...)}
			commands, err := s.commands(ctx, count)
			if err != nil {
				return Seen{}, err
			}
			seen.Measured = fmt.Sprintf("%.2f round trips a message, %.2f s in all; commands a message: %s", perMessage, took.Seconds(), commands)
			seen.Outcome = fmt.Sprintf("%.0f round trips a message", math.Round(perMessage))
			if perMessage < 0.5 {
				seen.Outcome = "less than 1 round trip for 2 messages"
			}
			account, err := s.account(ctx, all)
			seen.Account = &account
			return seen, err
		},
	}
}

// commands lists what the server carried out for each message, leaving out what
// is too seldom to show.
func (s *scene) commands(ctx context.Context, messages int) (string, error) {
	info, err := s.client.InfoMap(ctx, "commandstats").Result()
	if err != nil {
		return "", err
	}
	var parts []string
	for name, stats := range info["Commandstats"] {
		name = strings.TrimPrefix(name, "cmdstat_")
		var calls float64
		if _, err := fmt.Sscanf(stats, "calls=%f", &calls); err != nil {
			return "", fmt.Errorf("statistics of %s: %w", name, err)
		}
		// These are those of whoever looks.
		observing := name == "xlen" || name == "xrange" || name == "info" || name == "xpending"
		if per := calls / float64(messages); per >= 0.005 && !observing {
			parts = append(parts, fmt.Sprintf("%s %.2f", name, per))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", "), nil
}

// tripCounter counts requests, a pipeline as one, and makes them take longer.
type tripCounter struct {
	n     atomic.Int64
	delay time.Duration
}

func (c *tripCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *tripCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.travel(ctx)
		return next(ctx, cmd)
	}
}

func (c *tripCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.travel(ctx)
		return next(ctx, cmds)
	}
}

func (c *tripCounter) travel(ctx context.Context) {
	c.n.Add(1)
	_ = pause(ctx, c.delay) // the request itself finds out that its context has ended
}
