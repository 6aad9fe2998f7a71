package suites

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

func TestWhoIsStoppedLeavesAtOnceAndCleansUp(t *testing.T) {
	client := redis.NewClient(options)
	defer client.Close()
	const many = 5_000_000 // never done in time
	eachContender(&Config{Redis: options, Messages: many, Size: MinSize}, func(c *bench.Case, name string) {
		if c.At > 100_000 {
			return // it would be about filling the stream
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := bench.Measure(ctx, c, bench.Settings{})
		require.ErrorIs(t, err, context.DeadlineExceeded, "%s, %s, %s", c.Suite, c.Name, name)
		require.Less(t, time.Since(began), 4*time.Second, "%s, %s, %s", c.Suite, c.Name, name)
		keys, err := client.Keys(t.Context(), "*bench-*").Result()
		require.NoError(t, err)
		require.Empty(t, keys, "%s, %s, %s", c.Suite, c.Name, name)
	})
}

func TestWithoutAnyRedisEachContenderSaysSo(t *testing.T) {
	nobody := &redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1}
	eachContender(&Config{Redis: nobody, Messages: 100, Quick: true}, func(c *bench.Case, name string) {
		if c.Suite == "fanout" && name == PubSub {
			return // its Subscribe tries for 5 seconds
		}
		_, err := bench.Measure(t.Context(), c, bench.Settings{})
		require.ErrorIs(t, err, syscall.ECONNREFUSED, "%s, %s, %s", c.Suite, c.Name, name)
	})
}

// eachContender calls do with each case of the suites here and each contender by itself.
func eachContender(c *Config, do func(*bench.Case, string)) {
	for _, suite := range []Suite{publishSuite(), consumeSuite(), fanoutSuite(), backlogSuite()} {
		for _, all := range suite.Cases(c) {
			for _, contender := range all.Contenders {
				one := all
				one.Contenders = []bench.Contender{contender}
				do(&one, contender.Name)
			}
		}
	}
}
