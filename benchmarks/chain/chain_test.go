package chain_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// small is a measurement that is quick and says nothing about speed.
func small(contenders ...chain.Contender) chain.Config {
	return chain.Config{
		Redis: options, Contenders: contenders,
		Messages: 300, Size: 40, Stages: 3, Concurrency: 1, Rounds: 1,
	}
}

// client returns a client of the Redis that is measured on.
func client(t *testing.T) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: options.Addr})
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

func TestEveryContenderPassesOnEachMessageOnce(t *testing.T) {
	for _, concurrency := range []int{1, 3} {
		config := small(chain.Contenders()...)
		config.Concurrency = concurrency
		report, err := chain.Measure(t.Context(), config)
		require.NoError(t, err)
		require.Len(t, report.Rounds, len(chain.Contenders()))
		for _, round := range report.Rounds {
			assert.True(t, round.Account.OK(), "%v", round)
			assert.Positive(t, round.Rate(), "%v", round)
		}
		assert.True(t, report.OK())
	}
	assert.Empty(t, client(t).Keys(t.Context(), "*").Val(), "keys stayed behind")
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

// plain is a contender that passes everything on, under some name.
type plain struct {
	crooked
	name string
}

func (p plain) Name() string { return p.name }

func TestRoundsAreInterleavedInTurns(t *testing.T) {
	all := crooked{func(m []redis.XMessage) []redis.XMessage { return m }}
	config := small(plain{all, "a"}, plain{all, "b"}, plain{all, "c"})
	config.Rounds = 3
	report, err := chain.Measure(t.Context(), config)
	require.NoError(t, err)
	var order []string
	for _, round := range report.Rounds {
		order = append(order, round.Contender)
	}
	assert.Equal(t, strings.Fields("a b c  b c a  c a b"), order)
}

func TestAccountFindsWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		wrong func([]redis.XMessage) []redis.XMessage
		want  chain.Account
	}{
		"one twice, one not at all": {
			func(m []redis.XMessage) []redis.XMessage { return append(m[1:], m[2]) },
			chain.Account{Lost: 1, Doubled: 1},
		},
		"one too many": {
			func(m []redis.XMessage) []redis.XMessage { return append([]redis.XMessage{m[0]}, m...) },
			chain.Account{Doubled: 1},
		},
		"another payload": {
			func(m []redis.XMessage) []redis.XMessage {
				m[5].Values["payload"] = "nonsense"
				return m
			},
			chain.Account{Lost: 1, Spoilt: 1},
		},
		"an id twice": {
			func(m []redis.XMessage) []redis.XMessage {
				m[5].Values["_watermill_message_uuid"] = m[4].Values["_watermill_message_uuid"]
				return m
			},
			chain.Account{Spoilt: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := chain.Measure(t.Context(), small(crooked{test.wrong}))
			require.NoError(t, err)
			assert.False(t, report.OK())
			assert.Equal(t, test.want, report.Rounds[0].Account)
			var text strings.Builder
			_, err = report.WriteTo(&text)
			require.NoError(t, err)
			assert.Contains(t, text.String(), "NOT EVERY MESSAGE")
		})
	}
}

// broken is a contender that cannot run.
type broken struct{ err error }

func (broken) Name() string                             { return "broken" }
func (b broken) Run(context.Context, chain.Chain) error { return b.err }

func TestContenderThatCannotRunIsAnError(t *testing.T) {
	cause := errors.New("out of order")
	_, err := chain.Measure(t.Context(), small(broken{cause}))
	assert.ErrorIs(t, err, cause)
	_, err = chain.Measure(t.Context(), small(broken{}))
	assert.ErrorContains(t, err, "ended before")
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	idle := crooked{func([]redis.XMessage) []redis.XMessage { return nil }}
	_, err := chain.Measure(ctx, small(idle))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, client(t).Keys(t.Context(), "*").Val(), "keys stayed behind")
}

func TestConfigFaultsAreReportedTogether(t *testing.T) {
	_, err := chain.Measure(t.Context(), chain.Config{Redis: options})
	for _, what := range []string{"messages", "size", "stages", "concurrency", "rounds", "contenders"} {
		assert.ErrorContains(t, err, what)
	}
	_, err = chain.Select("nobody")
	assert.ErrorContains(t, err, chain.Stock)
}
