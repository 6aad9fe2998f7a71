package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

// batcher sends what concurrent callers add in one pipeline. There is no timer:
// requests gather while the pipeline before is on its way.
//
// Where keys are spread over servers, only what has the same hash tag travels
// together: a server that does not answer is not to hold up what others take.
type batcher struct {
	client redis.UniversalClient
	spread bool

	mu sync.Mutex
	// waiting are the requests by hash tag, or all under one where keys are not
	// spread. While a flight is on its way for them there is an item, if empty.
	waiting map[string][]*request
	flights sync.WaitGroup
}

// request is what one caller adds.
type request struct {
	ctx      context.Context
	topic    string
	messages []commit.Message
	added    int
	err      error
	// done is closed at the end; nil when the caller sends it itself.
	done chan struct{}
}

func newBatcher(client redis.UniversalClient) *batcher {
	return &batcher{client: client, spread: domain{client}.isSpread(), waiting: map[string][]*request{}}
}

// line returns what the requests for topic wait under.
func (b *batcher) line(topic string) string {
	if b.spread {
		return commit.HashTag(topic)
	}
	return ""
}

// add adds messages in order and returns how many were added for certain.
func (b *batcher) add(ctx context.Context, topic string, messages []commit.Message) (int, error) {
	r := &request{ctx: ctx, topic: topic, messages: messages}
	line := b.line(topic)
	b.mu.Lock()
	waiting, flying := b.waiting[line]
	if !flying && ctx.Done() == nil {
		b.waiting[line] = nil
		b.flights.Add(1)
		b.mu.Unlock()
		b.sendAlone(line, r)
		return r.added, r.err
	}
	r.done = make(chan struct{})
	b.waiting[line] = append(waiting, r)
	if !flying {
		b.flights.Go(func() { b.fly(line) })
	}
	b.mu.Unlock()
	select {
	case <-r.done:
		return r.added, r.err
	case <-ctx.Done():
		if b.withdraw(line, r) {
			return 0, context.Cause(ctx)
		}
		return 0, leftBehind(ctx)
	}
}

// sendAlone sends the request of a caller who is alone and need not be called back: that
// spares two changes of goroutine, which take as long as the rest of a call. For those
// who have come meanwhile a flight begins.
func (b *batcher) sendAlone(line string, r *request) {
	defer b.flights.Done()
	defer b.handOver(line) // also when a hook of the client panics
	b.send([]*request{r})
}

func (b *batcher) handOver(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting[line]) == 0 {
		delete(b.waiting, line)
		return
	}
	b.flights.Go(func() { b.fly(line) })
}

// leftBehind is the error of a caller whose context ended while its messages were
// on their way.
func leftBehind(ctx context.Context) error {
	return fmt.Errorf("the messages may have been added all the same: %w", context.Cause(ctx))
}

// run runs what cannot travel with others, and returns when that is done or ctx
// ends: go-redis lets a request that is on its way outlast its context.
func (b *batcher) run(ctx context.Context, add func(context.Context) error) error {
	send := func() error {
		err := add(ctx)
		if err != nil {
			lookAround(ctx, b.client, err)
		}
		return err
	}
	if ctx.Done() == nil {
		return send()
	}
	done := make(chan error, 1)
	b.flights.Go(func() { done <- send() })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return leftBehind(ctx)
	}
}

// withdraw takes back a request that is not on its way yet.
func (b *batcher) withdraw(line string, r *request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting[line], r)
	if i < 0 {
		return false
	}
	b.waiting[line] = slices.Delete(b.waiting[line], i, i+1)
	return true
}

// fly sends what waits until nothing does.
func (b *batcher) fly(line string) {
	for {
		requests := b.take(line)
		if len(requests) == 0 {
			return
		}
		b.send(requests)
	}
}

// take returns the requests of the next pipeline; none ends the flight.
func (b *batcher) take(line string) []*request {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting := b.waiting[line]
	if len(waiting) == 0 {
		delete(b.waiting, line)
		return nil
	}
	n, messages, bytes := 0, 0, 0
	for n < len(waiting) && messages < maxPublish && bytes < maxPublishBytes {
		messages += len(waiting[n].messages)
		for _, m := range waiting[n].messages {
			bytes += m.Size
		}
		n++
	}
	taken := slices.Clone(waiting[:n])
	b.waiting[line] = slices.Delete(waiting, 0, n)
	return taken
}

// send runs one pipeline. It is not bound to any one caller's context, which
// would fail the others; go-redis's timeouts bound it.
func (b *batcher) send(requests []*request) {
	commands, failure := b.exec(requests)
	for _, r := range requests {
		for _, command := range commands[:len(r.messages)] {
			if r.err = added(command, failure); r.err != nil {
				lookAround(context.WithoutCancel(r.ctx), b.client, r.err)
				break
			}
			r.added++
		}
		commands = commands[len(r.messages):]
		if r.done != nil {
			close(r.done)
		}
	}
}

// exec adds the messages of requests in one pipeline: also a single one, for go-redis has
// connections of their own for pipelines, which no blocked read holds.
func (b *batcher) exec(requests []*request) (commands []*redis.StringCmd, failure error) {
	ctx := context.WithoutCancel(requests[0].ctx)
	pipe := b.client.Pipeline()
	for _, r := range requests {
		for i := range r.messages {
			commands = append(commands, pipe.XAdd(ctx, &redis.XAddArgs{Stream: r.topic, Values: r.messages[i].Values}))
		}
	}
	_, failure = pipe.Exec(ctx)
	return commands, failure
}

// added returns why a command of a pipeline added nothing, nil if it did. A
// connection that Redis turns down, for a wrong password or as one too many, fails
// the pipeline but marks none of its commands: only an id proves that there is an
// entry.
func added(command *redis.StringCmd, failure error) error {
	switch {
	case command.Err() != nil:
		return command.Err()
	case command.Val() != "":
		return nil
	case failure != nil:
		return failure
	default:
		return errNoReply
	}
}

var errNoReply = errors.New("redis gave no reply")

// wait returns when nothing is on its way.
func (b *batcher) wait() { b.flights.Wait() }
