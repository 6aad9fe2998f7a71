package report_test

import (
	"encoding/json"
	"runtime"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/report"
	"github.com/millstream-go/millstream/benchmarks/server"
	"github.com/millstream-go/millstream/internal/demoredis"
)

func TestTheMachineAndTheServerAreDescribed(t *testing.T) {
	s, err := server.Find(t.Context(), "redis://"+shared.Addr())
	require.NoError(t, err)
	defer s.Stop()
	e := report.Describe(t.Context(), s)
	assert.Equal(t, runtime.GOOS, e.OS)
	assert.Positive(t, e.Cores)
	assert.Positive(t, e.Memory)
	assert.Equal(t, runtime.Version(), e.Go)
	assert.Equal(t, s.Description, e.Redis.Description)
	assert.Contains(t, e.Redis.Settings, "appendonly")
	assert.False(t, e.Redis.Embedded)
	assert.False(t, e.Time.IsZero())
}

func TestASecretOfTheServerIsNotInTheDescription(t *testing.T) {
	s := &server.Server{
		Options:     &redis.Options{Addr: shared.Addr(), Username: "somebody", Password: "hunter2"},
		Description: "Redis 7",
	}
	data, err := json.Marshal(report.Describe(t.Context(), s))
	require.NoError(t, err)
	assert.NotContains(t, string(data), "hunter2")
	assert.NotContains(t, string(data), "somebody")
}

func TestAnEmbeddedServerHasNoSettings(t *testing.T) {
	client, stop, err := demoredis.Start()
	require.NoError(t, err)
	defer stop()
	e := report.Describe(t.Context(), &server.Server{
		Options: &redis.Options{Addr: client.Options().Addr}, Description: "miniredis, embedded", Notice: "an imitation",
	})
	assert.True(t, e.Redis.Embedded)
	assert.Empty(t, e.Redis.Settings)
}
