package chain_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
	"github.com/millstream-go/millstream/internal/demoredis"
)

// small is a load that is quick and says nothing about speed.
func small() chain.Load {
	return chain.Load{Redis: options, Size: 40, Stages: 3, Concurrency: 1}
}

// client returns a client of the Redis that is measured on.
func client(t *testing.T) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: options.Addr})
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

// exactly is the account of messages that came out once each.
func exactly(messages int) bench.Account { return bench.Account{Sent: messages, Received: messages} }

func TestEveryContenderPassesOnEachMessageOnce(t *testing.T) {
	const messages = 300
	t.Run("all", func(t *testing.T) {
		for concurrency, contenders := range map[int][]chain.Contender{
			1: slices.Concat(chain.Contenders(), chain.Traced(), chain.Wrapped()),
			3: chain.Contenders(),
		} {
			for _, contender := range contenders {
				t.Run(fmt.Sprintf("%s at %d", contender.Name(), concurrency), func(t *testing.T) {
					t.Parallel() // each has keys of its own
					load := small()
					load.Concurrency = concurrency
					round, err := load.Measure(t.Context(), contender, messages)
					require.NoError(t, err)
					assert.Equal(t, exactly(messages), round.Account)
					assert.Positive(t, round.Elapsed)
				})
			}
		}
	})
	assertNoKeys(t)
}

func TestEveryContenderPassesOnLargeMessages(t *testing.T) {
	const messages, mebibyte = 10, 1 << 20 // more than a page or a window holds
	for _, contender := range chain.Contenders() {
		load := chain.Load{Redis: options, Size: mebibyte, Stages: 1, Concurrency: 1}
		round, err := load.Measure(t.Context(), contender, messages)
		require.NoError(t, err, contender.Name())
		assert.Equal(t, exactly(messages), round.Account, contender.Name())
	}
}

func TestEveryContenderRunsOnAnEmbeddedRedis(t *testing.T) {
	embedded, stop, err := demoredis.Start()
	require.NoError(t, err)
	defer stop()
	for _, contender := range chain.Contenders() {
		load := small()
		load.Redis = &redis.Options{Addr: embedded.Options().Addr}
		round, err := load.Measure(t.Context(), contender, 50)
		require.NoError(t, err, contender.Name())
		assert.Equal(t, exactly(50), round.Account, contender.Name())
	}
}

// crooked reads what was preloaded and writes it as wrong would have it.
type crooked struct {
	wrong func([]redis.XMessage) []redis.XMessage
}

func (crooked) Name() string { return "crooked" }

func (c crooked) Run(ctx context.Context, chain chain.Chain) error {
	client := chain.Connect()
	defer client.Close()
	entries, err := client.XRange(ctx, chain.Topic(0), "-", "+").Result()
	if err != nil {
		return err
	}
	for _, entry := range c.wrong(entries) {
		if err := client.XAdd(ctx, &redis.XAddArgs{Stream: chain.Topic(chain.Stages), Values: entry.Values}).Err(); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func TestAccountOfStreamsFindsWhatIsWrong(t *testing.T) {
	const messages = 30
	for name, test := range map[string]struct {
		wrong func([]redis.XMessage) []redis.XMessage
		want  bench.Account
	}{
		"one twice, one not at all": {
			func(m []redis.XMessage) []redis.XMessage { return append(m[1:], m[2]) },
			bench.Account{Sent: messages, Received: messages - 1, Lost: 1, Doubled: 1},
		},
		"one not at all": {
			func(m []redis.XMessage) []redis.XMessage { return m[1:] },
			bench.Account{Sent: messages, Received: messages - 1, Lost: 1},
		},
		"one too many": {
			func(m []redis.XMessage) []redis.XMessage { return append([]redis.XMessage{m[0]}, m...) },
			bench.Account{Sent: messages, Received: messages, Doubled: 1},
		},
		"another payload": {
			func(m []redis.XMessage) []redis.XMessage {
				m[5].Values["payload"] = "nonsense"
				return m
			},
			bench.Account{Sent: messages, Received: messages - 1, Lost: 1, Spoilt: 1},
		},
		"an id twice": {
			func(m []redis.XMessage) []redis.XMessage {
				m[5].Values["_watermill_message_uuid"] = m[4].Values["_watermill_message_uuid"]
				return m
			},
			bench.Account{Sent: messages, Received: messages, Spoilt: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			load := small()
			load.Patience = 100 * time.Millisecond
			round, err := load.Measure(t.Context(), crooked{test.wrong}, messages)
			require.NoError(t, err)
			assert.Equal(t, test.want, round.Account)
		})
	}
}

// crookedLive publishes what comes as wrong would have it.
type crookedLive struct {
	wrong func(n int, payload string) []string
}

func (crookedLive) Name() string { return "crooked" }
func (crookedLive) Live() bool   { return true }

func (c crookedLive) Run(ctx context.Context, chain chain.Chain) error {
	client := chain.Connect()
	defer client.Close()
	first := client.Subscribe(ctx, chain.Topic(0))
	// Nobody else listens to these, and the feeder waits until somebody does.
	others := client.Subscribe(ctx, chain.Topic(1), chain.Topic(2))
	defer others.Close()
	messages := first.Channel()
	defer func() {
		_ = first.Close()
		for range messages { // else go-redis goes on waiting for room
		}
	}()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case message := <-messages:
			for _, p := range c.wrong(n, message.Payload) {
				if err := client.Publish(ctx, chain.Topic(chain.Stages), p).Err(); err != nil {
					return err
				}
			}
		}
	}
}

func TestAccountOfChannelsFindsWhatIsWrong(t *testing.T) {
	const messages = 30
	for name, test := range map[string]struct {
		at   int
		out  func(payload string) []string
		want bench.Account
	}{
		"one not at all": {
			4, func(string) []string { return nil },
			bench.Account{Sent: messages, Received: messages - 1, Lost: 1},
		},
		"the last one twice": {
			messages - 1, func(p string) []string { return []string{p, p} },
			bench.Account{Sent: messages, Received: messages, Doubled: 1},
		},
		"another payload": {
			4, func(p string) []string { return []string{p[:20]} },
			bench.Account{Sent: messages, Received: messages - 1, Lost: 1, Spoilt: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			load := small()
			load.Patience = 100 * time.Millisecond
			round, err := load.Measure(t.Context(), crookedLive{func(n int, payload string) []string {
				if n == test.at {
					return test.out(payload)
				}
				return []string{payload}
			}}, messages)
			require.NoError(t, err)
			assert.Equal(t, test.want, round.Account)
		})
	}
}

func TestWhatCannotBePublishedAnyMoreCountsAsNotSent(t *testing.T) {
	load := small()
	load.Size, load.Patience = 1<<20, 100*time.Millisecond
	round, err := load.Measure(t.Context(), crookedLive{func(int, string) []string { return nil }}, 20)
	require.NoError(t, err)
	// The window holds 4 of them.
	assert.Equal(t, bench.Account{Sent: 4, Lost: 4}, round.Account)
}

// broken is a contender that cannot run.
type broken struct{ err error }

func (broken) Name() string                             { return "broken" }
func (b broken) Run(context.Context, chain.Chain) error { return b.err }

// brokenLive is one on Pub/Sub.
type brokenLive struct{ broken }

func (brokenLive) Live() bool { return true }

func TestContenderThatCannotRunIsAnError(t *testing.T) {
	cause := errors.New("out of order")
	for _, contender := range []chain.Contender{broken{cause}, brokenLive{broken{cause}}} {
		_, err := small().Measure(t.Context(), contender, 10)
		assert.ErrorIs(t, err, cause)
	}
	for _, contender := range []chain.Contender{broken{}, brokenLive{}} {
		_, err := small().Measure(t.Context(), contender, 10)
		assert.ErrorContains(t, err, "broken: the stages ended before")
	}
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	idle := crooked{func([]redis.XMessage) []redis.XMessage { return nil }}
	mute := crookedLive{func(int, string) []string { return nil }}
	for _, contender := range append(chain.Contenders(), idle, mute) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := small().Measure(ctx, contender, 20_000)
		assert.ErrorIs(t, err, context.DeadlineExceeded, contender.Name())
	}
	assertNoKeys(t)
}

func TestFaultsOfALoadAreReportedTogether(t *testing.T) {
	_, err := chain.Load{Redis: options}.Measure(t.Context(), chain.Contenders()[0], 1)
	for _, what := range []string{"size", "stages", "concurrency"} {
		assert.ErrorContains(t, err, what)
	}
	_, err = small().Measure(t.Context(), chain.Contenders()[0], 0)
	assert.ErrorContains(t, err, "messages")
}

func assertNoKeys(t *testing.T) {
	t.Helper()
	keys, err := client(t).Keys(t.Context(), "*").Result()
	assert.NoError(t, err)
	assert.Empty(t, keys, "keys stayed behind")
}
