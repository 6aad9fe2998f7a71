package pubsub_test

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pubsub"
)

func TestAnEnvelopeCarriesIDAndMetadata(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	messages, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{})
	raw, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{Raw: true})
	p := newPublisher(t, c, pubsub.PublisherConfig{Envelope: true})
	msg := message.NewMessage("id", []byte("payload"))
	msg.Metadata.Set("traceparent", "00-1-2-01")
	require.NoError(t, p.Publish(topic, msg))
	got := receive(t, messages)
	require.True(t, msg.Equals(got), got)
	got.Ack()
	asItIs := receive(t, raw)
	require.Greater(t, len(asItIs.Payload), len("payload"))
	require.Empty(t, asItIs.Metadata)
	asItIs.Ack()
}

func TestThePublisherLearnsHowManyListen(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	var told []int64
	p := newPublisher(t, c, pubsub.PublisherConfig{
		RequireReceivers: true,
		OnPublished: func(on string, msg *message.Message, receivers int64) {
			require.Equal(t, topic, on)
			require.Equal(t, "id", msg.UUID)
			told = append(told, receivers)
		},
	})
	one, two := message.NewMessage("id", []byte("1")), message.NewMessage("id", []byte("2"))
	require.ErrorIs(t, p.Publish(topic, one), pubsub.ErrNoReceivers)
	require.ErrorIs(t, p.Publish(topic, one, two), pubsub.ErrNoReceivers)
	messages, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{})
	_, _ = subscribe(t, c, topic, pubsub.SubscriberConfig{Patterns: true})
	require.NoError(t, p.Publish(topic, one, two))
	require.Equal(t, []string{"1", "2"}, payloads(t, messages, 2))
	require.Equal(t, []int64{0, 0, 0, 2, 2}, told)
	require.NoError(t, p.Publish(topic), "nothing to publish")
}

func TestPublishFailsWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := newPublisher(t, client(t), pubsub.PublisherConfig{})
	require.ErrorContains(t, p.Publish("", message.NewMessage("", nil)), "the topic is empty")
	require.ErrorContains(t, p.Publish("t", message.NewMessage("", nil), nil), "message 2 of 2 is nil")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Publish("t", message.NewMessageWithContext(ctx, "", nil)), context.Canceled)
}

func TestNothingIsMadeOfWhatCannotWork(t *testing.T) {
	t.Parallel()
	c := client(t)
	var none *redis.Client
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": server.Addr()}})
	t.Cleanup(func() { require.NoError(t, ring.Close()) })
	for text, client := range map[string]redis.UniversalClient{"is nil": nil, "client is nil": none, "moves channels": ring} {
		_, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{})
		require.ErrorContains(t, err, text)
		_, err = pubsub.NewSubscriber(client, pubsub.SubscriberConfig{})
		require.ErrorContains(t, err, text)
		_, err = pubsub.NewTransport(client, pubsub.Config{})
		require.ErrorContains(t, err, text)
	}
	for text, config := range map[string]pubsub.SubscriberConfig{
		"set one of Patterns and Sharded":      {Patterns: true, Sharded: true},
		"a value of -1 for Concurrency":        {Concurrency: -1},
		"a value of -1 for Buffer ":            {Buffer: -1},
		"a value of -1 for BufferBytes":        {BufferBytes: -1},
		"an Overflow of 3":                     {Overflow: 3},
		"a value of -1ns for NackDelay":        {NackDelay: -1},
		"a value of 1ns for MaxNackDelay":      {MaxNackDelay: 1},
		"a value of -1ns for SubscribeTimeout": {SubscribeTimeout: -1},
		"a value of -1ns for Heartbeat":        {Heartbeat: -1},
		"a value of -1ns for DrainTimeout":     {DrainTimeout: -1},
		"a MaxNackDelay of 1s is below":        {NackDelay: time.Minute, MaxNackDelay: time.Second},
		"a PoisonTopic needs a publisher":      {PoisonTopic: "poison"},
	} {
		_, err := pubsub.NewSubscriber(c, config)
		require.ErrorContains(t, err, text)
		_, err = pubsub.NewTransport(c, pubsub.Config{
			Publisher: pubsub.PublisherConfig{Sharded: config.Sharded}, Subscriber: config,
		})
		require.ErrorContains(t, err, text)
	}
	_, err := newSubscriber(t, c, pubsub.SubscriberConfig{}).Subscribe(t.Context(), "")
	require.ErrorContains(t, err, "the topic is empty")
}

// redisCLI runs Redis's own client, which stands for those of other languages.
func redisCLI(ctx context.Context, args ...string) *exec.Cmd {
	host, port, _ := strings.Cut(server.Addr(), ":")
	return exec.CommandContext(ctx, "redis-cli", append([]string{"-h", host, "-p", port}, args...)...)
}

func TestRedisCLIPublishesToUs(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	messages, _ := subscribe(t, client(t), topic, pubsub.SubscriberConfig{})
	out, err := redisCLI(t.Context(), "PUBLISH", topic, `{"order":1}`).Output()
	require.NoError(t, err, "redis-cli comes with redis-server")
	require.Equal(t, "1\n", string(out))
	require.Equal(t, []string{`{"order":1}`}, payloads(t, messages, 1))
}

func TestRedisCLIHearsUs(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	ctx, cancel := context.WithCancel(context.Background())
	cli := redisCLI(ctx, "SUBSCRIBE", topic)
	out, err := cli.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cli.Start(), "redis-cli comes with redis-server")
	defer func() {
		cancel()
		_ = cli.Wait() // it was killed
	}()
	p := newPublisher(t, client(t), pubsub.PublisherConfig{RequireReceivers: true})
	msg := message.NewMessage("id", []byte(`{"order":1}`))
	msg.Metadata.Set("stays", "behind")
	eventually(t, func() bool { return p.Publish(topic, msg) == nil }, "redis-cli does not listen")
	var lines []string
	for lines = range scan(bufio.NewScanner(out)) {
		if len(lines) == 6 {
			break
		}
	}
	require.Equal(t, []string{"subscribe", topic, "1", "message", topic, `{"order":1}`}, lines)
}

// scan yields the lines there are so far.
func scan(s *bufio.Scanner) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		var lines []string
		for s.Scan() {
			if lines = append(lines, s.Text()); !yield(lines) {
				return
			}
		}
	}
}

func TestAHookMayCloseItsPublisher(t *testing.T) {
	t.Parallel()
	var p *pubsub.Publisher
	p = newPublisher(t, client(t), pubsub.PublisherConfig{
		OnPublished: func(string, *message.Message, int64) { assert.NoError(t, p.Close()) },
	})
	require.NoError(t, p.Publish(newTopic(), message.NewMessage("1", nil)))
	require.ErrorIs(t, p.Publish(newTopic(), message.NewMessage("2", nil)), pubsub.ErrClosed)
}
