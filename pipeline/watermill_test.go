package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/millstream-go/millstream/pipeline"
)

// inChannel runs a test with a pipeline on a GoChannel, in a bubble: minutes are
// no time, and a goroutine that is left behind is a failure.
func inChannel(t *testing.T, config gochannel.Config, test func(t *testing.T, transport pipeline.Transport)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(config, nil)
		defer func() {
			if err := channel.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(t, onChannel(channel))
	})
}

// collected gathers what handlers got.
type collected[T any] struct {
	mu     sync.Mutex
	values []T
}

func (c *collected[T]) add(_ context.Context, value T) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values = append(c.values, value)
	return nil
}

func (c *collected[T]) all() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]T(nil), c.values...)
}

func TestAPipelineRunsOnAGoChannel(t *testing.T) {
	inChannel(t, gochannel.Config{}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t, pipeline.Concurrency(3))
		in := pipeline.Source[int](p, "in")
		doubled := pipeline.Stage(in, "double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
		small, large := pipeline.NewBranch[int](p, "small"), pipeline.NewBranch[string](p, "large")
		pipeline.Route(pipeline.Merge(in, doubled), "size", func(_ context.Context, n int) (pipeline.Routed, error) {
			if n < 5 {
				return small.To(n), nil
			}
			return large.To(strings.Repeat("I", n)), nil
		}, pipeline.Branches(small, large))
		var numbers collected[int]
		var texts collected[string]
		pipeline.Sink(small.Flow(), "numbers", numbers.add)
		pipeline.Sink(large.Flow(), "texts", texts.add)
		stop := start(t, p, transport)
		synctest.Wait()
		publish(t, in, transport, 1, 2, 3, 4)
		time.Sleep(time.Second)
		stop()
		sum := 0
		for _, n := range numbers.all() {
			sum += n
		}
		if len(numbers.all()) != 6 || sum != 1+2+3+4+2+4 {
			t.Errorf("small: %v", numbers.all())
		}
		equal(t, "large", sorted(texts.all()), "IIIIII", "IIIIIIII")
	})
}

func TestRoutesWorkWhereMessagesKeepTheirContext(t *testing.T) {
	inChannel(t, gochannel.Config{PreserveContext: true}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		way := pipeline.NewBranch[int](p, "way")
		pipeline.Route(in, "route", func(_ context.Context, n int) (pipeline.Routed, error) { return way.To(n), nil }, pipeline.Branches(way))
		var got collected[int]
		pipeline.Sink(pipeline.Stage(way.Flow(), "on", same), "sink", got.add)
		stop := start(t, p, transport)
		synctest.Wait()
		publish(t, in, transport, 1)
		time.Sleep(time.Second)
		stop()
		equal(t, "got", got.all(), 1)
	})
}

func TestWithoutAHandoffAFailingMessageIsHeldUpAndThenPoisoned(t *testing.T) {
	inChannel(t, gochannel.Config{}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		var mu sync.Mutex
		var calls []time.Time
		pipeline.Sink(in, "fail", func(context.Context, int) error {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, time.Now())
			return errors.New("no")
		}, pipeline.MaxAttempts(12))
		poison := poisonOf(t, p, transport)
		stop := start(t, p, transport)
		synctest.Wait()
		publish(t, in, transport, 1)
		m := receivePoison(t, poison)
		stop()
		if len(calls) != 12 {
			t.Fatalf("%d calls, want 12", len(calls))
		}
		for i := range calls[1:] {
			if wait := calls[i+1].Sub(calls[i]); wait <= 0 || wait > min(50*time.Millisecond<<i, 10*time.Second)+time.Millisecond {
				t.Errorf("attempt %d came after %v", i+2, wait)
			}
		}
		if m[pipeline.PoisonKind] != pipeline.KindExhausted || m[pipeline.PoisonAttempts] != "12" || m[pipeline.PoisonSubscriber] != "gochannel.GoChannel" {
			t.Errorf("poisoned with %v", m)
		}
		if _, ok := m[pipeline.PoisonEntryID]; ok {
			t.Error("there is an entry id without entries")
		}
	})
}

// poisonOf subscribes to a pipeline's poison topic.
func poisonOf(t *testing.T, p *pipeline.Pipeline, transport pipeline.Transport) <-chan *message.Message {
	t.Helper()
	subscriber, err := transport.Subscriber(pipeline.Subscription{
		Topic: p.PoisonTopic(), Group: "poison", Concurrency: 1, DrainTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := subscriber.Subscribe(t.Context(), p.PoisonTopic())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := subscriber.Close(); err != nil {
			t.Error(err)
		}
	})
	return messages
}

// receivePoison waits for a poisoned message, for as long as it takes.
func receivePoison(t *testing.T, poison <-chan *message.Message) message.Metadata {
	t.Helper()
	msg := <-poison
	msg.Ack()
	return msg.Metadata
}

func TestWithoutAHandoffAPermanentFailureIsPoisonedAtOnce(t *testing.T) {
	inChannel(t, gochannel.Config{}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		calls := 0
		pipeline.Sink(in, "fail", func(context.Context, int) error {
			calls++
			return pipeline.Permanent(errors.New("never"))
		})
		poison := poisonOf(t, p, transport)
		stop := start(t, p, transport)
		synctest.Wait()
		begun := time.Now()
		publish(t, in, transport, 1)
		m := receivePoison(t, poison)
		if waited := time.Since(begun); waited > 0 || calls != 1 {
			t.Errorf("%d calls in %v", calls, waited)
		}
		stop()
		if m[pipeline.PoisonKind] != pipeline.KindPermanent || m[pipeline.PoisonReason] != "never" || m[pipeline.PoisonHandler] != "fail" {
			t.Errorf("poisoned with %v", m)
		}
	})
}

func TestWithoutAHandoffRetryAfterHoldsTheMessage(t *testing.T) {
	inChannel(t, gochannel.Config{}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t, pipeline.MaxAttempts(1), pipeline.Concurrency(2))
		in := pipeline.Source[int](p, "in")
		var got collected[int]
		var first atomic.Int64
		pipeline.Sink(in, "later", func(ctx context.Context, n int) error {
			if n == 1 && first.CompareAndSwap(0, time.Now().UnixNano()) {
				return pipeline.RetryAfter(time.Hour)
			}
			if n == 1 {
				if waited := time.Since(time.Unix(0, first.Load())); waited != time.Hour {
					t.Errorf("it came back after %v", waited)
				}
			}
			return got.add(ctx, n)
		})
		stop := start(t, p, transport)
		synctest.Wait()
		publish(t, in, transport, 1)
		synctest.Wait()
		publish(t, in, transport, 2)
		time.Sleep(2 * time.Hour)
		stop()
		equal(t, "got", got.all(), 2, 1)
	})
}

func TestARunThatEndsDoesNotWaitForWhatIsHeldBack(t *testing.T) {
	inChannel(t, gochannel.Config{}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		pipeline.Sink(in, "later", func(context.Context, int) error { return pipeline.RetryAfter(time.Hour) })
		stop := start(t, p, transport, pipeline.DrainTimeout(time.Minute))
		synctest.Wait()
		publish(t, in, transport, 1)
		synctest.Wait()
		begun := time.Now()
		stop()
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the run took %v to end", took)
		}
	})
}

func TestWithoutAHandoffARunDrains(t *testing.T) {
	inChannel(t, gochannel.Config{}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t, pipeline.Concurrency(2))
		in := pipeline.Source[int](p, "in")
		var finished collected[int]
		pipeline.Sink(in, "slow", func(ctx context.Context, n int) error {
			select {
			case <-time.After(10 * time.Second):
				return finished.add(ctx, n)
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		stop := start(t, p, transport)
		synctest.Wait()
		publish(t, in, transport, 1, 2, 3)
		time.Sleep(time.Second)
		stop()
		if got := finished.all(); len(got) != 2 {
			t.Errorf("%v were finished, want the two that were at work", got)
		}
	})
}

func TestWithoutAHandoffTheDrainTimeoutEndsHandlers(t *testing.T) {
	inChannel(t, gochannel.Config{}, func(t *testing.T, transport pipeline.Transport) {
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		pipeline.Sink(in, "stuck", func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		})
		stop := start(t, p, transport, pipeline.DrainTimeout(5*time.Second))
		synctest.Wait()
		publish(t, in, transport, 1)
		synctest.Wait()
		begun := time.Now()
		stop()
		if took := time.Since(begun); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("the run took %v to end", took)
		}
	})
}

// stumbling is a publisher that refuses the first messages of a topic.
type stumbling struct {
	message.Publisher
	topic    string
	refusals atomic.Int64
}

func (s *stumbling) Publish(topic string, messages ...*message.Message) error {
	if topic == s.topic && s.refusals.Add(-1) >= 0 {
		return errRefused
	}
	return s.Publisher.Publish(topic, messages...)
}

func TestAPublisherThatFailsIsNotTriedAgainInAHotLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(gochannel.Config{}, nil)
		defer channel.Close()
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		calls := 0
		out := pipeline.Stage(in, "stage", func(_ context.Context, n int) (int, error) {
			calls++
			return n, nil
		})
		var got collected[int]
		pipeline.Sink(out, "sink", got.add)
		publisher := &stumbling{Publisher: channel, topic: out.Topics()[0]}
		publisher.refusals.Store(3)
		transport := pipeline.Watermill(publisher, func(string) (message.Subscriber, error) { return channel, nil })
		stop := start(t, p, transport)
		synctest.Wait()
		begun := time.Now()
		publish(t, in, transport, 1)
		for len(got.all()) == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if waited := time.Since(begun); waited < 3*time.Second || calls != 4 {
			t.Errorf("%d calls in %v", calls, waited)
		}
		stop()
	})
}

func TestWithoutAHandoffAMessageIsNotLostWhenItCannotBePoisoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(gochannel.Config{}, nil)
		defer channel.Close()
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		calls := 0
		pipeline.Sink(in, "refuse", func(context.Context, int) error {
			calls++
			return pipeline.Permanent(errors.New("never"))
		})
		publisher := &stumbling{Publisher: channel, topic: p.PoisonTopic()}
		publisher.refusals.Store(3)
		transport := pipeline.Watermill(publisher, func(string) (message.Subscriber, error) { return channel, nil })
		poison := poisonOf(t, p, transport)
		stop := start(t, p, transport)
		synctest.Wait()
		begun := time.Now()
		publish(t, in, transport, 1)
		receivePoison(t, poison)
		if waited := time.Since(begun); waited < 3*time.Second || calls != 4 {
			t.Errorf("%d calls in %v", calls, waited)
		}
		stop()
	})
}

func TestARepeatedStepMakesTheSameIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(gochannel.Config{}, nil)
		defer channel.Close()
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		out := pipeline.Expand(in, "expand", func(_ context.Context, n int) ([]int, error) { return []int{n, n}, nil })
		other := pipeline.Stage(in, "other", same)
		var ids, others collected[string]
		pipeline.Sink(out, "sink", func(ctx context.Context, _ int) error { return ids.add(ctx, pipeline.MessageFrom(ctx).UUID) })
		pipeline.Sink(other, "other-sink", func(ctx context.Context, _ int) error { return others.add(ctx, pipeline.MessageFrom(ctx).UUID) })
		transport := onChannel(channel)
		stop := start(t, p, transport)
		synctest.Wait()
		// The same message comes twice, as after a crash between publishing and acknowledging.
		for range 2 {
			if err := channel.Publish(in.Topics()[0], message.NewMessage("id", []byte("1"))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		publish(t, in, transport, 1)
		time.Sleep(time.Second)
		stop()
		got := ids.all()
		if len(got) != 6 || got[0] == got[1] {
			t.Fatalf("ids %v", got)
		}
		equal(t, "ids of the repeat", sorted(got[2:4]), sorted(got[:2])...)
		distinct := map[string]bool{}
		for _, id := range append(got, others.all()...) {
			distinct[id] = true
		}
		if len(distinct) != 2+2+1+1 {
			t.Errorf("ids are not distinct: %v, %v", got, others.all())
		}
	})
}

func TestAdaptersRefuseWhatTheyCannotKeep(t *testing.T) {
	channel := gochannel.NewGoChannel(gochannel.Config{}, nil)
	defer channel.Close()
	ordered := newPipeline(t)
	pipeline.Sink(pipeline.Source[int](ordered, "in"), "strict", discard, pipeline.Ordered())
	if err := ordered.Run(t.Context(), onChannel(channel)); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "stage strict is Ordered") {
		t.Errorf("Ordered: %v", err)
	}
	p := newPipeline(t)
	pipeline.Sink(pipeline.Source[int](p, "in"), "sink", discard)
	for reason, transport := range map[string]pipeline.Transport{
		"the function that makes Watermill subscribers is nil": pipeline.Watermill(channel, nil),
		"there is no Watermill subscriber for group sink":      pipeline.Watermill(channel, func(string) (message.Subscriber, error) { return nil, nil }),
		"refused": pipeline.Watermill(channel, func(string) (message.Subscriber, error) { return nil, errRefused }),
	} {
		if err := p.Run(t.Context(), transport); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("Run: %v, want %s", err, reason)
		}
	}
}
