package streams_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

func numbers(n int) []*message.Message {
	messages := make([]*message.Message, n)
	for i := range messages {
		id := strconv.Itoa(i)
		messages[i] = message.NewMessage(id, message.Payload(id))
	}
	return messages
}

func TestAFullTopicRefusesMoreUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	p := newPublisher(t, c, streams.PublisherConfig{MaxLen: 3})
	for _, msg := range numbers(3) {
		require.NoError(t, p.Publish(topic, msg))
	}
	err := p.Publish(topic, numbers(2)...)
	require.ErrorIs(t, err, streams.ErrTopicFull)
	require.ErrorContains(t, err, topic+" holds 3 entries and may hold 3")
	require.ErrorContains(t, err, "or history is kept")
	require.EqualValues(t, 3, c.XLen(t.Context(), topic).Val(), "something was added to a full topic")
	require.NoError(t, p.Publish(topic+"other", numbers(1)...), "each topic has its own bound")

	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Trim: &streams.Trim{}})
	for range 3 {
		receive(t, messages).Ack()
	}
	eventually(t, func() bool { return p.Publish(topic, numbers(1)...) == nil }, "a topic that was worked off stays full")
	receive(t, messages).Ack()
}

func TestABoundThatIsOnlyReportedRefusesNothing(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	var said logs
	p := newPublisher(t, c, streams.PublisherConfig{MaxLen: 3, ReportOnly: true, Logger: said.logger()})
	for range 10 {
		require.NoError(t, p.Publish(topic, numbers(2)...))
	}
	require.EqualValues(t, 20, c.XLen(t.Context(), topic).Val())
	require.Equal(t, 1, said.count("a topic holds more than it should"))
}

// The next stage stands still: this one must stop, too, and lose nothing.
func TestAFullTopicHoldsUpTheStageBeforeIt(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	const limit, all = 10, 60
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, numbers(all)...))
	var said logs
	first, s := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: 4, Logger: said.logger()})
	p := newPublisher(t, c, streams.PublisherConfig{MaxLen: limit})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range all {
			msg, ok := <-first
			if !ok {
				return // the test has failed
			}
			if err := p.Publish(topic+"next", out(msg, msg.UUID)); err != nil {
				t.Error(err)
			}
			msg.Ack()
		}
	}()
	eventually(t, func() bool { return s.Stats()[0].Blocked > 0 }, "the stage goes on although the topic behind it is full")
	time.Sleep(300 * time.Millisecond) // for it to go on all the same
	held := c.XLen(t.Context(), topic+"next").Val()
	require.GreaterOrEqual(t, held, int64(limit))
	require.LessOrEqual(t, held, int64(3*limit), "more was added than the bound and what it is late for")
	require.Equal(t, 1, said.count("wait for room"))

	second, _ := subscribe(t, c, topic+"next", streams.SubscriberConfig{Trim: &streams.Trim{}})
	got := map[string]int{}
	for range all {
		msg := receive(t, second)
		got[msg.UUID]++
		msg.Ack()
	}
	require.Len(t, got, all)
	<-done
	settled(t, c, topic)
}

// A loop may fill a topic that only its own stage can empty.
func TestAStageThatFillsItsOwnTopicDoesNotWaitForEver(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		p := newPublisher(t, c, streams.PublisherConfig{MaxLen: 1})
		publish(t, c, "topic", "1", "2")
		s := newSubscriber(t, c, streams.SubscriberConfig{})
		messages, err := s.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		began := time.Now()
		for range 2 {
			msg := <-messages
			require.NoError(t, p.Publish("topic", out(msg, "again "+msg.UUID)))
			msg.Ack()
		}
		msg := <-messages
		require.Equal(t, "again 1", msg.UUID)
		require.GreaterOrEqual(t, time.Since(began), 2*time.Minute)
		msg.Ack()
		require.NoError(t, s.Close())
	})
}

func TestABoundThatCannotBeKeptIsReportedAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	own, topic := redistest.Start(t), newTopic(t)
	worker := as(t, own, "worker", []string{"on", ">secret", "~*", "+@all", "-xlen"})
	admin := own.Client(t)
	const all = 5
	require.NoError(t, newPublisher(t, admin, streams.PublisherConfig{}).Publish(topic, numbers(all)...))
	var said logs
	messages, _ := subscribe(t, worker, topic, streams.SubscriberConfig{Logger: said.logger()})
	p := newPublisher(t, worker, streams.PublisherConfig{MaxLen: 1})
	for range all {
		msg := receive(t, messages)
		require.NoError(t, p.Publish(topic+"next", out(msg, msg.UUID)))
		msg.Ack()
	}
	settled(t, admin, topic)
	require.EqualValues(t, all, admin.XLen(t.Context(), topic+"next").Val())
	require.Equal(t, 1, said.count("the length of a topic is not known, its bound does not hold"), "it is to be said, and seldom")
	require.Contains(t, said.all(), "run the 'xlen' command")
}

// Redis is away when the drain time is over: asking for room does not hold up the end.
func TestAskingForRoomEndsAtTheDrainDeadline(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	working := client(t)
	asked := make(chan struct{}, 1)
	working.AddHook(noLengths(asked))
	publish(t, c, topic, "1")
	messages, s := subscribe(t, working, topic, streams.SubscriberConfig{DrainTimeout: 50 * time.Millisecond})
	msg := receive(t, messages)
	require.NoError(t, newPublisher(t, working, streams.PublisherConfig{MaxLen: 1}).Publish(topic+"next", out(msg, "1")))
	msg.Ack()
	<-asked
	require.NoError(t, s.Close())
	settled(t, c, topic)
	require.EqualValues(t, 1, c.XLen(t.Context(), topic+"next").Val(), "finished work was not committed")
}

// noLengths is a hook that answers no question for a length until its context ends,
// and tells of each.
type noLengths chan<- struct{}

func (noLengths) DialHook(next redis.DialHook) redis.DialHook { return next }

func (asked noLengths) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() != "xlen" {
			return next(ctx, cmd)
		}
		asked <- struct{}{}
		<-ctx.Done()
		cmd.SetErr(ctx.Err())
		return ctx.Err()
	}
}

func (noLengths) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestAPublisherRefusesANegativeBound(t *testing.T) {
	t.Parallel()
	_, err := streams.NewPublisher(client(t), streams.PublisherConfig{MaxLen: -1})
	require.ErrorContains(t, err, "MaxLen of -1")
	_, err = streams.NewTransport(client(t), streams.Config{MaxLen: -1})
	require.ErrorContains(t, err, "MaxLen of -1")
}

func TestATransportRefusesABoundThatHistoryFills(t *testing.T) {
	t.Parallel()
	c := client(t)
	for says, config := range map[string]streams.Config{
		"with KeepHistory every topic is full after 100 entries": {MaxLen: 100, KeepHistory: true},
		"a MaxLen of 1999 is too little for the 1000 entries":    {MaxLen: 1999, Trim: &streams.Trim{KeepEntries: 1000}},
	} {
		_, err := streams.NewTransport(c, config)
		require.ErrorContains(t, err, says)
		config.ReportOnly = true
		_, err = streams.NewTransport(c, config)
		require.NoError(t, err, "a bound that is only reported holds up nothing")
	}
	for _, config := range []streams.Config{
		{MaxLen: 2000, Trim: &streams.Trim{KeepEntries: 1000}},
		{MaxLen: 100, Trim: &streams.Trim{KeepFor: time.Hour}},
		{MaxLen: 100},
		{KeepHistory: true},
	} {
		_, err := streams.NewTransport(c, config)
		require.NoError(t, err)
	}
}
