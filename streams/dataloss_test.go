package streams_test

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// calm checks that for a second a subscription neither runs hot nor floods its log.
func calm(t *testing.T, c *redis.Client, said *logs) {
	t.Helper()
	const mostCommands, mostLines = 100, 8
	require.NoError(t, c.ConfigResetStat(t.Context()).Err())
	lines := said.count("\n")
	time.Sleep(time.Second)
	calls := 0
	for _, n := range regexp.MustCompile(`:calls=(\d+)`).FindAllStringSubmatch(c.Info(t.Context(), "commandstats").Val(), -1) {
		one, err := strconv.Atoi(n[1])
		require.NoError(t, err)
		calls += one
	}
	require.LessOrEqual(t, calls, mostCommands, "commands in a second")
	require.LessOrEqual(t, said.count("\n")-lines, mostLines, "lines of log in a second")
}

// A key that became another thing while a subscription runs: what needs it waits
// and says what to do, the rest goes on, and all goes on when it is put right.
func TestAKeyOfAnotherTypeIsNamedAndWaitedFor(t *testing.T) {
	t.Parallel()
	for name, which := range map[string]struct {
		beside, becomes, kind string
	}{
		"the stream":             {"", "string", "stream"},
		"what is put aside":      {":parked:g", "string", "zset"},
		"the stream, in order":   {"", "string", "stream"},
		"the stream, from a set": {"", "set", "stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := redistest.Start(t)
			topic, c := newTopic(t), own.Client(t)
			var said logs
			messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Logger: said.logger(), Ordered: strings.Contains(name, "order")})
			publish(t, c, topic, "before")
			receive(t, messages).Ack()
			settled(t, c, topic)

			key := topic + which.beside
			require.NoError(t, c.Del(t.Context(), key).Err())
			if which.becomes == "set" {
				require.NoError(t, c.SAdd(t.Context(), key, "something else").Err())
			} else {
				require.NoError(t, c.Set(t.Context(), key, "something else", 0).Err())
			}
			eventually(t, func() bool {
				return said.count("the key "+key+" is a "+which.becomes+" and should be a "+which.kind) > 0
			}, "it is not said")
			calm(t, c, &said)
			if which.beside != "" {
				publish(t, c, topic, "in the meantime")
				receive(t, messages).Ack()
			}
			require.NoError(t, c.Del(t.Context(), key).Err())
			publish(t, c, topic, "after")
			msg := receive(t, messages)
			require.Equal(t, "after", msg.UUID)
			msg.Ack()
			settled(t, c, topic)
		})
	}
}

// Work in hand when its message is lost has nothing to be committed with. It is
// dropped, and what comes later is not.
func TestWhatComesAfterALossIsHandled(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *redistest.Server, *redis.Client, string){
		"all flushed": func(t *testing.T, _ *redistest.Server, c *redis.Client, _ string) {
			require.NoError(t, c.FlushAll(t.Context()).Err())
		},
		"stream deleted": func(t *testing.T, _ *redistest.Server, c *redis.Client, topic string) {
			require.NoError(t, c.Del(t.Context(), topic).Err())
		},
		"restarted without its data": func(t *testing.T, own *redistest.Server, _ *redis.Client, _ string) {
			own.Kill(t)
			own.Restart(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := redistest.Start(t)
			topic, c := newTopic(t), own.Client(t)
			var said logs
			messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Logger: said.logger()})
			p := newPublisher(t, c, streams.PublisherConfig{})
			publish(t, c, topic, "in hand", "behind")
			msg := receive(t, messages)
			require.NoError(t, p.Publish(topic+"out", out(msg, "in hand")))
			lose(t, own, c, topic)
			msg.Ack()
			eventually(t, func() bool { return said.count("the consumer group was gone and was made again") == 1 }, "it is not said")
			publish(t, c, topic, "after")
			for msg = receive(t, messages); msg.UUID != "after"; msg = receive(t, messages) {
				require.Equal(t, "behind", msg.UUID, "read before the loss")
				msg.Ack()
			}
			require.NoError(t, p.Publish(topic+"out", out(msg, "after")))
			msg.Ack()
			settled(t, c, topic)
			require.Equal(t, []string{"after"}, uuids(decoded(t, c, topic+"out")))
			calm(t, c, &said)
		})
	}
}

// With a group made again from the stream's start, all comes again, and what was
// in hand with it: nothing is lost.
func TestAGroupThatIsDestroyedUnderWorkLosesNothing(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	p := newPublisher(t, c, streams.PublisherConfig{})
	publish(t, c, topic, "1", "2")
	msg := receive(t, messages)
	require.NoError(t, p.Publish(topic+"out", out(msg, "dropped")))
	require.NoError(t, c.XGroupDestroy(t.Context(), topic, "g").Err())
	msg.Ack()
	for seen := map[string]bool{}; !seen["1"] || !seen["2"]; {
		msg := receive(t, messages)
		seen[msg.UUID] = true
		require.NoError(t, p.Publish(topic+"out", out(msg, "again "+msg.UUID)))
		msg.Ack()
	}
	settled(t, c, topic)
	require.NotContains(t, uuids(decoded(t, c, topic+"out")), "dropped")
	require.Subset(t, uuids(decoded(t, c, topic+"out")), []string{"again 1", "again 2"})
}

// Scripts are a cache that anybody may empty.
func TestEmptyingTheScriptCacheGoesUnnoticed(t *testing.T) {
	t.Parallel()
	const n = 500
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	var said logs
	preload(t, c, topic, n)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: 8, Logger: said.logger()})
	p := newPublisher(t, c, streams.PublisherConfig{})
	keyed := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID})
	for i := range n {
		if i%10 == 0 {
			require.NoError(t, c.ScriptFlush(t.Context()).Err())
			require.NoError(t, keyed.Publish(topic+"keyed", message.NewMessage(strconv.Itoa(i/10), nil)))
		}
		msg := receive(t, messages)
		require.NoError(t, p.Publish(topic+"out", out(msg, msg.UUID)))
		msg.Ack()
	}
	settled(t, c, topic)
	requireEachOnce(t, uuids(decoded(t, c, topic+"out")), n)
	requireEachOnce(t, uuids(decoded(t, c, topic+"keyed")), n/10)
	require.Zero(t, said.count("level=WARN")+said.count("level=ERROR"))
}

// Whether the message is a duplicate is not known, so it is put aside.
func TestAForeignKeyInThePlaceOfAMarkIsNone(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	require.NoError(t, c.SAdd(context.Background(), topic+":done:g:k", "foreign").Err())
	publish(t, c, topic, "1")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	require.NoError(t, handoff.FromContext(msg.Context()).Mark(handoff.Mark{Key: "k"}))
	msg.Ack()
	eventually(t, func() bool { return pendingOf(t, c, topic)["millstream:parked"] == 1 }, "not put aside")
	require.Zero(t, s.Stats()[0].Duplicates)
	require.EqualValues(t, 1, c.SCard(context.Background(), topic+":done:g:k").Val())
}
