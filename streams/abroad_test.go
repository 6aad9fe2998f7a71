package streams_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// ring returns a client that must take each hash tag for another server.
func ring(t *testing.T, addr string) *redis.Ring {
	t.Helper()
	r := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"one": addr}, HeartbeatFrequency: time.Minute})
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// abroadOf returns a topic of another hash tag than the one given.
func abroadOf(topic string) string { return strings.Replace(topic, "{", "{abroad-", 1) }

// requireAbroadAndHome fails unless each output is there once, and the input settled.
func requireAbroadAndHome(t *testing.T, c redis.UniversalClient, topic string) {
	t.Helper()
	settled(t, c, topic)
	require.Equal(t, []string{"home"}, uuids(decoded(t, c, topic+"out")))
	require.Equal(t, []string{"a1", "a2"}, uuids(decoded(t, c, abroadOf(topic))))
}

// publishBoth stages outputs for the input's slot and for another.
func publishBoth(t *testing.T, p message.Publisher, topic string, in *message.Message) {
	t.Helper()
	require.NoError(t, p.Publish(abroadOf(topic), out(in, "a1")))
	require.NoError(t, p.Publish(topic+"out", out(in, "home")))
	require.NoError(t, p.Publish(abroadOf(topic), out(in, "a2")))
}

func TestAnOutputForAnotherSlotIsThereBeforeTheAcknowledgement(t *testing.T) {
	t.Parallel()
	topic, c, r := newTopic(t), client(t), ring(t, server.Addr())
	publish(t, c, topic, "in")
	var early, commits atomic.Int64
	require.NoError(t, r.ForEachShard(t.Context(), func(_ context.Context, shard *redis.Client) error {
		shard.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
			if isCommit(cmd, topic) {
				commits.Add(1)
				if c.XLen(t.Context(), abroadOf(topic)).Val() < 2 {
					early.Add(1)
				}
				if c.XLen(t.Context(), topic+"out").Val() > 0 {
					early.Add(1) // what is in reach comes with the acknowledgement
				}
			}
			return next()
		}))
		return nil
	}))
	messages, _ := subscribe(t, r, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	publishBoth(t, newPublisher(t, r, streams.PublisherConfig{}), topic, msg)
	time.Sleep(20 * time.Millisecond)
	require.Zero(t, c.Exists(t.Context(), abroadOf(topic), topic+"out").Val(), "it is published before the handler is done")
	msg.Ack()
	requireAbroadAndHome(t, c, topic)
	require.Zero(t, early.Load(), "acknowledged before its outputs abroad were there, or after those at home")
	require.Positive(t, commits.Load())
}

// isCommit matches the script that settles: of those on the topic it alone is told
// how long to put aside what failed, after its keys, group, consumer and parker.
func isCommit(cmd redis.Cmder, topic string) bool {
	args := cmd.Args()
	if len(args) < 4 || args[0] != "evalsha" && args[0] != "eval" || args[3] != topic {
		return false
	}
	at := 3 + args[2].(int) + 3
	return len(args) > at && args[at] == commit.FailureDelay.Milliseconds()
}

// The outputs abroad are out when the acknowledgement fails.
func TestAnOutputForAnotherSlotIsPublishedOnceHoweverOftenTheCommitFails(t *testing.T) {
	t.Parallel()
	topic, c, r := newTopic(t), client(t), ring(t, server.Addr())
	publish(t, c, topic, "in")
	var failures atomic.Int64
	require.NoError(t, r.ForEachShard(t.Context(), func(_ context.Context, shard *redis.Client) error {
		shard.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
			if isCommit(cmd, topic) && failures.Add(1) <= 3 {
				return errCutOff
			}
			return next()
		}))
		return nil
	}))
	messages, s := subscribe(t, r, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	publishBoth(t, newPublisher(t, r, streams.PublisherConfig{}), topic, msg)
	msg.Ack()
	requireAbroadAndHome(t, c, topic)
	require.EqualValues(t, 3, s.Stats()[0].Troubles)
	require.EqualValues(t, 1, s.Stats()[0].Committed)
}

func TestAnOutputForAnotherSlotIsPublishedOnceWhenRepliesAreLost(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]func(topic string) func([]byte) bool{
		"to the publishing": func(topic string) func([]byte) bool { return contains("evalsha", abroadOf(topic), "a2") },
		"to the commit": func(topic string) func([]byte) bool {
			return contains("evalsha", topic+":unfinished:g", "home")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			link := redistest.Proxy(t, server.Addr())
			r := ring(t, link.Addr())
			publish(t, c, topic, "in")
			messages, _ := subscribe(t, r, topic, streams.SubscriberConfig{})
			msg := receive(t, messages)
			publishBoth(t, newPublisher(t, r, streams.PublisherConfig{}), topic, msg)
			link.LoseNextReply(lost(topic))
			msg.Ack()
			eventually(t, func() bool { return link.Lost() == 1 }, "the reply was not lost")
			requireAbroadAndHome(t, c, topic)
		})
	}
}

// Another takes the message over after its outputs abroad are out.
func TestAnOutputForAnotherSlotIsPublishedOnceThoughTheMessageIsTakenOver(t *testing.T) {
	t.Parallel()
	topic, c, cut := newTopic(t), client(t), ring(t, server.Addr())
	publish(t, c, topic, "in")
	var dead, over atomic.Bool
	require.NoError(t, cut.ForEachShard(t.Context(), func(_ context.Context, shard *redis.Client) error {
		shard.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
			if isCommit(cmd, topic) {
				dead.Store(true) // and nothing of it gets through any more
			}
			if dead.Load() && !over.Load() {
				return errCutOff
			}
			return next()
		}))
		return nil
	}))
	config := streams.SubscriberConfig{IdleTime: 300 * time.Millisecond}
	first, _ := subscribe(t, cut, topic, config)
	t.Cleanup(func() { over.Store(true) }) // or closing would wait for the commit
	msg := receive(t, first)
	publishBoth(t, newPublisher(t, cut, streams.PublisherConfig{}), topic, msg)
	msg.Ack()
	eventually(t, dead.Load, "it does not commit")
	require.Equal(t, []string{"a1", "a2"}, uuids(decoded(t, c, abroadOf(topic))))

	r := ring(t, server.Addr())
	second, _ := subscribe(t, r, topic, config)
	msg = receive(t, second)
	require.Equal(t, 2, attempt(msg))
	publishBoth(t, newPublisher(t, r, streams.PublisherConfig{}), topic, msg)
	msg.Ack()
	requireAbroadAndHome(t, c, topic)
}

func TestAFailedHandlerLeavesNothingInAnotherSlot(t *testing.T) {
	t.Parallel()
	topic, c, r := newTopic(t), client(t), ring(t, server.Addr())
	publish(t, c, topic, "in")
	messages, _ := subscribe(t, r, topic, streams.SubscriberConfig{NackDelay: time.Millisecond})
	p := newPublisher(t, r, streams.PublisherConfig{})
	for range 2 {
		msg := receive(t, messages)
		publishBoth(t, p, topic, msg)
		msg.Nack()
	}
	msg := receive(t, messages)
	require.Zero(t, c.Exists(t.Context(), abroadOf(topic), topic+"out").Val())
	publishBoth(t, p, topic, msg)
	msg.Ack()
	requireAbroadAndHome(t, c, topic)
}

// The place it goes to is no stream: the message waits, the others go on.
func TestAnOutputThatAnotherSlotRefusesHoldsUpNothing(t *testing.T) {
	t.Parallel()
	topic, c, r := newTopic(t), client(t), ring(t, server.Addr())
	require.NoError(t, c.Set(t.Context(), abroadOf(topic), "no stream", 0).Err())
	publish(t, c, topic, "in", "behind")
	messages, s := subscribe(t, r, topic, streams.SubscriberConfig{})
	p := newPublisher(t, r, streams.PublisherConfig{})
	msg := receive(t, messages)
	publishBoth(t, p, topic, msg)
	msg.Ack()
	msg = receive(t, messages)
	require.Equal(t, "behind", msg.UUID)
	msg.Ack()
	eventually(t, func() bool { return s.Stats()[0].Committed == 1 && s.Stats()[0].Parked == 1 }, "not put aside: %s", fmt.Sprint(s.Stats()))
	require.EqualValues(t, 1, s.Stats()[0].Refused)
	require.Equal(t, map[string]int64{"millstream:parked": 1}, pendingOf(t, c, topic))
	require.Zero(t, c.XLen(t.Context(), topic+"out").Val())
}

func TestAnotherSlotThatIsAwayHoldsUpNoOtherMessage(t *testing.T) {
	t.Parallel()
	topic, c, r := newTopic(t), client(t), ring(t, server.Addr())
	var away atomic.Bool
	away.Store(true)
	require.NoError(t, r.ForEachShard(t.Context(), func(_ context.Context, shard *redis.Client) error {
		shard.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
			if away.Load() && contains(abroadOf(topic))(fmt.Append(nil, cmd.Args()...)) {
				return errCutOff
			}
			return next()
		}))
		return nil
	}))
	publish(t, c, topic, "abroad", "home")
	messages, _ := subscribe(t, r, topic, streams.SubscriberConfig{Concurrency: 2})
	p := newPublisher(t, r, streams.PublisherConfig{})
	first, second := receive(t, messages), receive(t, messages)
	require.NoError(t, p.Publish(abroadOf(topic), out(first, "there")))
	first.Ack()
	require.NoError(t, p.Publish(topic+"out", out(second, "here")))
	second.Ack()
	eventually(t, func() bool { return c.XLen(t.Context(), topic+"out").Val() == 1 }, "it waits for the other slot")
	eventually(t, func() bool { return pendingOf(t, c, topic)["millstream:parked"] == 1 }, "not put aside")
	away.Store(false)
	again := receive(t, messages)
	require.NoError(t, p.Publish(abroadOf(topic), out(again, "there")))
	again.Ack()
	settled(t, c, topic)
	require.Equal(t, []string{"there"}, uuids(decoded(t, c, abroadOf(topic))))
}

func TestADuplicateAtWorkPublishesNothingToAnotherSlot(t *testing.T) {
	t.Parallel()
	topic, c, r := newTopic(t), client(t), ring(t, server.Addr())
	publish(t, c, topic, "a", "b")
	messages, _ := subscribe(t, r, topic, streams.SubscriberConfig{Concurrency: 2})
	p := newPublisher(t, r, streams.PublisherConfig{})
	for _, msg := range []*message.Message{receive(t, messages), receive(t, messages)} {
		require.NoError(t, handoff.FromContext(msg.Context()).Mark(handoff.Mark{Key: "k"}))
		require.NoError(t, p.Publish(abroadOf(topic), out(msg, "o")))
		msg.Ack()
	}
	settled(t, c, topic)
	require.Equal(t, []string{"o"}, uuids(decoded(t, c, abroadOf(topic))))
}

// A mark may end sooner than it is remembered what was published for a message.
func TestWhatComesAfterItsMarkIsOverIsPublishedToAnotherSlotToo(t *testing.T) {
	t.Parallel()
	topic, c, r := newTopic(t), client(t), ring(t, server.Addr())
	messages, _ := subscribe(t, r, topic, streams.SubscriberConfig{})
	p := newPublisher(t, r, streams.PublisherConfig{})
	for _, id := range []string{"a", "b"} {
		publish(t, c, topic, id)
		msg := receive(t, messages)
		require.NoError(t, handoff.FromContext(msg.Context()).Mark(handoff.Mark{Key: "k", TTL: 20 * time.Millisecond}))
		require.NoError(t, p.Publish(abroadOf(topic), out(msg, id)))
		msg.Ack()
		settled(t, c, topic)
		mark := topic + ":done:g:k"
		eventually(t, func() bool { return c.Exists(t.Context(), mark).Val() == 0 }, "the mark stays")
	}
	require.Equal(t, []string{"a", "b"}, uuids(decoded(t, c, abroadOf(topic))))
}
