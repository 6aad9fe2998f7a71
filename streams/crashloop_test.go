package streams_test

import (
	"strconv"
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

// killer is a message whose every byte is to be found again.
func killer() *message.Message {
	msg := message.NewMessage("killer", message.Payload("\x00\xff\r\n kill"))
	msg.Metadata.Set("customer", "Ada\x00\xfe")
	return msg
}

func TestAMessageThatIsNeverFinishedGoesToThePoisonTopicUnhandled(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]streams.SubscriberConfig{
		"":                       {},
		"ordered":                {Ordered: true},
		"concurrent":             {Concurrency: 3},
		"restarted by name":      {Consumer: "same"},
		"ordered, same name":     {Ordered: true, Consumer: "same"},
		"restarted by name, all": {Consumer: "same", Concurrency: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const most = 3
			topic, c := newTopic(t), client(t)
			config.IdleTime, config.MaxUnfinished, config.Pipeline = shortIdle, most, "orders"
			require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, killer()))
			for i := range most {
				m := newMortal(t, topic, config)
				msg := receive(t, m.messages)
				require.Equal(t, "killer", msg.UUID)
				require.Equal(t, i+1, attempt(msg))
				m.die(t)
			}
			publish(t, c, topic, "behind")
			var said logs
			config.Logger = said.logger()
			messages, s := subscribe(t, c, topic, config)
			behind := receive(t, messages)
			require.Equal(t, "behind", behind.UUID)
			behind.Ack()
			eventually(t, func() bool { return c.XLen(t.Context(), topic+":poison").Val() == 1 }, "not poisoned")
			settled(t, c, topic)

			poison := decoded(t, c, topic+":poison")[0] // a stock subscriber reads it
			require.Equal(t, killer().UUID, poison.UUID)
			require.Equal(t, killer().Payload, poison.Payload)
			require.Equal(t, "Ada\x00\xfe", poison.Metadata["customer"])
			require.Equal(t, handoff.KindUnfinished, poison.Metadata[handoff.KeyKind])
			require.Equal(t, strconv.Itoa(most), poison.Metadata[handoff.KeyAttempts])
			require.Equal(t, topic, poison.Metadata[handoff.KeyTopic])
			require.Equal(t, "g", poison.Metadata[handoff.KeyHandler])
			require.Equal(t, "orders", poison.Metadata[handoff.KeyPipeline])
			require.Contains(t, poison.Metadata[handoff.KeyReason], "delivered 3 times and never finished")
			first, err := c.XRange(t.Context(), topic, "-", "+").Result()
			require.NoError(t, err)
			require.Equal(t, first[0].ID, poison.Metadata[handoff.KeyEntryID])
			require.EqualValues(t, 1, s.Stats()[0].Unfinished)
			require.EqualValues(t, 1, s.Stats()[0].Delivered)
			require.Equal(t, 1, said.count("goes to the poison topic"))
			require.Zero(t, c.Exists(t.Context(), topic+":unfinished:g").Val(), "a note stays behind")
		})
	}
}

// A dying process takes what it had read ahead with it, time and again.
func TestMessagesBehindTheOneThatKillsAreNotBlamed(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]streams.SubscriberConfig{"": {}, "restarted by name": {Consumer: "dead"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const most = 3
			topic, c := newTopic(t), client(t)
			config.IdleTime, config.MaxUnfinished = shortIdle, most
			publish(t, c, topic, "killer", "1", "2", "3")
			die(t, c, topic, 4) // read and never begun
			for range most - 1 {
				m := newMortal(t, topic, config)
				require.Equal(t, "killer", receive(t, m.messages).UUID)
				// A process of the same name finds all that the one before it held.
				eventually(t, func() bool {
					if config.Consumer == "" {
						return true
					}
					pending, err := c.XPendingExt(t.Context(), &redis.XPendingExtArgs{Stream: topic, Group: "g", Start: "-", End: "+", Count: 2}).Result()
					return err == nil && pending[0].RetryCount == pending[1].RetryCount
				}, "the one behind it was not read ahead")
				m.die(t)
			}
			messages, _ := subscribe(t, c, topic, config)
			got := map[string]bool{}
			for range 3 {
				msg := receive(t, messages)
				got[msg.UUID] = true
				msg.Ack()
			}
			require.Equal(t, map[string]bool{"1": true, "2": true, "3": true}, got)
			settled(t, c, topic)
			require.Equal(t, []string{"killer"}, uuids(decoded(t, c, topic+":poison")))
		})
	}
}

// A run that says itself that it failed is no crash: the process lived.
func TestARunThatEndedClearsAMessageOfBlame(t *testing.T) {
	t.Parallel()
	end := map[string]func(*testing.T, *message.Message){
		"rejected": func(_ *testing.T, msg *message.Message) { msg.Nack() },
		"put aside": func(t *testing.T, msg *message.Message) {
			require.NoError(t, handoff.FromContext(msg.Context()).PutAside(handoff.Aside{For: time.Millisecond}))
			msg.Ack()
		},
		"rejected on closing": nil,
	}
	for name, end := range end {
		for mode, ordered := range map[string]bool{"": false, ", ordered": true} {
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				topic, c := newTopic(t), client(t)
				config := streams.SubscriberConfig{IdleTime: shortIdle, MaxUnfinished: 2, NackDelay: time.Millisecond, Ordered: ordered}
				publish(t, c, topic, "m")
				for range 3 {
					m := newMortal(t, topic, config)
					msg := receive(t, m.messages)
					if end == nil {
						closed := make(chan struct{})
						lasting := config
						m.die(t)
						lasting.DrainTimeout = patience
						messages, s := subscribe(t, c, topic, lasting)
						msg = receive(t, messages)
						go func() { defer close(closed); _ = s.Close() }()
						eventually(t, func() bool { _, err := s.Subscribe(t.Context(), topic); return err != nil }, "it does not close")
						time.Sleep(10 * time.Millisecond) // for the lane to hear of it
						msg.Nack()
						wait(t, closed, "it does not close")
						require.Zero(t, c.Exists(t.Context(), topic+":unfinished:g").Val(), "blame stays")
						continue
					}
					end(t, msg)
					receive(t, m.messages)
					m.die(t)
				}
				messages, _ := subscribe(t, c, topic, config)
				receive(t, messages).Ack()
				settled(t, c, topic)
				require.Zero(t, c.XLen(t.Context(), topic+":poison").Val())
			})
		}
	}
}

func TestANegativeMaxUnfinishedGivesNothingUp(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	config := streams.SubscriberConfig{IdleTime: shortIdle, MaxUnfinished: -1}
	publish(t, c, topic, "killer")
	for i := range streams.DefaultMaxUnfinished + 2 {
		m := newMortal(t, topic, config)
		require.Equal(t, i+1, attempt(receive(t, m.messages)))
		m.die(t)
	}
	messages, _ := subscribe(t, c, topic, config)
	receive(t, messages).Ack()
	settled(t, c, topic)
	require.Zero(t, c.Exists(t.Context(), topic+":poison", topic+":unfinished:g").Val())
}

func TestAMaxUnfinishedOfOneIsRefused(t *testing.T) {
	t.Parallel()
	_, err := streams.NewSubscriber(client(t), "g", streams.SubscriberConfig{MaxUnfinished: 1})
	require.ErrorContains(t, err, "MaxUnfinished of 1 is not possible")
	_, err = streams.NewTransport(client(t), streams.Config{MaxUnfinished: 1})
	require.ErrorContains(t, err, "MaxUnfinished of 1 is not possible")
}

// It kills nobody: it is malformed, after however many deaths.
func TestAnAbandonedEntryThatCannotBeDecodedIsKeptWhole(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	fields := map[string]any{"payload": "p\x00", "event": "\xff"}
	require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: fields}).Err())
	die(t, c, topic, 1)
	_, s := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle, MaxUnfinished: 2})
	eventually(t, func() bool { return c.XLen(t.Context(), topic+":poison").Val() == 1 }, "not poisoned")
	settled(t, c, topic)
	require.Equal(t, handoff.KindMalformed, decoded(t, c, topic+":poison")[0].Metadata[handoff.KeyKind])
	require.EqualValues(t, 1, s.Stats()[0].Malformed)
}

// What decodes it kills the process, so here is nobody to say what is wrong with it.
func TestAHopelessEntryThatCannotBeDecodedIsKeptWhole(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	id, err := c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: map[string]any{"payload": "p\x00", "event": "\xff"}}).Result()
	require.NoError(t, err)
	die(t, c, topic, 1)
	dead := commit.Group{Client: c, Stream: topic, Group: "g", Consumer: "dead"}
	for attempt := range 2 {
		_, err := dead.Begin(t.Context(), id, attempt)
		require.NoError(t, err)
	}
	_, s := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle, MaxUnfinished: 3})
	eventually(t, func() bool { return c.XLen(t.Context(), topic+":poison").Val() == 1 }, "not poisoned")
	settled(t, c, topic)
	poison, err := c.XRange(t.Context(), topic+":poison", "-", "+").Result()
	require.NoError(t, err)
	require.Equal(t, "\xff", poison[0].Values["raw:event"])
	require.Equal(t, "p\x00", poison[0].Values["raw:payload"])
	require.Equal(t, handoff.KindUnfinished, decoded(t, c, topic+":poison")[0].Metadata[handoff.KeyKind])
	require.EqualValues(t, 1, s.Stats()[0].Unfinished)
	require.Zero(t, s.Stats()[0].Malformed)
}

// While Redis does not answer, what is asked of it again and again arrives later,
// all of it.
func TestASlowRedisIsNotTheMessagesFault(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	link := redistest.Proxy(t, server.Addr())
	shaky := redis.NewClient(&redis.Options{Addr: link.Addr(), MaxRetries: 3})
	t.Cleanup(func() { _ = shaky.Close() })
	publish(t, c, topic, "m")
	die(t, c, topic, 1)
	isBegin := contains("evalsha", topic+":unfinished:g", "2592000000")
	link.LoseNextReply(isBegin)
	messages, _ := subscribe(t, shaky, topic, streams.SubscriberConfig{IdleTime: shortIdle, MaxUnfinished: 2})
	msg := receive(t, messages) // and not the poison topic
	require.Equal(t, 1, link.Lost())
	msg.Ack()
	settled(t, c, topic)
	require.Zero(t, c.XLen(t.Context(), topic+":poison").Val())
}

// Real processes, each killed with kill -9 in the middle of the message.
func TestAMessageThatKillsProcessesIsGivenUpAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	killing := message.NewMessage("2", message.Payload("kill"))
	messages := []*message.Message{message.NewMessage("1", nil), killing, message.NewMessage("3", nil), message.NewMessage("4", nil)}
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, messages...))
	for range 3 {
		require.Equal(t, -1, startChild(t, "killed by a message", topic).wait(t), "a signal ends it")
	}
	startChild(t, "killed by a message", topic)
	eventually(t, func() bool { return c.XLen(t.Context(), topic+":poison").Val() == 1 }, "not poisoned")
	settled(t, c, topic)
	kills, err := c.Get(t.Context(), topic+"kills").Int()
	require.NoError(t, err)
	require.Equal(t, 3, kills, "it was handled once more")
	// What was acknowledged a moment before a death comes again, and once out.
	require.ElementsMatch(t, []string{"1", "3", "4"}, uuids(decoded(t, c, topic+"out")))
	poison := decoded(t, c, topic+":poison")
	require.Equal(t, []string{"2"}, uuids(poison))
	require.Equal(t, handoff.KindUnfinished, poison[0].Metadata[handoff.KeyKind])
}
