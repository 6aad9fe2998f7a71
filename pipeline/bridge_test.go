package pipeline_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// live is a transport that only those who listen hear of.
type live struct {
	*gochannel.GoChannel
	pipeline.Transport
	// listening has an item for each subscription that has begun.
	listening chan string
}

func newLive(t *testing.T) live {
	t.Helper()
	l := live{
		GoChannel: gochannel.NewGoChannel(gochannel.Config{OutputChannelBuffer: 100}, watermill.NopLogger{}),
		listening: make(chan string, 10),
	}
	l.Transport = pipeline.Watermill(l.GoChannel, func(string) (message.Subscriber, error) { return l, nil })
	t.Cleanup(func() { _ = l.GoChannel.Close() })
	return l
}

func (l live) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	messages, err := l.GoChannel.Subscribe(ctx, topic)
	l.listening <- topic
	return messages, err
}

func (l live) Publish(topic string, messages ...*message.Message) error {
	return l.GoChannel.Publish(topic, messages...)
}

func (l live) Close() error { return nil }

func TestIngestTakesMessagesOverAsTheyAre(t *testing.T) {
	t.Parallel()
	live := newLive(t)
	p, d := newPipeline(t), newDurable(t)
	events := pipeline.Ingest[map[string]int](p, "events", live, "tasks")
	stop := start(t, p, d)
	payload := `{ "b":1, "a":2 }` // not as this package would write it
	good := message.NewMessage("m-1", []byte(payload))
	good.Metadata.Set("tenant", "a")
	receive(t, "the subscription", live.listening)
	if err := live.Publish("tasks", good, message.NewMessage("m-2", []byte("no JSON"))); err != nil {
		t.Fatal(err)
	}
	await(t, "both messages", func() bool {
		return len(d.messages(t, events.Topics()[0])) == 1 && len(d.poison(t, p)) == 1
	})
	stop()
	got := d.messages(t, events.Topics()[0])[0]
	if string(got.Payload) != payload || got.Metadata["tenant"] != "a" {
		t.Errorf("got %s with %v", got.Payload, got.Metadata)
	}
	if got := d.poison(t, p)[0]; got.UUID != "m-2" || got.Metadata[pipeline.PoisonTopic] != "tasks" {
		t.Errorf("poisoned %s with %v", got.UUID, got.Metadata)
	}
}

// Two processes take the same message over: it has the same id in the flow.
func TestAMessageThatIsTakenOverTwiceHasOneID(t *testing.T) {
	t.Parallel()
	live := newLive(t)
	p, d := newPipeline(t), newDurable(t)
	events := pipeline.Ingest[int](p, "events", live, "tasks")
	first, second := start(t, p, d), start(t, p, d)
	receive(t, "the first subscription", live.listening)
	receive(t, "the second subscription", live.listening)
	if err := live.Publish("tasks", message.NewMessage("m-1", []byte("1"))); err != nil {
		t.Fatal(err)
	}
	await(t, "the message from both", func() bool { return len(d.messages(t, events.Topics()[0])) == 2 })
	first()
	second()
	both := d.messages(t, events.Topics()[0])
	if both[0].UUID != both[1].UUID || both[0].UUID == "" {
		t.Errorf("ids %q and %q", both[0].UUID, both[1].UUID)
	}
}

func TestBroadcastTellsWhoListens(t *testing.T) {
	t.Parallel()
	live := newLive(t)
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Broadcast(numbers, "tell", live, func(n int) string {
		if n%2 == 0 {
			return "even"
		}
		return "odd"
	})
	heard := make(chan string, 10)
	for _, topic := range []string{"even", "odd"} {
		messages, err := live.Subscribe(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for msg := range messages {
				heard <- topic + " " + string(msg.Payload)
				msg.Ack()
			}
		}()
	}
	publish(t, numbers, d, 1, 2, 3)
	runUntilIdle(t, p, d)
	var got []string
	for range 3 {
		got = append(got, receive(t, "what is told", heard))
	}
	slices.Sort(got)
	equal(t, "heard", got, "even 2", "odd 1", "odd 3")
}

func TestBroadcastToNoTopicIsPoisoned(t *testing.T) {
	t.Parallel()
	live := newLive(t)
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Broadcast(numbers, "tell", live, func(int) string { return "" })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	expectPoison(t, d, p, pipeline.KindPermanent, "empty topic", "1")
}

// What cannot be told comes again, and nothing is lost.
func TestBroadcastGoesOnWhenTheOtherTransportIsBack(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	away := &awayPublisher{failures: 2}
	pipeline.Broadcast(numbers, "tell", pipeline.Watermill(away, nil), func(int) string { return "topic" })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	if len(away.published) != 1 {
		t.Errorf("published %d messages, want 1", len(away.published))
	}
	if len(d.poison(t, p)) != 0 {
		t.Error("the message was poisoned")
	}
}

// awayPublisher fails so often and then works.
type awayPublisher struct {
	failures  int
	published []*message.Message
}

func (a *awayPublisher) Publish(_ string, messages ...*message.Message) error {
	if a.failures--; a.failures >= 0 {
		return context.DeadlineExceeded
	}
	a.published = append(a.published, messages...)
	return nil
}

func (*awayPublisher) Close() error { return nil }

func TestFaultsOfBridges(t *testing.T) {
	t.Parallel()
	p := pipeline.New("bridges")
	in := pipeline.Ingest[int](p, "in", nil, "")
	pipeline.Broadcast(in, "out", nil, nil)
	err := p.Check()
	for _, want := range []string{
		`ingest "in": the transport is nil`, `ingest "in": the topic is empty`,
		`broadcast "out": the transport is nil`, `broadcast "out": the function that chooses topics is nil`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

// A pointer that is nil is no transport either, though its interface is not nil.
func TestANilPointerIsNoTransport(t *testing.T) {
	t.Parallel()
	var none *streams.Transport
	p := pipeline.New("bridges")
	in := pipeline.Ingest[int](p, "in", none, "topic")
	pipeline.Broadcast(in, "out", none, func(int) string { return "topic" })
	for _, want := range []string{`ingest "in": the transport is nil`, `broadcast "out": the transport is nil`} {
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}

	p = newPipeline(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return nil })
	_, err := pipeline.NewPublisher(numbers, none)
	for what, err := range map[string]error{
		"run": p.Run(t.Context(), none), "wait": p.WaitIdle(t.Context(), none), "publisher": err,
		"run with a zero transport": p.Run(t.Context(), &streams.Transport{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "transport is nil") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestBridgesAreDrawn(t *testing.T) {
	t.Parallel()
	live := newLive(t)
	p := pipeline.New("tasks")
	events := pipeline.Ingest[int](p, "events", live, "tasks.*")
	pipeline.Broadcast(events, "tell", live, func(int) string { return "told" })
	want := `flowchart LR
    n0[["tasks.*"]]
    n1["events"]
    n2[/"tell"/]
    n0 --> n1
    n1 --> n2
`
	if got := p.Mermaid(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
