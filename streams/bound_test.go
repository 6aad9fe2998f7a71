package streams_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

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
