package pubsub_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

// Every process that listens gets every message, so with Only one of them does.
func TestWhatOneOfTwoProcessesIngestsIsInTheFlowOnce(t *testing.T) {
	t.Parallel()
	for name, first := range map[string][]string{
		"one process runs all, the other all but the bridge": nil,
		"one process runs the bridge, the other the rest":    {"numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 300
			c, name, channel := client(t), newBridge().Name(), newTopic()
			var worked [2]atomic.Int64
			// Each process composes the pipeline for itself.
			compose := func(process int) (p *pipeline.Pipeline, from announcing, numbers pipeline.Flow[int]) {
				p = pipeline.New(name, pipeline.Logger(quiet))
				from = newAnnouncing(newLive(t, c, pubsub.Config{}))
				numbers = pipeline.Ingest[int](p, "numbers", from, channel)
				square := pipeline.Stage(numbers, "square", func(_ context.Context, n int) (int, error) {
					worked[process].Add(1)
					return n * n, nil
				})
				pipeline.Broadcast(square, "tell", from, func(int) string { return told(name) })
				return p, from, numbers
			}
			one, listening, flow := compose(0)
			two, deaf, _ := compose(1)
			heard := hear(t, c, told(name))
			run(t, one, newDurable(t, c), pipeline.Only(first...))
			run(t, two, newDurable(t, c), pipeline.Only("square", "tell"))
			listening.await(t)

			for _, payload := range numbers(1, n) {
				// No envelope: each that takes it over gives it another id.
				receivers, err := c.Publish(t.Context(), channel, payload).Result()
				require.NoError(t, err)
				require.EqualValues(t, 1, receivers)
			}
			times := heard.await(t, n)
			idle(t, one, newDurable(t, c))
			require.Equal(t, once(1, n), different(t, kept(t, c, flow.Topics()[0])))
			require.Len(t, times, n)
			for i := 1; i <= n; i++ {
				require.Equal(t, 1, times[strconv.Itoa(i*i)])
			}
			require.Empty(t, deaf.begun)
			require.EqualValues(t, n, worked[0].Load()+worked[1].Load())
			if first != nil {
				require.Zero(t, worked[0].Load())
			}
		})
	}
}
