package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

func TestJSONIsAnArrayOfResultsAndNothingElse(t *testing.T) {
	got := millstream(t.Context(), "bench --json", madeUp("publish", well), madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	results := got.results(t)
	require.Len(t, results, 4)
	first := results[0]
	assert.Equal(t, "publish", first.Suite)
	assert.Equal(t, suites.Millstream, first.Contender)
	assert.Equal(t, 30, first.Messages, "three rounds of ten")
	assert.Equal(t, 3, first.Rounds)
	for _, field := range []string{
		"suite", "contender", "messages", "stages", "throughput", "p50_us", "p99_us", "lost", "doubled", "rounds",
	} {
		assert.Contains(t, got.stdout, `"`+field+`": `)
	}
	assert.Contains(t, got.stderr, "[2/2] chain size=1: millstream, stock")
}

func TestFlagsReachTheSuites(t *testing.T) {
	var seen suites.Config
	look := madeUp("chain", well)
	cases := look.Cases
	look.Cases = func(c *suites.Config) []bench.Case { seen = *c; return cases(c) }
	got := millstream(t.Context(), "bench chain --transports streams,pubsub --stages 3,1,3 --messages 50 --size 99"+
		" --concurrency 4 --rate 7 --rounds 2 --quick --json", look)
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.NotEmpty(t, seen.Redis.Addr)
	seen.Redis, seen.Notice = nil, nil
	assert.Equal(t, suites.Config{
		Transports: []string{suites.Ceiling, suites.Millstream, suites.Stock, suites.Article, suites.PubSub},
		Stages:     []int{3, 1}, Messages: 50, Size: 99, Concurrency: 4, Rate: 7, Quick: true,
	}, seen)
	assert.Equal(t, 2, got.results(t)[0].Rounds)
}

func TestOnlyTheSuitesNamedRunInTheOrderNamed(t *testing.T) {
	got := millstream(t.Context(), "bench --json --transports stock chain publish chain",
		madeUp("publish", well), madeUp("payload", untouched(t)), madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	var order []string
	for _, r := range got.results(t) {
		order = append(order, r.Suite+" "+r.Contender)
	}
	assert.Equal(t, []string{"chain stock", "publish stock"}, order)
}

func TestTableNamesTheRedisOfItsOwn(t *testing.T) {
	got := millstream(t.Context(), "bench", madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	for _, want := range []string{"started for this", "chain", "millstream", "stock"} {
		assert.Contains(t, got.stdout, want)
	}
}

func TestProfilesAreWritten(t *testing.T) {
	cpu, memory := filepath.Join(t.TempDir(), "cpu"), filepath.Join(t.TempDir(), "memory")
	got := millstream(t.Context(), "bench --json --cpuprofile "+cpu+" --memprofile "+memory, madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	for _, name := range []string{cpu, memory} {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotEmpty(t, content)
	}
}

func TestALostMessageFailsTheRunLoudly(t *testing.T) {
	got := millstream(t.Context(), "bench --json", madeUp("chain", losing))
	assert.Equal(t, exit.Failed, got.code)
	assert.Contains(t, got.stderr, "NOT EVERY MESSAGE CAME EXACTLY ONCE")
	assert.Contains(t, got.stderr, "stock: 30 sent, 27 received, 3 lost, 0 doubled")
	assert.Len(t, got.results(t), 2, "the figures are there all the same")
}

func TestLosingMessagesIsNoFailureWhereThatIsMeasured(t *testing.T) {
	lossy := madeUp("live", losing)
	cases := lossy.Cases
	lossy.Cases = func(c *suites.Config) []bench.Case {
		all := cases(c)
		all[0].Lossy = true
		return all
	}
	got := millstream(t.Context(), "bench --json", lossy)
	assert.Equal(t, exit.OK, got.code)
	assert.NotContains(t, got.stderr, "EXACTLY ONCE")
}

func TestACaseThatCannotBeMeasuredDoesNotTakeTheOthersWithIt(t *testing.T) {
	got := millstream(t.Context(), "bench --json", madeUp("publish", failing), madeUp("chain", well))
	assert.Equal(t, exit.Failed, got.code)
	assert.Contains(t, got.stderr, "CANNOT MEASURE: suite publish, size=1: ")
	assert.Contains(t, got.stderr, "could not measure publish size=1")
	assert.NotContains(t, got.stderr, "secret")
	results := got.results(t)
	require.Len(t, results, 2)
	assert.Equal(t, "chain", results[0].Suite)
}

func TestGoroutinesOfContendersAreLabelledForProfiles(t *testing.T) {
	labelled := false
	look := madeUp("chain", func(ctx context.Context, messages int) (bench.Round, error) {
		labelled = labelled || hasLabel(ctx, "contender", suites.Stock)
		return well(ctx, messages)
	})
	require.Equal(t, exit.OK, millstream(t.Context(), "bench --json", look).code)
	assert.True(t, labelled)
}
