package suites

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/demoredis"
)

func TestWhatGoesInAtABacklogAndWhatComesOutIsAccountedFor(t *testing.T) {
	t.Parallel() // most of it is waiting
	rounds := requireAllExact(t, backlogSuite(), &Config{Redis: options, Messages: 2000, Quick: true})
	require.Len(t, rounds, 2*4)
	for _, r := range rounds {
		require.Equal(t, "Redis memory", r.Figures[0].Name)
		require.Positive(t, r.Figures[0].Value)
	}
}

func TestABacklogWithoutRoomIsLeftOutAloud(t *testing.T) {
	t.Parallel() // most of it is waiting
	client, stop, err := demoredis.Start()
	require.NoError(t, err)
	defer stop()
	var notices []string
	c := &Config{
		Redis: &redis.Options{Addr: client.Options().Addr}, Messages: 200,
		Notice: func(text string) { notices = append(notices, text) },
	}
	rounds := requireAllExact(t, backlogSuite(), c)
	require.Len(t, rounds, 4, "the embedded Redis gets the smallest")
	require.Len(t, notices, 3)
}
