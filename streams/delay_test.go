package streams_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/components/delay"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// delayed returns a message that says itself when it is to come.
func delayed(uuid string, d delay.Delay) *message.Message {
	msg := message.NewMessage(uuid, message.Payload(uuid))
	delay.Message(msg, d)
	return msg
}

// stockPublisher returns watermill-redisstream's own publisher.
func stockPublisher(t testing.TB, c redis.UniversalClient) message.Publisher {
	t.Helper()
	p, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: c}, watermill.NopLogger{})
	require.NoError(t, err)
	return p // it would close the client
}

func TestADelayedMessageComesAtItsTimeWhoeverPublishedIt(t *testing.T) {
	t.Parallel()
	const wait = 1200 * time.Millisecond
	for name, send := range map[string]func(*testing.T, *redis.Client, string){
		"ours": func(t *testing.T, c *redis.Client, topic string) {
			p := newPublisher(t, c, streams.PublisherConfig{})
			require.NoError(t, p.Publish(topic, delayed("m", delay.For(wait))))
		},
		"watermill-redisstream's": func(t *testing.T, c *redis.Client, topic string) {
			require.NoError(t, stockPublisher(t, c).Publish(topic, delayed("m", delay.For(wait))))
		},
		"Watermill's around ours": func(t *testing.T, c *redis.Client, topic string) {
			p, err := delay.NewPublisher(newPublisher(t, c, streams.PublisherConfig{}), delay.PublisherConfig{})
			require.NoError(t, err)
			msg := message.NewMessage("m", message.Payload("m"))
			msg.SetContext(delay.WithContext(t.Context(), delay.For(wait)))
			require.NoError(t, p.Publish(topic, msg))
		},
		"a handler, with its input": func(t *testing.T, c *redis.Client, topic string) {
			p, err := delay.NewPublisher(newPublisher(t, c, streams.PublisherConfig{}), delay.PublisherConfig{})
			require.NoError(t, err)
			publish(t, c, topic+"in", "in")
			inputs, _ := subscribe(t, c, topic+"in", streams.SubscriberConfig{})
			in := receive(t, inputs)
			msg := out(in, "m")
			msg.SetContext(delay.WithContext(in.Context(), delay.For(wait)))
			require.NoError(t, p.Publish(topic, msg))
			in.Ack()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			began := time.Now()
			send(t, c, topic)
			eventually(t, func() bool { return c.XLen(t.Context(), topic).Val() == 1 }, "not published")
			publish(t, c, topic, "behind")
			messages, s := subscribe(t, c, topic, streams.SubscriberConfig{})
			behind := receive(t, messages)
			require.Equal(t, "behind", behind.UUID, "those behind pass")
			behind.Ack()
			msg := receive(t, messages)
			require.Equal(t, "m", msg.UUID)
			require.Equal(t, "m", string(msg.Payload))
			// A second earlier is what Watermill's whole seconds may make of it, should
			// the machine stand still between making the message and adding it.
			require.GreaterOrEqual(t, time.Since(began), wait-time.Second)
			require.Equal(t, 1, attempt(msg), "the wait was no attempt")
			msg.Ack()
			settled(t, c, topic)
			require.EqualValues(t, 1, s.Stats()[0].Parked)
			require.EqualValues(t, 1, s.Stats()[0].Resumed)
			require.EqualValues(t, 2, s.Stats()[0].Delivered)
		})
	}
}

func TestDelaysAreKeptToTheMillisecond(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		publisher := newPublisher(t, c, streams.PublisherConfig{})
		messages, s := subscribe(t, c, "topic", streams.SubscriberConfig{})
		for _, wait := range []time.Duration{
			time.Millisecond, 37 * time.Millisecond, 999 * time.Millisecond, time.Second, 1234 * time.Millisecond,
			59*time.Second + 501*time.Millisecond, 10 * time.Minute,
		} {
			for _, stock := range []bool{false, true} {
				time.Sleep(617 * time.Millisecond) // another part of a second each time
				began := time.Now()
				var p message.Publisher = publisher
				if stock {
					p = stockPublisher(t, c)
				}
				require.NoError(t, p.Publish("topic", delayed("m", delay.For(wait))))
				msg := <-messages
				took := time.Since(began)
				require.GreaterOrEqual(t, took, wait-time.Millisecond)
				require.LessOrEqual(t, took, wait+3*time.Millisecond, "stock: %v", stock)
				require.Equal(t, 1, attempt(msg))
				msg.Ack()
			}
		}
		require.NoError(t, s.Close())
	})
}

// Its publisher is long gone, and nobody was there in between.
func TestADelayMayBeMonths(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		const months = 100 * 24 * time.Hour
		began := time.Now()
		p := newPublisher(t, c, streams.PublisherConfig{})
		require.NoError(t, p.Publish("topic", delayed("m", delay.For(months)), delayed("never", delay.Until(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)))))
		first := newSubscriber(t, c, streams.SubscriberConfig{})
		_, err := first.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.EqualValues(t, 2, first.Stats()[0].Parked)
		require.NoError(t, first.Close())

		time.Sleep(months - 2*time.Minute)
		messages, s := subscribe(t, c, "topic", streams.SubscriberConfig{})
		msg := <-messages
		require.Equal(t, "m", msg.UUID)
		require.InDelta(t, months, time.Since(began), float64(5*time.Millisecond))
		require.Equal(t, 1, attempt(msg))
		msg.Ack()
		require.NoError(t, s.Close())
	})
}

// Messages that one process has put aside before it closed, and others wait for.
func TestDelayedMessagesWakeWhoIsThere(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		const n = 40
		p := newPublisher(t, c, streams.PublisherConfig{})
		due := map[string]time.Time{}
		for i := range n {
			id, wait := strconv.Itoa(i), 3*time.Second+time.Duration(rand.IntN(10_000))*time.Millisecond
			due[id] = time.Now().Add(wait)
			require.NoError(t, p.Publish("topic", delayed(id, delay.For(wait))))
		}
		leaving := newSubscriber(t, c, streams.SubscriberConfig{})
		_, err := leaving.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		time.Sleep(time.Second)
		messages, s := subscribe(t, c, "topic", streams.SubscriberConfig{})
		others, second := subscribe(t, c, "topic", streams.SubscriberConfig{})
		require.EqualValues(t, n, leaving.Stats()[0].Parked)
		require.NoError(t, leaving.Close())
		for range n {
			var msg *message.Message
			select {
			case msg = <-messages:
			case msg = <-others:
			}
			require.NotZero(t, due[msg.UUID], "%s came twice", msg.UUID)
			late := time.Since(due[msg.UUID])
			require.GreaterOrEqual(t, late, -time.Millisecond)
			require.LessOrEqual(t, late, 50*time.Millisecond)
			delete(due, msg.UUID)
			msg.Ack()
		}
		require.NoError(t, s.Close())
		require.NoError(t, second.Close())
	})
}

func TestADelayedMessageIsPutAsideInAnOrderedGroupToo(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	p := newPublisher(t, c, streams.PublisherConfig{})
	require.NoError(t, p.Publish(topic, delayed("later", delay.For(1500*time.Millisecond)), message.NewMessage("1", nil), message.NewMessage("2", nil)))
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Ordered: true})
	for _, id := range []string{"1", "2", "later"} {
		msg := receive(t, messages)
		require.Equal(t, id, msg.UUID)
		require.Equal(t, 1, attempt(msg))
		msg.Ack()
	}
	settled(t, c, topic)
}

func TestADelayThatCannotBeReadIsPoison(t *testing.T) {
	t.Parallel()
	for name, until := range map[string]string{"words": "tomorrow", "a number": "1700000000", "no zone": "2030-01-01T00:00:00"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			msg := delayed("m", delay.For(time.Hour))
			msg.Metadata.Set(delay.DelayedUntilKey, until)
			require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, msg, message.NewMessage("behind", nil)))
			messages, s := subscribe(t, c, topic, streams.SubscriberConfig{})
			behind := receive(t, messages)
			require.Equal(t, "behind", behind.UUID)
			behind.Ack()
			settled(t, c, topic)
			poison := decoded(t, c, topic+":poison")
			require.Len(t, poison, 1)
			require.Equal(t, "m", string(poison[0].Payload))
			require.Equal(t, handoff.KindMalformed, poison[0].Metadata[handoff.KeyKind])
			require.Contains(t, poison[0].Metadata[handoff.KeyReason], delay.DelayedUntilKey)
			require.EqualValues(t, 1, s.Stats()[0].Malformed)
			raw := c.XRange(t.Context(), topic+":poison", "-", "+").Val()[0].Values
			original := c.XRange(t.Context(), topic, "-", "+").Val()[0].Values
			for field, value := range original {
				require.Equal(t, value, raw[handoff.RawFieldPrefix+field])
			}
		})
	}
}

// A delay that was is none: what carries the metadata of a message that has come
// already, or of a clock that was wrong, comes at once.
func TestADelayThatIsOverIsNone(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	odd := delayed("odd", delay.Until(time.Now().Add(-time.Hour)))
	odd.Metadata.Set(delay.DelayedForKey, "some time") // only what until says counts
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, delayed("past", delay.Until(time.Now().Add(-time.Hour))), odd))
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{})
	for _, id := range []string{"past", "odd"} {
		msg := receive(t, messages)
		require.Equal(t, id, msg.UUID)
		msg.Ack()
	}
	require.Zero(t, s.Stats()[0].Parked)
}

func TestADelaySurvivesItsProcessAndRedis(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.AOF())
	c, topic := own.Client(t), newTopic(t)
	began := time.Now()
	const wait = 2 * time.Second
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, delayed("m", delay.For(wait))))
	doomed := own.Client(t)
	_, first := subscribe(t, doomed, topic, streams.SubscriberConfig{})
	eventually(t, func() bool { return first.Stats()[0].Parked == 1 }, "not put aside")
	own.Kill(t)
	require.NoError(t, first.Close())
	own.Restart(t)

	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	require.GreaterOrEqual(t, time.Since(began), wait-time.Second)
	require.Equal(t, 1, attempt(msg))
	msg.Ack()
	settled(t, c, topic)
	receiveNothing(t, messages, 50*time.Millisecond)
}

func TestManyProcessesDeliverADelayedMessageOnce(t *testing.T) {
	t.Parallel()
	const n, processes = 300, 5
	topic, c := newTopic(t), client(t)
	due := map[string]time.Time{}
	var batch []*message.Message
	for i := range n {
		id, wait := strconv.Itoa(i), time.Duration(rand.IntN(1500))*time.Millisecond
		batch = append(batch, delayed(id, delay.For(wait)))
		due[id] = time.Now().Add(wait).Truncate(time.Second)
	}
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, batch...))
	var mu sync.Mutex
	var got []string
	var early []string
	for range processes {
		messages, s := subscribe(t, client(t), topic, streams.SubscriberConfig{Concurrency: 3})
		var handling sync.WaitGroup
		handling.Go(func() {
			for msg := range messages {
				mu.Lock()
				got = append(got, msg.UUID)
				if time.Now().Before(due[msg.UUID]) || attempt(msg) != 1 {
					early = append(early, msg.UUID)
				}
				mu.Unlock()
				msg.Ack()
			}
		})
		t.Cleanup(func() { _ = s.Close(); handling.Wait() })
	}
	eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(got) >= n }, "messages are missing")
	settled(t, c, topic)
	mu.Lock()
	defer mu.Unlock()
	requireEachOnce(t, got, n)
	require.Empty(t, early, "too early, or not at the first attempt")
}

// Who has put it aside is at work when its time has come.
func TestABusyProcessLeavesWhatIsDueToOthers(t *testing.T) {
	t.Parallel()
	const n = 5
	topic, c := newTopic(t), client(t)
	var batch []*message.Message
	for i := range n {
		batch = append(batch, delayed(strconv.Itoa(i), delay.For(1100*time.Millisecond)))
	}
	batch = append(batch, message.NewMessage("long", nil))
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, batch...))
	busy, s := subscribe(t, c, topic, streams.SubscriberConfig{})
	long := receive(t, busy)
	require.Equal(t, "long", long.UUID)
	eventually(t, func() bool { return s.Stats()[0].Parked == n }, "not put aside")
	idle, _ := subscribe(t, client(t), topic, streams.SubscriberConfig{})
	for range n {
		receive(t, idle).Ack()
	}
	long.Ack()
	settled(t, c, topic)
}

// Nobody asks all the time whether something is due.
func TestWaitingForParkedMessagesCostsNextToNothing(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	c, topic := own.Client(t), newTopic(t)
	var batch []*message.Message
	for i := range 300 {
		batch = append(batch, delayed(strconv.Itoa(i), delay.For(time.Hour)))
	}
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, batch...))
	_, s := subscribe(t, c, topic, streams.SubscriberConfig{})
	eventually(t, func() bool { return s.Stats()[0].Parked == 300 }, "not put aside")
	before, began := commandsOf(t, c), time.Now()
	time.Sleep(2500 * time.Millisecond)
	perSecond := float64(commandsOf(t, c)-before) / time.Since(began).Seconds()
	// Five reads and a look for what others parked or handed back, of five commands.
	require.Less(t, perSecond, 20.0)
}

// commandsOf returns how many commands the server has run, those of scripts included.
func commandsOf(t testing.TB, c *redis.Client) (n int) {
	t.Helper()
	info, err := c.Info(context.Background(), "commandstats").Result()
	require.NoError(t, err)
	for line := range strings.SplitSeq(info, "\r\n") {
		if _, rest, ok := strings.Cut(line, ":calls="); ok {
			calls, _, _ := strings.Cut(rest, ",")
			i, err := strconv.Atoi(calls)
			require.NoError(t, err, line)
			n += i
		}
	}
	return n
}
