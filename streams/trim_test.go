package streams_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

// all trims whatever every group is done with.
var all = streams.SubscriberConfig{Trim: &streams.Trim{}}

// subscribeAs subscribes as a consumer of a group of that name.
func subscribeAs(t testing.TB, c redis.UniversalClient, group, topic string, config streams.SubscriberConfig) *streams.Subscriber {
	t.Helper()
	config.Logger = discard
	s, err := streams.NewSubscriber(c, group, config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	require.NoError(t, s.SubscribeInitialize(topic))
	return s
}

func counted(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, strconv.Itoa(i))
	}
	return all
}

// work receives and acknowledges n messages, which are numbered, and returns them.
func work(t testing.TB, s *streams.Subscriber, topic string, n int) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	messages, err := s.Subscribe(ctx, topic)
	require.NoError(t, err)
	var got []string
	for range n {
		msg := receive(t, messages)
		got = append(got, msg.UUID)
		msg.Ack()
	}
	return got
}

func length(t testing.TB, c redis.UniversalClient, topic string) int {
	t.Helper()
	n, err := c.XLen(context.Background(), topic).Result()
	require.NoError(t, err)
	return int(n)
}

func trimmed(s *streams.Subscriber) (n uint64) {
	for _, of := range s.Stats() {
		n += of.Trimmed
	}
	return n
}

func TestHistoryIsGoneOnceAllGroupsAreDoneWithIt(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	const n = 3000
	publish(t, c, topic, counted(0, n)...)
	full := c.MemoryUsage(t.Context(), topic, 0).Val()
	slow, quick := subscribeAs(t, c, "slow", topic, all), subscribeAs(t, c, "quick", topic, all)
	require.Equal(t, counted(0, n), work(t, quick, topic, n))
	require.NoError(t, quick.Close())
	require.Equal(t, n, length(t, c, topic), "the other group has read nothing")
	require.Zero(t, trimmed(quick))

	messages, err := slow.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	for i := range n {
		msg := receive(t, messages)
		require.Equal(t, strconv.Itoa(i), msg.UUID)
		msg.Ack()
	}
	eventually(t, func() bool { return length(t, c, topic) == 0 }, "it is not trimmed while the subscription runs")
	eventually(t, func() bool { return trimmed(slow) == n }, "what was trimmed is not counted")
	require.Less(t, c.MemoryUsage(t.Context(), topic, 0).Val(), full/20)
	publish(t, c, topic, "next")
	require.Equal(t, "next", receive(t, messages).UUID)
}

func TestAMessagePutAsideForLongStaysAndTheRestIsTrimmedAroundIt(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, counted(0, 50)...)
	messages, s := subscribe(t, c, topic, all)
	for i := range 50 {
		msg := receive(t, messages)
		if i%20 == 5 {
			require.NoError(t, handoff.FromContext(msg.Context()).PutAside(handoff.Aside{For: 24 * time.Hour}))
		}
		msg.Ack()
	}
	require.NoError(t, s.Close())
	require.Equal(t, []string{"5", "25", "45"}, uuids(decoded(t, c, topic)))
	require.Equal(t, map[string]int64{"millstream:parked": 3}, pendingOf(t, c, topic))
	require.EqualValues(t, 47, trimmed(s))
}

func TestHistoryIsKeptAsLongAsAskedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		trim        *streams.Trim
		least, most int
	}{
		"without Trim":                {nil, 1000, 1000},
		"so many entries":             {&streams.Trim{KeepEntries: 150}, 150, 250},
		"for so long":                 {&streams.Trim{KeepFor: time.Hour}, 1000, 1000},
		"long over":                   {&streams.Trim{KeepFor: time.Millisecond}, 0, 0},
		"both, of which one is over":  {&streams.Trim{KeepFor: time.Millisecond, KeepEntries: 1000}, 1000, 1000},
		"both, of which one is open":  {&streams.Trim{KeepFor: time.Hour, KeepEntries: 1}, 1000, 1000},
		"all that groups do not need": {&streams.Trim{}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			publish(t, c, topic, counted(0, 1000)...)
			s := subscribeAs(t, c, "g", topic, streams.SubscriberConfig{Trim: test.trim})
			work(t, s, topic, 1000)
			require.NoError(t, s.Close())
			left := uuids(decoded(t, c, topic))
			require.GreaterOrEqual(t, len(left), test.least)
			require.LessOrEqual(t, len(left), test.most)
			require.Equal(t, counted(1000-len(left), 1000), append([]string(nil), left...))
			require.EqualValues(t, 1000-len(left), trimmed(s))
			if test.trim == nil {
				require.Empty(t, c.Keys(t.Context(), topic+":stalled").Val())
			}
		})
	}
}

func TestAGroupThatIsMadeLaterBeginsWithWhatIsLeft(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, counted(0, 10)...)
	first := subscribeAs(t, c, "first", topic, all)
	work(t, first, topic, 10)
	require.NoError(t, first.Close())
	publish(t, c, topic, counted(10, 13)...)
	late := subscribeAs(t, c, "late", topic, all)
	require.Equal(t, counted(10, 13), work(t, late, topic, 3))
	require.NoError(t, late.Close())
	require.Equal(t, 3, length(t, c, topic), "the first group has not read them")
}

// Whoever trims, and how many at a time: each group gets each message once.
func TestManyMayTrimAtOnce(t *testing.T) {
	t.Parallel()
	const groups, consumers, n = 3, 3, 2000
	topic, c := newTopic(t), client(t)
	got := make(chan string, groups*n)
	for g := range groups {
		for range consumers {
			config := all
			config.Concurrency = 4
			s := subscribeAs(t, c, fmt.Sprint("g", g), topic, config)
			messages, err := s.Subscribe(context.Background(), topic)
			require.NoError(t, err)
			go func() {
				for msg := range messages {
					got <- fmt.Sprint("g", g, " ", msg.UUID)
					msg.Ack()
				}
			}()
		}
	}
	for i := 0; i < n; i += 100 {
		publish(t, c, topic, counted(i, i+100)...)
	}
	seen := map[string]bool{}
	for range groups * n {
		select {
		case text := <-got:
			require.False(t, seen[text], "%s came twice", text)
			seen[text] = true
		case <-time.After(patience):
			require.Fail(t, "messages are missing", "%d came", len(seen))
		}
	}
	eventually(t, func() bool { return length(t, c, topic) == 0 }, "not all is trimmed")
}

func TestTrimRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	c := client(t)
	for text, trim := range map[string]streams.Trim{
		"KeepEntries":                  {KeepEntries: -1},
		"KeepFor":                      {KeepFor: -time.Second},
		"ReportAfter":                  {ReportAfter: time.Microsecond},
		"DeadAfter":                    {DeadAfter: -1},
		"shorter than ReportAfter, 5m": {DeadAfter: time.Minute},
		"shorter than ReportAfter, 2m": {DeadAfter: time.Minute, ReportAfter: 2 * time.Minute},
	} {
		given := trim
		_, err := streams.NewSubscriber(c, "g", streams.SubscriberConfig{Trim: &given})
		require.ErrorContains(t, err, text)
		_, err = streams.NewTransport(c, streams.Config{Trim: &given})
		require.ErrorContains(t, err, text)
		require.Equal(t, trim, given, "it is the caller's")
	}
	_, err := streams.NewTransport(c, streams.Config{Trim: &streams.Trim{}, KeepHistory: true})
	require.ErrorContains(t, err, "KeepHistory")
}

// A transport knows which groups there are to be only once it was told.
func TestATransportTrimsWhatAllGroupsItWasToldOfAreDoneWith(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config streams.Config
		told   []string
		left   int
	}{
		"told of itself":      {streams.Config{}, []string{"g"}, 0},
		"told of another one": {streams.Config{}, []string{"g", "later"}, 10},
		"not told":            {streams.Config{}, nil, 10},
		"told of others":      {streams.Config{}, []string{"later"}, 10},
		"keeps history":       {streams.Config{KeepHistory: true}, []string{"g"}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			test.config.Logger = discard
			transport, err := streams.NewTransport(c, test.config)
			require.NoError(t, err)
			var told []handoff.Subscription
			for _, group := range test.told {
				told = append(told, handoff.Subscription{Topic: topic, Group: group})
			}
			require.NoError(t, transport.Prepare(t.Context(), told))
			publish(t, c, topic, counted(0, 10)...)
			s, err := transport.Subscriber(handoff.Subscription{Topic: topic, Group: "g", Concurrency: 1, DrainTimeout: time.Second})
			require.NoError(t, err)
			work(t, s.(*streams.Subscriber), topic, 10)
			require.NoError(t, s.Close())
			require.Equal(t, test.left, length(t, c, topic))
		})
	}
}
