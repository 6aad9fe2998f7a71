package streams_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/components/delay"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// scene is where an event happens.
type scene struct {
	*testing.T
	c        *redis.Client
	topic    string
	config   streams.SubscriberConfig
	said     *logs
	messages <-chan *message.Message
	*streams.Subscriber
}

func (s *scene) subscribe() {
	s.messages, s.Subscriber = subscribe(s.T, s.c, s.topic, s.config)
}

// Each event counts once, and once only is something said of it. What else is
// counted on the way is written out, too.
func TestEachEventIsCountedOnceAndSaidOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		happen func(s *scene)
		want   streams.Stats
		said   string
	}{
		"committed": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				s.subscribe()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 1, Committed: 1},
		},
		"a duplicate": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1", "2")
				s.subscribe()
				for range 2 {
					msg := receive(s, s.messages)
					require.NoError(s, handoff.FromContext(msg.Context()).Mark(handoff.Mark{Key: "same"}))
					msg.Ack()
				}
			},
			want: streams.Stats{Delivered: 2, Committed: 1, Duplicates: 1},
			said: "message is a duplicate",
		},
		"rejected, put aside and back": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				s.subscribe()
				receive(s, s.messages).Nack()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 2, Nacked: 1, Parked: 1, Resumed: 1, Committed: 1},
			said: "message rejected",
		},
		"rejected in order": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				s.config.Ordered = true
				s.subscribe()
				receive(s, s.messages).Nack()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 2, Nacked: 1, Committed: 1},
			said: "message rejected",
		},
		"delayed": {
			happen: func(s *scene) {
				require.NoError(s, newPublisher(s, s.c, streams.PublisherConfig{}).Publish(s.topic, delayed("1", delay.For(1100*time.Millisecond))))
				s.subscribe()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 1, Parked: 1, Resumed: 1, Committed: 1},
			said: "message has a delay",
		},
		"taken over": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				die(s, s.c, s.topic, 1)
				s.config.IdleTime = shortIdle
				s.subscribe()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 1, Reclaimed: 1, Committed: 1},
			said: "took over messages",
		},
		"taken over in order": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				die(s, s.c, s.topic, 1)
				s.config.IdleTime, s.config.Ordered = shortIdle, true
				s.subscribe()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 1, Reclaimed: 1, Committed: 1},
			said: "took over messages",
		},
		"taken over by name": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				die(s, s.c, s.topic, 1)
				s.config.Consumer = "dead"
				s.subscribe()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 1, Reclaimed: 1, Committed: 1},
			said: "took over messages",
		},
		"handed back": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				s.config.DrainTimeout = time.Millisecond
				s.subscribe()
				receive(s, s.messages)
				require.NoError(s, s.Close())
			},
			want: streams.Stats{Delivered: 1, HandedBack: 1},
			said: "handed unfinished messages back",
		},
		"fenced off": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				s.subscribe()
				msg := receive(s, s.messages)
				require.EqualValues(s, 1, s.c.XAck(s.Context(), s.topic, "g", handoff.FromContext(msg.Context()).ID).Val())
				msg.Ack()
			},
			want: streams.Stats{Delivered: 1, Fenced: 1},
			said: "message was taken over by another consumer",
		},
		"committed by a commit whose reply was lost": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				link := redistest.Proxy(s, server.Addr())
				s.c = redis.NewClient(&redis.Options{Addr: link.Addr()})
				s.Cleanup(func() { _ = s.c.Close() })
				s.subscribe()
				msg := receive(s, s.messages)
				require.NoError(s, newPublisher(s, s.c, streams.PublisherConfig{}).Publish(s.topic+"out", out(msg, "o")))
				link.LoseNextReply(contains("evalsha", s.topic+"out"))
				msg.Ack()
			},
			want: streams.Stats{Delivered: 1, Unconfirmed: 1, Troubles: 1},
			said: "message was settled before",
		},
		"an output refused": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				require.NoError(s, s.c.Set(s.Context(), s.topic+"out", "no stream", 0).Err())
				s.subscribe()
				msg := receive(s, s.messages)
				require.NoError(s, newPublisher(s, s.c, streams.PublisherConfig{}).Publish(s.topic+"out", out(msg, "o")))
				msg.Ack()
			},
			want: streams.Stats{Delivered: 1, Refused: 1, Parked: 1},
			said: "an output could not be added",
		},
		"malformed": {
			happen: func(s *scene) {
				require.NoError(s, s.c.XAdd(s.Context(), &redis.XAddArgs{Stream: s.topic, Values: []string{"foreign", "fields"}}).Err())
				s.subscribe()
			},
			want: streams.Stats{Malformed: 1, Committed: 1},
			said: "entry cannot be decoded",
		},
		"deleted while pending": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				die(s, s.c, s.topic, 1)
				require.NoError(s, s.c.XTrimMaxLen(s.Context(), s.topic, 0).Err())
				s.config.IdleTime = shortIdle
				s.subscribe()
			},
			want: streams.Stats{Vanished: 1},
			said: "entries were deleted from the stream",
		},
		"deleted while pending in its own name": {
			happen: func(s *scene) {
				publish(s, s.c, s.topic, "1")
				die(s, s.c, s.topic, 1)
				require.NoError(s, s.c.XTrimMaxLen(s.Context(), s.topic, 0).Err())
				s.config.Consumer = "dead"
				s.subscribe()
			},
			want: streams.Stats{Vanished: 1},
			said: "entries were deleted from the stream",
		},
		"recovered": {
			happen: func(s *scene) {
				link := redistest.Proxy(s, server.Addr())
				s.c = redis.NewClient(&redis.Options{Addr: link.Addr()})
				s.Cleanup(func() { _ = s.c.Close() })
				s.subscribe()
				publish(s, client(s), s.topic, "0", "1")
				first := receive(s, s.messages)
				link.LoseNextReply(contains("xreadgroup", s.topic, ">"))
				first.Ack()
				receive(s, s.messages).Ack()
			},
			want: streams.Stats{Delivered: 2, Committed: 2, Recovered: 1, Troubles: 1},
			said: "found messages whose delivery was lost",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scene{T: t, c: client(t), topic: newTopic(t), said: &logs{}}
			s.config = streams.SubscriberConfig{IdleTime: time.Hour, NackDelay: time.Millisecond, Logger: s.said.logger()}
			test.happen(s)
			test.want.Topic, test.want.Group = s.topic, "g"
			// What is not as it should be shows after closing.
			for deadline := time.Now().Add(patience); s.Stats()[0] != test.want && time.Now().Before(deadline); {
				time.Sleep(2 * time.Millisecond)
			}
			require.NoError(t, s.Close())
			require.Equal(t, []streams.Stats{test.want}, s.Stats())
			if test.said != "" {
				require.Equal(t, 1, s.said.count(test.said))
			}
			require.Zero(t, s.said.count("payload"), "what messages hold is nobody's business")
		})
	}
}

func TestATransportCountsOnFromOneRunToTheNext(t *testing.T) {
	t.Parallel()
	c, topic := client(t), newTopic(t)
	transport, err := streams.NewTransport(c, streams.Config{Logger: discard})
	require.NoError(t, err)
	require.Empty(t, transport.Stats())
	for run := range 3 {
		for _, group := range []string{"b", "a"} {
			s, err := transport.Subscriber(handoff.Subscription{Topic: topic, Group: group, Concurrency: 1})
			require.NoError(t, err)
			messages, err := s.Subscribe(t.Context(), topic)
			require.NoError(t, err)
			if group == "b" {
				publish(t, c, topic, "m")
			}
			receive(t, messages).Ack()
			require.NoError(t, s.Close())
		}
		want := uint64(run + 1)
		got := transport.Stats()
		require.Len(t, got, 2)
		for i, group := range []string{"a", "b"} {
			require.Equal(t, []any{topic, group, want, want}, []any{got[i].Topic, got[i].Group, got[i].Delivered, got[i].Committed})
		}
	}
	other, err := streams.NewTransport(c, streams.Config{})
	require.NoError(t, err)
	require.Empty(t, other.Stats(), "another transport counts for itself")
}

func TestASubscriberCountsEachTopicAndMayBeAskedAtAnyTime(t *testing.T) {
	t.Parallel()
	c, topic := client(t), newTopic(t)
	s := newSubscriber(t, c, streams.SubscriberConfig{})
	require.Empty(t, s.Stats(), "nothing was subscribed to")
	for _, name := range []string{topic + "b", topic + "a", topic + "b"} {
		publish(t, c, name, "m")
		messages, err := s.Subscribe(t.Context(), name)
		require.NoError(t, err)
		go func() {
			for msg := range messages {
				msg.Ack()
			}
		}()
	}
	eventually(t, func() bool { got := s.Stats(); return got[0].Committed == 1 && got[1].Committed == 2 }, "not counted")
	require.NoError(t, s.Close())
	got := s.Stats() // also after that
	require.Len(t, got, 2)
	require.Equal(t, []string{topic + "a", topic + "b"}, []string{got[0].Topic, got[1].Topic})
}
