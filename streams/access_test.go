package streams_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"slices"
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

// subscribeFails returns the error of a Subscribe as group "g", which must not
// take long.
func subscribeFails(t *testing.T, c redis.UniversalClient, topic string, config streams.SubscriberConfig) error {
	t.Helper()
	start := time.Now()
	_, err := newSubscriber(t, c, config).Subscribe(context.Background(), topic)
	require.Error(t, err)
	require.Less(t, time.Since(start), 20*time.Second, "whoever subscribes waits too long for the error")
	return err
}

func TestSubscribeNamesThePermissionThatLacks(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	rules := documented(t, "worker")
	for _, rule := range rules {
		command, ok := strings.CutPrefix(rule, "+")
		if !ok || slices.Contains([]string{"get", "set", "del", "pttl"}, command) {
			continue // deduplication's, which a subscription does not know of
		}
		user := "without-" + command
		c := as(t, own, user, slices.DeleteFunc(slices.Clone(rules), func(r string) bool { return r == rule }))
		err := subscribeFails(t, c, "{orders}:in", streams.SubscriberConfig{Ordered: true, Trim: &streams.Trim{}})
		require.ErrorIs(t, err, streams.ErrPermission)
		require.ErrorContains(t, err, `group g on {orders}:in: no permission: user "`+user+`" may not run `+command+": ")
		require.ErrorContains(t, err, "ACL SETUSER "+user+" "+rule+": NOPERM")
	}
	require.Empty(t, own.Client(t).Keys(t.Context(), "*").Val(), "a failed start leaves something behind")
}

func TestSubscribeNamesAllThatLacks(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	rules := documented(t, "worker")
	without := func(lacking ...string) []string {
		return slices.DeleteFunc(slices.Clone(rules), func(r string) bool { return slices.Contains(lacking, r) })
	}
	for name, c := range map[string]struct {
		rules, says []string
	}{
		"two commands": {without("+xclaim", "+zadd"), []string{"may not run xclaim, zadd:", "SETUSER w +xclaim +zadd:"}},
		"every key":    {append(without("~{orders}*"), "~other"), []string{"may not use the keys {orders}:in, {orders}:in:parked:g, {orders}:in:unfinished:g, {orders}:in:poison", "SETUSER w ~{orders}*:"}},
		"keys beside the stream": {
			append(without("~{orders}*"), "~{orders}:in"),
			[]string{"may not use the keys {orders}:in:parked:g, {orders}:in:unfinished:g, {orders}:in:poison:", "SETUSER w ~{orders}*:"},
		},
		"a key and a command on it": {
			append(without("~{orders}*", "+zscore"), "~{orders}:in", "~{orders}:in:poison", "~{orders}:in:unfinished:g"),
			[]string{"may not run zscore and may not use the keys {orders}:in:parked:g:", "SETUSER w +zscore ~{orders}*:"},
		},
		"scripts":    {without("+eval"), []string{"may not run eval:"}},
		"everything": {[]string{"on", ">secret"}, []string{"may not run eval, evalsha, time, xgroup|create,"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := subscribeFails(t, as(t, own, "w", c.rules), "{orders}:in", streams.SubscriberConfig{})
			require.ErrorIs(t, err, streams.ErrPermission)
			for _, says := range c.says {
				require.ErrorContains(t, err, says)
			}
		})
	}
}

func TestPreparingATransportNamesWhatLacksBeforeItMakesAGroup(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	rules := documented(t, "worker")
	without := func(lacking ...string) []string {
		return slices.DeleteFunc(slices.Clone(rules), func(r string) bool { return slices.Contains(lacking, r) })
	}
	for name, c := range map[string]struct {
		rules []string
		says  string
	}{
		"two commands":  {without("+xgroup|create", "+xclaim"), "may not run xgroup|create, xclaim: grant it with ACL SETUSER w +xgroup|create +xclaim:"},
		"other keys":    {append(without("~{orders}*"), "~other*"), "may not use the keys {orders}:second, {orders}:second:parked:g, "},
		"keys' pattern": {append(without("~{orders}*"), "~other*"), "grant it with ACL SETUSER w ~{orders}*:"},
	} {
		t.Run(name, func(t *testing.T) {
			transport, err := streams.NewTransport(as(t, own, "w", c.rules), streams.Config{})
			require.NoError(t, err)
			err = transport.Prepare(t.Context(), []handoff.Subscription{
				{Topic: "{orders}:second", Group: "g", Poison: "{orders}:poison"},
				{Topic: "{orders}:first", Group: "g", Poison: "{orders}:poison"},
			})
			require.ErrorIs(t, err, streams.ErrPermission)
			require.ErrorContains(t, err, "group g on {orders}:second: no permission: user \"w\" ")
			require.ErrorContains(t, err, c.says)
			require.Empty(t, own.Client(t).Keys(t.Context(), "*").Val(), "a failed start leaves something behind")
		})
	}
}

// What the look at permissions runs must leave no trace.
func TestSubscribingChangesNothingButTheGroup(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	c, topic := own.Client(t), newTopic(t)
	publish(t, c, topic, "1")
	die(t, c, topic, 1)
	before, err := c.XInfoStreamFull(t.Context(), topic, 0).Result()
	require.NoError(t, err)
	_, s := subscribe(t, c, topic, streams.SubscriberConfig{Ordered: true, Trim: &streams.Trim{}, IdleTime: time.Hour})
	require.NoError(t, s.Close())
	after, err := c.XInfoStreamFull(t.Context(), topic, 0).Result()
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, []string{topic}, c.Keys(t.Context(), "*").Val())
}

func TestSubscribeSaysThatItIsNotLetIn(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	require.NoError(t, own.Client(t).ConfigSet(t.Context(), "requirepass", "right").Err())
	for says, options := range map[string]*redis.Options{
		"NOAUTH":    {},
		"WRONGPASS": {Password: "wrong"},
	} {
		options.Addr = own.Addr()
		c := redis.NewClient(options)
		defer c.Close()
		topic := newTopic(t)
		for what, err := range map[string]error{
			"subscribe":  subscribeFails(t, c, topic, streams.SubscriberConfig{}),
			"initialize": newSubscriber(t, c, streams.SubscriberConfig{}).SubscribeInitialize(topic),
			"publish":    newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, message.NewMessage("1", nil)),
			"with a key": newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID}).Publish(topic, message.NewMessage("1", nil)),
		} {
			require.ErrorIs(t, err, streams.ErrPermission, what)
			// Redis turns a long request down before it looks which one it is.
			require.Regexp(t, says+"|unauthenticated", err.Error(), what)
			require.ErrorContains(t, err, " "+topic, what)
			require.ErrorContains(t, err, own.Addr(), what)
		}
	}
}

// A publisher's script on Redis 7.0 says that its user lacks something, and not what.
func TestPublishNamesThePermissionThatLacks(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	rules := documented(t, "publisher")
	for _, rule := range rules {
		command, ok := strings.CutPrefix(rule, "+")
		if !ok {
			continue
		}
		c := as(t, own, "without-"+command, slices.DeleteFunc(slices.Clone(rules), func(r string) bool { return r == rule }))
		require.NoError(t, own.Client(t).ScriptFlush(t.Context()).Err()) // so that its source is sent
		err := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID, MaxLen: 1000}).Publish("{orders}:in", message.NewMessage(command, nil))
		require.ErrorIs(t, err, streams.ErrPermission, rule)
		require.ErrorContains(t, err, command)
	}
	c := as(t, own, "elsewhere", rules)
	for _, config := range []streams.PublisherConfig{{}, {IdempotencyKey: byUUID}} {
		err := newPublisher(t, c, config).Publish("secret", message.NewMessage("1", nil))
		require.ErrorIs(t, err, streams.ErrPermission)
		require.ErrorContains(t, err, "publish to secret")
	}
}

func TestSubscribeNamesAKeyOfTheWrongType(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	for key, says := range map[string]string{
		topic:                   "the key " + topic + " is a string and should be a stream",
		topic + ":parked:g":     "the key " + topic + ":parked:g is a string and should be a zset",
		topic + ":unfinished:g": "the key " + topic + ":unfinished:g is a string and should be a hash",
	} {
		require.NoError(t, c.Set(t.Context(), key, "something else", 0).Err())
		err := subscribeFails(t, c, topic, streams.SubscriberConfig{})
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "rename or delete it")
		require.NoError(t, c.Del(t.Context(), key).Err())
	}
}

// A poison topic that nothing can be added to is no reason to stand still.
func TestAPoisonTopicOfTheWrongTypeIsSaidAndHoldsUpNoOtherMessage(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	require.NoError(t, c.Set(t.Context(), topic+":poison", "something else", 0).Err())
	require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: []any{"no", "uuid"}}).Err())
	publish(t, c, topic, "good")
	var said logs
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Logger: said.logger()})
	// Once by Subscribe, and maybe already of the first entry that does not go there.
	require.Positive(t, said.count("the key "+topic+":poison is a string and should be a stream"))
	msg := receive(t, messages)
	require.Equal(t, "good", msg.UUID)
	msg.Ack()
	eventually(t, func() bool { return said.count("an output could not be added") == 1 }, "not said")
	eventually(t, func() bool {
		return maps.Equal(pendingOf(t, c, topic), map[string]int64{"millstream:parked": 1})
	}, "not put aside")
	require.NoError(t, c.Del(t.Context(), topic+":poison").Err())
	settled(t, c, topic) // after commit.FailureDelay
	require.EqualValues(t, 1, c.XLen(t.Context(), topic+":poison").Val())
}

func TestSubscribeFailsSoonWithoutRedis(t *testing.T) {
	t.Parallel()
	silent := redistest.Start(t)
	silent.Pause(t)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	for name, options := range map[string]*redis.Options{
		"nobody listens": {Addr: "127.0.0.1:1"},
		"no answer":      {Addr: silent.Addr(), ReadTimeout: time.Second},
		"packets are dropped": {Addr: "192.0.2.1:6379", Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			select { // go-redis goes on dialling when nobody waits for it any more
			case <-ctx.Done():
			case <-over:
			}
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := redis.NewClient(options)
			defer c.Close()
			start := time.Now()
			initialized := make(chan error, 1)
			go func() { initialized <- newSubscriber(t, c, streams.SubscriberConfig{}).SubscribeInitialize("topic") }()
			for _, err := range []error{subscribeFails(t, c, "topic", streams.SubscriberConfig{}), <-initialized} {
				require.ErrorContains(t, err, "Redis at "+options.Addr)
				require.NotErrorIs(t, err, streams.ErrPermission)
			}
			require.Less(t, time.Since(start), 20*time.Second)
		})
	}
}

// Who but the workers of a group would free the memory?
func TestAWorkerStartsOnAFullRedis(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--maxmemory-policy", "noeviction"))
	topic, c := newTopic(t), own.Client(t)
	publish(t, c, topic, "1")
	require.NoError(t, c.XGroupCreate(t.Context(), topic, "g", "0").Err())
	require.NoError(t, c.ConfigSet(t.Context(), "maxmemory", "1").Err())
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	receive(t, messages).Ack()
	settled(t, c, topic)
	err := subscribeFails(t, c, topic+"new", streams.SubscriberConfig{})
	require.ErrorContains(t, err, "raise maxmemory")
}

func TestSubscribeOnAClosedClientSaysSo(t *testing.T) {
	t.Parallel()
	c := redis.NewClient(&redis.Options{Addr: server.Addr()})
	require.NoError(t, c.Close())
	err := subscribeFails(t, c, "topic", streams.SubscriberConfig{})
	require.True(t, errors.Is(err, redis.ErrClosed))
	require.ErrorContains(t, err, "close a client after")
}
