package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// patience is how long a test waits for what should happen soon.
const patience = 20 * time.Second

var quiet = slog.New(slog.DiscardHandler)

var pipelines atomic.Int64

// uniqueName returns a name for a pipeline that no other test uses.
func uniqueName(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, t.Name())
	return fmt.Sprintf("%s-%d", name, pipelines.Add(1))
}

func newPipeline(t testing.TB, options ...pipeline.Option) *pipeline.Pipeline {
	t.Helper()
	return pipeline.New(uniqueName(t), append([]pipeline.Option{pipeline.Logger(quiet)}, options...)...)
}

// durable is Redis Streams, with times that suit tests, and with all history kept
// unless a test says what to trim: tests look at what there was.
type durable struct {
	*streams.Transport
	client *redis.Client
}

func newDurable(t testing.TB) durable {
	t.Helper()
	return durableWith(t, streams.Config{})
}

func durableWith(t testing.TB, config streams.Config) durable {
	t.Helper()
	if config.NackDelay == 0 {
		config.NackDelay, config.MaxNackDelay = 2*time.Millisecond, 20*time.Millisecond
	}
	config.Logger = quiet
	config.KeepHistory = config.Trim == nil
	c := client(t)
	transport, err := streams.NewTransport(c, config)
	if err != nil {
		t.Fatal(err)
	}
	return durable{Transport: transport, client: c}
}

// messages returns what is in a topic.
func (d durable) messages(t testing.TB, topic string) []*message.Message {
	t.Helper()
	entries, err := d.client.XRange(context.Background(), topic, "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	messages := make([]*message.Message, len(entries))
	for i, entry := range entries {
		if messages[i], err = (redisstream.DefaultMarshallerUnmarshaller{}).Unmarshal(entry.Values); err != nil {
			t.Fatal(err)
		}
	}
	return messages
}

// poison returns what is in a pipeline's poison topic.
func (d durable) poison(t testing.TB, p *pipeline.Pipeline) []*message.Message {
	t.Helper()
	return d.messages(t, p.PoisonTopic())
}

// pending returns how many messages of a flow a stage has not settled.
func (d durable) pending(t testing.TB, topic, stage string) int64 {
	t.Helper()
	pending, err := d.client.XPending(context.Background(), topic, stage).Result()
	if err != nil {
		t.Fatal(err)
	}
	return pending.Count
}

// payloads returns the payloads of what a flow carried, in order.
func payloads[T any](t testing.TB, d durable, flow pipeline.Flow[T]) []string {
	t.Helper()
	var all []string
	for _, topic := range flow.Topics() {
		for _, msg := range d.messages(t, topic) {
			all = append(all, string(msg.Payload))
		}
	}
	return all
}

// publish publishes values into a source.
func publish[T any](t testing.TB, into pipeline.Flow[T], transport pipeline.Transport, values ...T) {
	t.Helper()
	publisher, err := pipeline.NewPublisher(into, transport)
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Publish(context.Background(), values...); err != nil {
		t.Fatal(err)
	}
	if err := publisher.Close(); err != nil {
		t.Fatal(err)
	}
}

// start runs a pipeline. stop ends the run, which must end well.
func start(t testing.TB, p *pipeline.Pipeline, transport pipeline.Transport, options ...pipeline.RunOption) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport, options...) }()
	stopped := false
	stop = func() {
		t.Helper()
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the run ended with: %v", err)
			}
		case <-time.After(patience):
			t.Error("the run does not end")
		}
	}
	t.Cleanup(stop)
	return stop
}

// awaitIdle waits until nothing is left to do.
func awaitIdle(t testing.TB, p *pipeline.Pipeline, transport pipeline.Transport) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.WaitIdle(ctx, transport); err != nil {
		t.Fatalf("wait until nothing is left to do: %v", err)
	}
}

// runUntilIdle runs a pipeline until nothing is left to do.
func runUntilIdle(t testing.TB, p *pipeline.Pipeline, transport pipeline.Transport) {
	t.Helper()
	stop := start(t, p, transport)
	awaitIdle(t, p, transport)
	stop()
}

// await waits until a condition holds.
func await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}

// receive waits for a value.
func receive[T any](t testing.TB, what string, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatalf("waited %v in vain: %s", patience, what)
	}
	return value
}

// discard is the handler of a sink that wants nothing.
func discard[T any](context.Context, T) error { return nil }

// same is the handler of a stage that passes on what it gets.
func same[T any](_ context.Context, value T) (T, error) { return value, nil }
