package streams_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// Redis checks the keys of a script before it runs it, so an output that the user
// may not write refuses the whole commit.
func TestAnOutputThatTheUserMayNotWriteHoldsUpNoOtherMessage(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	publish(t, c, topic, "1", "2", "3", "4")
	require.NoError(t, c.Do(t.Context(), "ACL", "SETUSER", "worker", "on", "nopass", "+@all", "~"+topic+"*").Err())
	limited := redis.NewClient(&redis.Options{Addr: own.Addr(), Username: "worker", Password: "any"})
	t.Cleanup(func() { _ = limited.Close() })
	messages, _ := subscribe(t, limited, topic, streams.SubscriberConfig{})
	p := newPublisher(t, limited, streams.PublisherConfig{})
	for range 4 {
		msg := receive(t, messages)
		to := topic + ":out"
		if msg.UUID == "1" {
			to = "elsewhere"
		}
		require.NoError(t, p.Publish(to, out(msg, "of "+msg.UUID)))
		msg.Ack()
	}
	eventually(t, func() bool { return c.XLen(t.Context(), topic+":out").Val() == 3 }, "the others are not committed")
	require.Equal(t, map[string]int64{"millstream:parked": 1}, pendingOf(t, c, topic), "the one is put aside")
}

// What is finished while a commit is under way is committed together, and so refused
// together.
func TestAMessageWhoseCommitIsRefusedHoldsUpNoneThatAreCommittedWithIt(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	uuids := []string{"first", "1", "2", "3", "4"}
	publish(t, c, topic, uuids...)
	require.NoError(t, c.Do(t.Context(), "ACL", "SETUSER", "worker", "on", "nopass", "+@all", "~"+topic+"*").Err())
	limited := redis.NewClient(&redis.Options{Addr: own.Addr(), Username: "worker", Password: "any"})
	t.Cleanup(func() { _ = limited.Close() })
	underWay, goOn := make(chan struct{}), make(chan struct{})
	var commits atomic.Int64
	limited.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
		if isCommit(cmd, topic) && commits.Add(1) == 1 {
			close(underWay)
			<-goOn
		}
		return next()
	}))
	messages, s := subscribe(t, limited, topic, streams.SubscriberConfig{Concurrency: len(uuids)})
	p := newPublisher(t, limited, streams.PublisherConfig{})
	delivered := map[string]*message.Message{}
	for range uuids {
		msg := receive(t, messages)
		to := topic + ":out"
		if msg.UUID == "2" {
			to = "elsewhere"
		}
		require.NoError(t, p.Publish(to, out(msg, "of "+msg.UUID)))
		delivered[msg.UUID] = msg
	}
	delivered["first"].Ack()
	<-underWay
	for _, uuid := range uuids[1:] {
		delivered[uuid].Ack()
	}
	eventually(t, func() bool { return s.Stats()[0].InFlight == 0 }, "the handlers are not done")
	time.Sleep(20 * time.Millisecond) // for what they did to be queued; if it is not, less is tested
	close(goOn)
	eventually(t, func() bool { return c.XLen(t.Context(), topic+":out").Val() == 4 }, "the others are not committed")
	require.Equal(t, map[string]int64{"millstream:parked": 1}, pendingOf(t, c, topic), "the one is put aside")
}

// named leaves a payload of a type that go-redis cannot send.
type named struct {
	redisstream.DefaultMarshallerUnmarshaller
	payload any
}

func (n named) Marshal(topic string, msg *message.Message) (map[string]any, error) {
	fields, err := n.DefaultMarshallerUnmarshaller.Marshal(topic, msg)
	fields["payload"] = n.payload
	return fields, err
}

func TestAValueThatCannotBeSentFailsThePublishAndNotTheCommit(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	err := newPublisher(t, c, streams.PublisherConfig{Marshaller: named{payload: struct{}{}}}).Publish(topic+"out", out(msg, "o"))
	require.ErrorContains(t, err, "field payload: a value of type struct {} cannot be sent")
	named := newPublisher(t, c, streams.PublisherConfig{Marshaller: named{payload: message.Payload("bytes")}})
	require.NoError(t, named.Publish(topic+"out", out(msg, "o")))
	msg.Ack()
	receive(t, messages).Ack()
	settled(t, c, topic)
	require.Equal(t, "bytes", string(decoded(t, c, topic+"out")[0].Payload))
}

func TestAParkedMessageWhoseDueTimeWasLostComesAgain(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: 300 * time.Millisecond, NackDelay: time.Hour, MaxNackDelay: time.Hour})
	receive(t, messages).Nack()
	eventually(t, func() bool { return pendingOf(t, c, topic)["millstream:parked"] == 1 }, "not parked")
	require.NoError(t, c.Del(t.Context(), topic+":parked:g").Err())
	receive(t, messages).Ack()
	settled(t, c, topic)
}

func TestAMessageTrimmedWhileItIsHandledIsCommittedAllTheSame(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: 3 * time.Second})
	msg := receive(t, messages)
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(msg, "o")))
	require.NoError(t, c.XTrimMaxLen(t.Context(), topic, 0).Err())
	time.Sleep(1500 * time.Millisecond) // the hold is renewed meanwhile
	msg.Ack()
	settled(t, c, topic)
	require.Equal(t, []string{"o"}, uuids(decoded(t, c, topic+"out")))
}

func TestAProcessWithTheNameOfADeadOneGoesOnWithItsMessagesInOrder(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		topic, c := newTopic(t), client(t)
		publish(t, c, topic, "1", "2", "3")
		require.NoError(t, c.XGroupCreateMkStream(t.Context(), topic, "g", "0").Err())
		require.NoError(t, c.XReadGroup(t.Context(), &redis.XReadGroupArgs{
			Group: "g", Consumer: "pod-0", Streams: []string{topic, ">"}, Count: 2, Block: -1,
		}).Err())
		messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Consumer: "pod-0", Ordered: ordered, IdleTime: time.Hour})
		for _, id := range []string{"1", "2", "3"} {
			msg := receive(t, messages)
			require.Equal(t, id, msg.UUID)
			msg.Ack()
		}
		settled(t, c, topic)
	}
}
