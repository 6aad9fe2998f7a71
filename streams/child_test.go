package streams_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// What the environment tells the test binary when it is to be a process that a
// test starts, kills and freezes: what to do, where, and on what.
const (
	childRole  = "STREAMS_TEST_CHILD"
	childAddr  = "STREAMS_TEST_ADDR"
	childTopic = "STREAMS_TEST_TOPIC"
)

var children = map[string]func(){
	"killed by a message": childKilledByAMessage,
	"holds a message":     childHoldsAMessage,
}

// childIdle is the idle time of processes.
const childIdle = 400 * time.Millisecond

// child is a process of its own.
type child struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{}
}

func startChild(t *testing.T, role, topic string) *child {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	p := &child{cmd: exec.CommandContext(t.Context(), binary), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), childRole+"="+role, childAddr+"="+server.Addr(), childTopic+"="+topic, "GORACE=atexit_sleep_ms=0")
	p.cmd.Stderr = &p.stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ended is in its state
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// wait waits for the end of the process and returns its exit code, -1 when a signal
// ended it.
func (p *child) wait(t *testing.T) int {
	t.Helper()
	wait(t, p.ended, "the process does not end")
	return p.cmd.ProcessState.ExitCode()
}

// inChild returns what a process works with.
func inChild() (c *redis.Client, topic string, s *streams.Subscriber, messages <-chan *message.Message) {
	c = redis.NewClient(&redis.Options{Addr: os.Getenv(childAddr)})
	topic = os.Getenv(childTopic)
	s, err := streams.NewSubscriber(c, "g", streams.SubscriberConfig{
		IdleTime: childIdle, MaxUnfinished: 3, Logger: slog.New(slog.DiscardHandler),
	})
	orExit(err)
	messages, err = s.Subscribe(context.Background(), topic)
	orExit(err)
	return c, topic, s, messages
}

func orExit(err error) {
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(2)
	}
}

// childKilledByAMessage handles messages, and is killed by those that say so.
func childKilledByAMessage() {
	c, topic, _, messages := inChild()
	publisher, err := streams.NewPublisher(c, streams.PublisherConfig{})
	orExit(err)
	for msg := range messages {
		orExit(publisher.Publish(topic+"out", out(msg, msg.UUID)))
		if strings.HasPrefix(string(msg.Payload), "kill") {
			orExit(c.Incr(context.Background(), topic+"kills").Err())
			self, err := os.FindProcess(os.Getpid())
			orExit(err)
			orExit(self.Kill())
			select {}
		}
		msg.Ack()
	}
}

// childHoldsAMessage publishes an output of the message it gets, tells that it
// holds it, acknowledges it when it is told to, and exits when that was fenced off.
func childHoldsAMessage() {
	c, topic, s, messages := inChild()
	ctx := context.Background()
	publisher, err := streams.NewPublisher(c, streams.PublisherConfig{})
	orExit(err)
	msg := <-messages
	orExit(publisher.Publish(topic+"out", out(msg, "the frozen one's")))
	orExit(c.RPush(ctx, topic+"holds", "1").Err())
	orExit(c.BLPop(ctx, 0, topic+"goes on").Err())
	msg.Ack()
	for s.Stats()[0].Fenced != 1 {
		time.Sleep(time.Millisecond)
	}
	orExit(c.RPush(ctx, topic+"fenced", "1").Err())
	orExit(s.Close())
}

// mortal is a subscriber in a process that may die: from then on nothing of it
// reaches Redis.
type mortal struct {
	*streams.Subscriber
	messages <-chan *message.Message
	dead     *sync.Once
	cut      chan struct{}
}

func newMortal(t *testing.T, topic string, config streams.SubscriberConfig) mortal {
	t.Helper()
	m := mortal{dead: &sync.Once{}, cut: make(chan struct{})}
	c := client(t)
	c.AddHook(aroundProcess(func(_ redis.Cmder, next func() error) error {
		select {
		case <-m.cut:
			return errCutOff
		default:
			return next()
		}
	}))
	config.DrainTimeout = time.Millisecond
	m.messages, m.Subscriber = subscribe(t, c, topic, config)
	return m
}

func (m mortal) die(t *testing.T) {
	t.Helper()
	m.dead.Do(func() { close(m.cut) })
	require.NoError(t, m.Close())
}
