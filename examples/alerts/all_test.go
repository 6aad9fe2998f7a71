package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestTheDemonstrationShowsEverythingAndEndsWell(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t, apptest.Command{Args: []string{"-for", "4s"}})
	require.Equal(t, 0, p.Wait(t), p.Stderr())
	assert.Contains(t, p.Stderr(), app.Embedded)
	for _, want := range []string{
		`metrics +http://`, `the notifier goes down`, `the notifier is back`, `raised +\d\d+ alerts`,
		`paged +[1-9]\d* times`, `tickets +[1-9]\d*, about [1-9]`, `retries +[1-9]`, `shares +\d+ % +\d+ % +\d+ %`,
	} {
		assert.Regexp(t, want, p.Stdout())
	}
}

func TestCtrlCEndsTheDemonstrationSoonerAndItStillSumsUp(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	p := apptest.Start(t, apptest.Command{Args: []string{"-for", "1h"}, Env: []string{"REDIS_URL=" + server.URL()}})
	p.Await(t, `\n +1 +[1-9]\d* `)
	p.Interrupt()
	require.Equal(t, 0, p.Wait(t), p.Stderr())
	assert.Regexp(t, `raised +[1-9]\d* alerts`, p.Stdout())
	assert.Contains(t, p.Stdout(), "alerts replay -last 1h")
	assert.Empty(t, p.Stderr())
}

// The runs are on different servers, and mostly wait: they go on at the same time.
func TestEverythingIsKilledAndEverySumIsRight(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client(t)
	require.NoError(t, client.Set(t.Context(), "{alerts}:mine", "x", 0).Err())
	runs := map[string]*apptest.Process{
		"on a redis-server of its own": apptest.Start(t, apptest.Command{Args: []string{"-chaos"}}),
		"on the given Redis, which is not killed": apptest.Start(t, apptest.Command{
			Args: []string{"-chaos", "-seed", "7"}, Env: []string{"REDIS_URL=" + server.URL()},
		}),
		"NO REDIS-SERVER IS ON THE PATH": apptest.Start(t, apptest.Command{
			Args: []string{"-chaos"}, Env: []string{"PATH=" + t.TempDir(), "MILLSTREAM_REDIS_SERVER="},
		}),
	}
	for what, p := range runs {
		require.Equal(t, 0, p.Wait(t), p.Stdout()+p.Stderr())
		assert.Regexp(t, `acknowledged +[1-9]\d* alerts to their producers; lost: 0`, p.Stdout())
		for _, want := range []string{
			what, "kill -9 notifier", "kill -9 consumer-3", "kill -9 producer-2", "rejected          3 entries", "every sum is right",
		} {
			assert.Contains(t, p.Stdout(), want)
		}
		killsRedis := strings.Contains(p.Stdout(), "kill -9 redis-server")
		assert.Equal(t, what == "on a redis-server of its own", killsRedis, what)
		t.Log(p.Stdout())
	}
	assert.Equal(t, []string{"{alerts}:mine"}, client.Keys(t.Context(), "*").Val(), "nothing is left on a Redis of others")
}

func TestCtrlCEndsTheChaosAndLeavesNoProcessAndNoKey(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client(t)
	p := apptest.Start(t, apptest.Command{Args: []string{"-chaos"}, Env: []string{"REDIS_URL=" + server.URL()}})
	p.Await(t, `are added to the stream`)
	require.Greater(t, strings.Count(client.ClientList(t.Context()).Val(), "\n"), 5)
	p.Interrupt()
	assert.Equal(t, app.ExitInterrupted, p.Wait(t), p.Stdout())
	apptest.Await(t, "all processes but this one have left Redis", func() bool {
		return strings.Count(client.ClientList(t.Context()).Val(), "\n") == 1
	})
	assert.Empty(t, client.Keys(t.Context(), "*").Val())
}
