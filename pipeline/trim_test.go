package pipeline_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// branches is a pipeline of which a first part runs before the rest: two stages on
// its source, and one behind the first.
type branches struct {
	*pipeline.Pipeline
	in, half pipeline.Flow[int]

	mu           sync.Mutex
	second, rest []int
}

func newBranches(t *testing.T) *branches {
	t.Helper()
	b := &branches{Pipeline: newPipeline(t)}
	collect := func(into *[]int) func(context.Context, int) error {
		return func(_ context.Context, n int) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			*into = append(*into, n)
			return nil
		}
	}
	b.in = pipeline.Source[int](b.Pipeline, "in")
	b.half = pipeline.Stage(b.in, "first", same)
	pipeline.Sink(b.in, "second", collect(&b.second))
	pipeline.Sink(b.half, "rest", collect(&b.rest))
	return b
}

func (b *branches) len(t *testing.T, d durable, flow pipeline.Flow[int]) int64 {
	t.Helper()
	n, err := d.client.XLen(t.Context(), flow.Topics()[0]).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// runFirst runs the first stage until it is done with n messages in all.
func (b *branches) runFirst(t *testing.T, d durable, transport pipeline.Transport, n int64) {
	t.Helper()
	stop := start(t, b.Pipeline, transport, pipeline.Only("first"))
	await(t, "the first stage", func() bool { return b.len(t, d, b.half) == n && d.pending(t, b.in.Topics()[0], "first") == 0 })
	stop() // which trims
}

// expect runs the other stages, which must get all of the values.
func (b *branches) expect(t *testing.T, d durable, second, rest []int) {
	t.Helper()
	stop := start(t, b.Pipeline, d, pipeline.Only("second", "rest"))
	awaitIdle(t, b.Pipeline, d)
	stop()
	if !slices.Equal(b.second, second) || !slices.Equal(b.rest, rest) {
		t.Errorf("the stages that ran later got %v and %v, want %v and %v", b.second, b.rest, second, rest)
	}
	if in, half := b.len(t, d, b.in), b.len(t, d, b.half); in+half > 0 {
		t.Errorf("%d and %d messages are still there that all stages are done with", in, half)
	}
}

func TestAStageThatRunsLaterGetsWhatTheOthersAreDoneWith(t *testing.T) {
	t.Parallel()
	b, d := newBranches(t), durableWith(t, streams.Config{Trim: &streams.Trim{}})
	publish(t, b.in, d, 1, 2, 3)
	b.runFirst(t, d, d, 3)
	b.expect(t, d, []int{1, 2, 3}, []int{1, 2, 3})
}

// When Redis has lost everything, stages that run make their groups again, and
// nobody those of the stages that do not.
func TestAStageThatRunsLaterLosesNothingThatCameAfterALoss(t *testing.T) {
	t.Parallel()
	b, d := newBranches(t), durableWith(t, streams.Config{Trim: &streams.Trim{}})
	publish(t, b.in, d, 1)
	stop := start(t, b.Pipeline, d, pipeline.Only("first"))
	await(t, "the first message", func() bool { return b.len(t, d, b.half) == 1 })
	if err := d.client.Del(t.Context(), b.in.Topics()[0], b.half.Topics()[0]).Err(); err != nil {
		t.Fatal(err)
	}
	publish(t, b.in, d, 2, 3)
	await(t, "messages after the loss", func() bool { return b.len(t, d, b.half) == 2 && d.pending(t, b.in.Topics()[0], "first") == 0 })
	stop()
	b.expect(t, d, []int{2, 3}, []int{2, 3})
}

// unprepared is a transport around another that knows nothing of Prepare.
type unprepared struct{ d durable }

func (u unprepared) Publisher() (message.Publisher, error) { return u.d.Publisher() }

func (u unprepared) Subscriber(s pipeline.Subscription) (message.Subscriber, error) {
	return u.d.Subscriber(s)
}

func TestATransportThatDoesNotKnowTheOtherStagesTrimsNothing(t *testing.T) {
	t.Parallel()
	b, d := newBranches(t), durableWith(t, streams.Config{Trim: &streams.Trim{}})
	publish(t, b.in, d, 1, 2, 3)
	b.runFirst(t, d, unprepared{d}, 3)
	b.expect(t, d, []int{1, 2, 3}, []int{1, 2, 3})
}
