package suites

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/demoredis"
)

func TestWithoutRedisTheEmbeddedOneWillDo(t *testing.T) {
	t.Parallel() // most of it is waiting
	client, stop, err := demoredis.Start()
	require.NoError(t, err)
	defer stop()
	c := &Config{Redis: &redis.Options{Addr: client.Options().Addr}, Messages: 200, Quick: true}
	for _, suite := range []Suite{publishSuite(), consumeSuite(), fanoutSuite()} {
		requireAllExact(t, suite, c)
	}
}
