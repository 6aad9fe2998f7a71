package streams_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// fan is a pipeline of three stages, with one more beside the second.
type fan struct {
	*pipeline.Pipeline
	in, one, two, three, beside pipeline.Flow[string]

	// trims has what is done with deleted, as it is by default. Otherwise all of it
	// can be looked at in the end.
	trims bool
}

func composeFan(name string) fan {
	p := pipeline.New(name, pipeline.Concurrency(4), pipeline.Logger(discard))
	after := func(suffix string) func(context.Context, string) (string, error) {
		return func(_ context.Context, s string) (string, error) {
			time.Sleep(time.Millisecond)
			return s + suffix, nil
		}
	}
	f := fan{Pipeline: p}
	f.in = pipeline.Source[string](p, "in")
	f.one = pipeline.Stage(f.in, "one", after(""))
	f.two = pipeline.Expand(f.one, "two", func(_ context.Context, s string) ([]string, error) {
		return []string{s + "a", s + "b"}, nil
	})
	f.three = pipeline.Stage(f.two, "three", after("c"))
	f.beside = pipeline.Stage(f.one, "beside", after("d"))
	return f
}

// newFan returns a pipeline that no other test uses.
func newFan(t *testing.T) fan {
	t.Helper()
	return composeFan(strings.Map(func(r rune) rune {
		if strings.ContainsRune("{}#' ,.:_", r) {
			return '-'
		}
		return r
	}, newTopic(t)[1:]) + "x")
}

func (f fan) topic() string { return f.in.Topics()[0] }

func (f fan) transport(t *testing.T, c redis.UniversalClient) *streams.Transport {
	t.Helper()
	transport, err := streams.NewTransport(c, streams.Config{
		IdleTime: time.Second, NackDelay: 2 * time.Millisecond, MaxNackDelay: 100 * time.Millisecond,
		KeepHistory: !f.trims, Logger: discard,
	})
	require.NoError(t, err)
	return transport
}

// fanInputs returns the values of n inputs.
func fanInputs(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("%04d", i)
	}
	return values
}

func (f fan) publish(t *testing.T, c redis.UniversalClient, values ...string) {
	t.Helper()
	publisher, err := pipeline.NewPublisher(f.in, f.transport(t, c))
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), values...))
	require.NoError(t, publisher.Close())
}

// run runs the pipeline, as a process would, until the test ends. stop ends the
// run before that.
func (f fan) run(t *testing.T, c redis.UniversalClient) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	transport := f.transport(t, c)
	go func() { ended <- f.Run(ctx, transport) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the run ended with: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (f fan) awaitIdle(t *testing.T, c redis.UniversalClient) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, f.WaitIdle(ctx, f.transport(t, c)))
}

// requireOnce requires the outputs of each of n inputs once in each flow, and
// nothing poisoned.
func (f fan) requireOnce(t *testing.T, c redis.UniversalClient, n int) {
	t.Helper()
	for _, flow := range []struct {
		of       pipeline.Flow[string]
		suffixes []string
		last     bool // no stage reads it
	}{
		{of: f.in, suffixes: []string{""}},
		{of: f.one, suffixes: []string{""}},
		{of: f.two, suffixes: []string{"a", "b"}},
		{of: f.three, suffixes: []string{"ac", "bc"}, last: true},
		{of: f.beside, suffixes: []string{"d"}, last: true},
	} {
		if f.trims && !flow.last {
			continue
		}
		var want []string
		for _, input := range fanInputs(n) {
			for _, suffix := range flow.suffixes {
				want = append(want, input+suffix)
			}
		}
		topic := flow.of.Topics()[0]
		got := payloads(t, c, topic)
		slices.Sort(got)
		require.Equal(t, len(want), len(got), "%s: some are lost or doubled", topic)
		require.Equal(t, want, got, topic)
	}
	require.Empty(t, decoded(t, c, f.PoisonTopic()))
}

// payloads returns what strings a topic holds.
func payloads(t *testing.T, c redis.UniversalClient, topic string) []string {
	t.Helper()
	messages := decoded(t, c, topic)
	values := make([]string, len(messages))
	for i, msg := range messages {
		values[i] = strings.Trim(string(msg.Payload), `"`)
	}
	return values
}

func runPipelineOnCluster(t *testing.T, cluster *redistest.Cluster) {
	const n = 300
	f, c := newFan(t), cluster.Client(t)
	f.publish(t, c, fanInputs(n)...)
	f.run(t, cluster.Client(t))
	f.run(t, cluster.Client(t))
	f.awaitIdle(t, c)
	f.requireOnce(t, c, n)

	own := cluster.Shard(t, f.topic()).Master
	keys, err := own.Client(t).Keys(t.Context(), "*"+f.Name()+"*").Result()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(keys), 5)
	for _, key := range keys {
		require.Equal(t, cluster.Slot(t, f.topic()), cluster.Slot(t, key), key)
	}
	for _, other := range cluster.Others(t, f.topic()) {
		keys, err := other.Client(t).Keys(t.Context(), "*"+f.Name()+"*").Result()
		require.NoError(t, err)
		require.Empty(t, keys)
	}
}
