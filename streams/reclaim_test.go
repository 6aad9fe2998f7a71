package streams_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

func TestMessagesOfADeadConsumerAreTakenOver(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2", "3")
	die(t, c, topic, 2)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: 200 * time.Millisecond})
	attempts := map[string]int{}
	for range 3 {
		msg := receive(t, messages)
		attempts[msg.UUID] = attempt(msg)
		msg.Ack()
	}
	require.Equal(t, map[string]int{"1": 2, "2": 2, "3": 1}, attempts)
	settled(t, c, topic)
}

func TestALongRunningHandlerKeepsItsMessage(t *testing.T) {
	t.Parallel()
	// Long enough for a machine that stands still at times; minutes of it are
	// tested in virtual time.
	const idle = 600 * time.Millisecond
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "long")
	first, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: idle})
	held := receive(t, first)
	second, _ := subscribe(t, client(t), topic, streams.SubscriberConfig{IdleTime: idle})
	receiveNothing(t, second, 3*idle+idle/4)
	held.Ack()
	settled(t, c, topic)
	receiveNothing(t, second, 100*time.Millisecond)
}

// What Redis counts as delivered and no consumer got must not lie until the idle
// time is over, or for ever.
func TestAReadWhoseReplyIsLostIsMadeUpFor(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"with go-redis's retries": 3, "without": -1} {
		for mode, config := range map[string]streams.SubscriberConfig{"": {}, ", ordered": {Ordered: true}} {
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				topic := newTopic(t)
				link := redistest.Proxy(t, server.Addr())
				shaky := redis.NewClient(&redis.Options{Addr: link.Addr(), MaxRetries: retries})
				t.Cleanup(func() { _ = shaky.Close() })
				config.IdleTime = time.Hour
				messages, _ := subscribe(t, shaky, topic, config)
				// While the first message is with its handler nothing more is read, so
				// that the next read is sure to find the others, and lose them.
				publish(t, client(t), topic, "0", "1", "2")
				first := receive(t, messages)
				losing := contains("xreadgroup", topic, ">")
				if config.Ordered {
					losing = isOrderedRead(topic)
				}
				link.LoseNextReply(losing)
				first.Ack()
				for _, id := range []string{"1", "2"} {
					msg := receive(t, messages)
					require.Equal(t, id, msg.UUID)
					require.Equal(t, 1, attempt(msg))
					msg.Ack()
				}
				settled(t, client(t), topic)
				require.Equal(t, 1, link.Lost())
			})
		}
	}
}

// isOrderedRead matches the script by which an ordered subscriber reads: the one
// with two keys and six arguments.
func isOrderedRead(topic string) func([]byte) bool {
	return func(request []byte) bool {
		return bytes.HasPrefix(request, []byte("*11\r\n$7\r\nevalsha\r\n")) && bytes.Contains(request, []byte(topic))
	}
}

// The same for what is taken over from others: it is this consumer's now.
func TestAClaimWhoseReplyIsLostIsMadeUpFor(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	link := redistest.Proxy(t, server.Addr())
	shaky := redis.NewClient(&redis.Options{Addr: link.Addr()})
	t.Cleanup(func() { _ = shaky.Close() })
	publish(t, c, topic, "1")
	die(t, c, topic, 1)
	const idle = 2 * time.Second
	start := time.Now()
	link.LoseNextReply(func(request []byte) bool {
		// It must be the claim that takes the entry, not one before its time.
		return time.Since(start) > idle && contains("evalsha", "millstream:parked")(request)
	})
	messages, _ := subscribe(t, shaky, topic, streams.SubscriberConfig{IdleTime: idle})
	msg := receive(t, messages)
	require.Equal(t, 1, link.Lost())
	require.Less(t, time.Since(start), idle+idle*9/10, "it had to be idle once more")
	require.Equal(t, 2, attempt(msg))
	msg.Ack()
	settled(t, c, topic)
}

// Nothing can deliver them any more, so nobody may wait for them.
func TestEntriesThatWereTrimmedWhilePendingAreDropped(t *testing.T) {
	t.Parallel()
	for name, ordered := range map[string]bool{"unordered": false, "ordered": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			publish(t, c, topic, "1", "2", "3", "4")
			die(t, c, topic, 3)
			require.NoError(t, c.XTrimMaxLen(t.Context(), topic, 2).Err())
			messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle, Ordered: ordered})
			ids := []string{}
			for range 2 {
				msg := receive(t, messages)
				ids = append(ids, msg.UUID)
				msg.Ack()
			}
			require.ElementsMatch(t, []string{"3", "4"}, ids)
			settled(t, c, topic)
		})
	}
}

// Looking for what was lost takes a moment, in which a handler may finish: what
// Redis said it held is not lost then.
func TestAMessageSettledDuringTheSearchForLostOnesIsNotDeliveredAgain(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	looked, hold := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	var failed, held atomic.Bool
	watched := client(t)
	watched.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
		args := cmd.Args()
		if contains("millstream:returned")(fmt.Append(nil, args...)) && failed.CompareAndSwap(false, true) {
			return errCutOff // a claim, whose reply may have been lost
		}
		err := next()
		if isSearch(args) && err == nil && held.CompareAndSwap(false, true) {
			close(looked)
			<-hold
		}
		return err
	}))
	publish(t, c, topic, "1")
	failed.Store(true)
	held.Store(true)
	messages, _ := subscribe(t, watched, topic, streams.SubscriberConfig{Concurrency: 2, IdleTime: time.Second})
	t.Cleanup(release)
	msg := receive(t, messages)
	held.Store(false)
	failed.Store(false)
	wait(t, looked, "nothing was searched for")
	msg.Ack()
	settled(t, c, topic)
	time.Sleep(20 * time.Millisecond) // the reply to the commit is on its way
	release()
	receiveNothing(t, messages, 300*time.Millisecond)
}

// isSearch: evalsha, sha, 2, stream, notes, group, consumer, first id, count, whether
// it inherits.
func isSearch(args []any) bool {
	if len(args) != 10 || args[0] != "evalsha" && args[0] != "eval" {
		return false
	}
	_, counts := args[8].(int)
	return counts
}
