package reliability

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// jobKey in the environment makes the program a worker.
const jobKey = "MILLSTREAM_RELIABILITY_JOB"

// job is what a worker is to do, which then tells on its standard output what it
// does, a word and a message's id a line.
type job struct {
	Contender, Addr, In, Out, Group, Consumer string

	Idle    time.Duration
	Crashes int
	// Await makes the handler wait for a line on standard input.
	Await bool
	// DieOn is the message whose handler ends the process.
	DieOn string
	// DieAfter is the message whose publishing the process does not survive.
	DieAfter string
}

// The words of a worker.
const (
	wordBegin   = "begin"   // the handler begins on the message
	wordPublish = "publish" // the output of the message is published
)

// Worker does the work of a process that a fault may end: the program runs itself
// again for that, and has to call Worker before anything else. Where it is meant
// to be a worker, Worker returns true when the work has ended, and the exit code.
func Worker() (code int, worker bool) {
	text, ok := os.LookupEnv(jobKey)
	if !ok {
		return 0, false
	}
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1, true
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := j.run(ctx, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1, true
	}
	return 0, true
}

func (j job) run(ctx context.Context, in io.Reader, out io.Writer) error {
	c, err := selectContender(j.Contender)
	if err != nil {
		return err
	}
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	lines := make(chan struct{})
	go func() {
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			lines <- struct{}{}
		}
		gone() // and with it whoever started this
	}()
	settings := Settings{
		Connect: func() *redis.Client { return redis.NewClient(&redis.Options{Addr: j.Addr}) },
		Group:   j.Group, Consumer: j.Consumer, Idle: j.Idle, Crashes: j.Crashes,
	}
	st, err := runStage(c, j.In, j.Out, settings, func(msg *message.Message) error {
		fmt.Fprintln(out, wordBegin, msg.UUID)
		if msg.UUID == j.DieOn {
			die()
		}
		if j.Await {
			select {
			case <-lines:
			case <-ctx.Done():
			}
		}
		return nil
	}, func(p message.Publisher) message.Publisher { return telling{p, out, j.DieAfter} })
	if err != nil {
		return err
	}
	<-ctx.Done()
	return st.stop()
}

// telling is a publisher that tells what it has published.
type telling struct {
	message.Publisher
	out      io.Writer
	dieAfter string
}

func (t telling) Publish(topic string, messages ...*message.Message) error {
	err := t.Publisher.Publish(topic, messages...)
	for _, msg := range messages {
		if err == nil {
			fmt.Fprintln(t.out, wordPublish, msg.UUID)
		}
		if msg.UUID == t.dieAfter {
			die()
		}
	}
	return err
}

// die ends the process as kill -9 does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
