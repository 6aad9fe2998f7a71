package pipeline_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// inBubble runs a test with Redis Streams where minutes are no time, and where a
// goroutine that is left behind is a failure.
func inBubble(t *testing.T, config streams.Config, test func(t *testing.T, d durable)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		redisServer := miniredis.NewMiniRedis() // not started: it would listen
		// A host name would be looked up outside the bubble.
		c := redis.NewClient(&redis.Options{
			Addr:   "127.0.0.1:6379",
			Dialer: func(context.Context, string, string) (net.Conn, error) { return redisServer.Dial() },
		})
		defer c.Close()
		config.Logger = quiet
		transport, err := streams.NewTransport(c, config)
		if err != nil {
			t.Fatal(err)
		}
		test(t, durable{Transport: transport, client: c})
	})
}

// runForMinutes runs a pipeline until nothing is left to do. Looking for that as
// often as WaitIdle does would cost more than all else.
func runForMinutes(t *testing.T, p *pipeline.Pipeline, d durable) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, d) }()
	for idle := false; !idle; {
		time.Sleep(10 * time.Second)
		soon, cancel := context.WithTimeout(ctx, time.Millisecond)
		idle = p.WaitIdle(soon, d) == nil
		cancel()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTheDefaultsOutlastAnHourAndGiveAMessageUp(t *testing.T) {
	inBubble(t, streams.Config{}, func(t *testing.T, d durable) {
		p := newPipeline(t)
		numbers := pipeline.Source[int](p, "numbers")
		var calls []time.Time
		pipeline.Sink(numbers, "fail", func(context.Context, int) error {
			calls = append(calls, time.Now())
			return errors.New("no")
		})
		publish(t, numbers, d, 1)
		runForMinutes(t, p, d)
		if len(calls) != pipeline.DefaultMaxAttempts {
			t.Errorf("%d attempts, want %d", len(calls), pipeline.DefaultMaxAttempts)
		}
		if took := calls[len(calls)-1].Sub(calls[0]); took < time.Hour || took > 4*time.Hour+24*time.Minute {
			t.Errorf("given up after %v, want two hours or so", took)
		}
		if n := len(d.poison(t, p)); n != 1 {
			t.Errorf("%d messages were poisoned, want 1", n)
		}
	})
}

func TestAMessageMayBePutAsideForMinutes(t *testing.T) {
	inBubble(t, streams.Config{}, func(t *testing.T, d durable) {
		p := newPipeline(t)
		numbers := pipeline.Source[int](p, "numbers")
		begun := time.Now()
		var back time.Duration
		out := pipeline.Stage(numbers, "later", func(ctx context.Context, n int) (int, error) {
			if n == 1 && pipeline.Attempt(ctx) == 1 {
				return 0, pipeline.RetryAfter(7 * time.Minute)
			}
			if n == 1 {
				back = time.Since(begun)
			}
			return n, nil
		})
		publish(t, numbers, d, 1, 2)
		runForMinutes(t, p, d)
		equal(t, "outputs", payloads(t, d, out), "2", "1")
		if back < 7*time.Minute || back > 8*time.Minute {
			t.Errorf("it came back after %v", back)
		}
	})
}

func TestAHandlerMayTakeLongerThanTheIdleTime(t *testing.T) {
	inBubble(t, streams.Config{IdleTime: time.Second}, func(t *testing.T, d durable) {
		p := newPipeline(t)
		numbers := pipeline.Source[int](p, "numbers")
		calls := 0
		out := pipeline.Stage(numbers, "slow", func(ctx context.Context, n int) (int, error) {
			calls++
			time.Sleep(time.Minute)
			return n, ctx.Err()
		})
		publish(t, numbers, d, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		for range 2 {
			go func() { ended <- p.Run(ctx, d) }()
		}
		if err := p.WaitIdle(ctx, d); err != nil {
			t.Error(err)
		}
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
		equal(t, "outputs", payloads(t, d, out), "1")
		if calls != 1 {
			t.Errorf("%d calls, want 1", calls)
		}
	})
}
