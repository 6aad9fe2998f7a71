package reliability

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

func removed() Fault {
	const silence = 500 * time.Millisecond
	return Fault{
		Name:  "removed",
		Title: "A silent consumer is removed as it gets a message, and dies with it",
		How: "Another consumer removes those that are silent for half a second (stock's ConsumerTimeout, Millstream's ForgetAfter). " +
			"As stock is about to do so, between its look at the consumer and its XGROUP DELCONSUMER, the silent one reads a message and is gone. " +
			"Where there is no such moment, that happens when the consumer has been removed.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			const id, silent = "m", "a-silent"
			if err := s.client.XGroupCreateMkStream(ctx, s.in, s.group, "0").Err(); err != nil {
				return Seen{}, err
			}
			if err := s.client.XGroupCreateConsumer(ctx, s.in, s.group, silent).Err(); err != nil {
				return Seen{}, err
			}
			guard := &removalGuard{before: func() error { return s.publishTo(ctx, silent, id) }}
			settings := s.settings("b-other")
			settings.Removal = silence
			settings.Connect = func() *redis.Client {
				client := s.connect()
				client.AddHook(guard)
				return client
			}
			if _, err := s.start(settings, nil); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the silent consumer is removed", s.isNoConsumer(ctx, silent)); err != nil {
				return Seen{}, err
			}
			held, err := guard.held()
			if err == nil && !held {
				err = s.publishTo(ctx, silent, id)
			}
			if err != nil {
				return Seen{}, err
			}
			start, watched := time.Now(), 2*idle+s.watch
			through, err := s.within(ctx, watched, s.delivered(ctx, []string{id}))
			if err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start), Watched: watched, Runs: s.runs.of(id)}
			if !through {
				seen.Recovered = never
			}
			account, err := s.account(ctx, []string{id})
			seen.Account = &account
			seen.Outcome = "the consumer is removed while it holds nothing, and what it reads later is taken over"
			if held {
				seen.Outcome = "the consumer is removed together with its hold on the message"
			}
			return seen, err
		},
	}
}

// publishTo publishes a message and reads it as a consumer, in one step: others
// that wait for messages do not get it.
func (s *scene) publishTo(ctx context.Context, consumer, id string) error {
	add, err := s.adding(id)
	if err != nil {
		return err
	}
	_, err = s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.XAdd(ctx, add)
		p.XReadGroup(ctx, &redis.XReadGroupArgs{Group: s.group, Consumer: consumer, Streams: []string{s.in, ">"}, Count: 1, Block: -1})
		return nil
	})
	return err
}

// isNoConsumer is the condition that the group has no such consumer.
func (s *scene) isNoConsumer(ctx context.Context, name string) func() (bool, error) {
	return func() (bool, error) {
		consumers, err := s.client.XInfoConsumers(ctx, s.in, s.group).Result()
		for _, c := range consumers {
			if c.Name == name {
				return false, err
			}
		}
		return err == nil, err
	}
}

// removalGuard holds up the first removal of a consumer until something has happened.
type removalGuard struct {
	before func() error

	once sync.Once
	mu   sync.Mutex
	done bool
	err  error
}

// held reports whether there was a removal to hold up.
func (g *removalGuard) held() (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.done, g.err
}

func (g *removalGuard) DialHook(next redis.DialHook) redis.DialHook { return next }

func (g *removalGuard) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (g *removalGuard) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !strings.HasPrefix(strings.ToLower(fmt.Sprint(cmd.Args()...)), "xgroupdelconsumer") {
			return next(ctx, cmd)
		}
		g.once.Do(func() {
			err := g.before()
			g.mu.Lock()
			defer g.mu.Unlock()
			g.done, g.err = true, err
		})
		return next(ctx, cmd)
	}
}
