package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// ceiling is the least that a chain with the same atomic handoff can be: a stage
// is one goroutine that reads batches and one that commits them, with the script
// that streams uses. No message is a value of its own, none is retried, nothing
// is renewed, and nobody else could take over.
type ceiling struct{}

func (ceiling) Name() string { return Ceiling }

const (
	// ceilingBatch and ceilingBytes are how many messages, and how many bytes of them, are
	// read and committed at a time: more gain nothing, and hold up the other stages' turn
	// at the server.
	ceilingBatch, ceilingBytes = 500, 1 << 20
	// ceilingFirst is how many are read at first, when their size is not known yet.
	ceilingFirst = 10
)

func (ceiling) Run(ctx context.Context, c Chain) error {
	return c.runLanes(ctx, func(ctx context.Context, all *loops, lane commit.Group, to string) {
		l := &loop{group: lane, to: to, batches: make(chan []commit.Delivery, 1)}
		all.run(func() error {
			defer close(l.batches)
			return l.read(ctx)
		})
		all.run(func() error { return l.commit(context.WithoutCancel(ctx)) })
	})
}

// loop is one lane of a stage: a batch is read while the one before is committed.
type loop struct {
	group   commit.Group
	to      string
	batches chan []commit.Delivery
}

func (l *loop) read(ctx context.Context) error {
	// The call itself does not end with ctx: what it has read is to be committed.
	call := context.WithoutCancel(ctx)
	count := ceilingFirst
	for ctx.Err() == nil {
		streams, err := l.group.Client.XReadGroup(call, &redis.XReadGroupArgs{
			Group: l.group.Group, Consumer: l.group.Consumer,
			Streams: []string{l.group.Stream, ">"},
			Count:   int64(count), Block: block,
		}).Result()
		switch {
		case errors.Is(err, redis.Nil):
			continue
		case err != nil:
			return err
		}
		messages := streams[0].Messages
		count = batchOf(messages[len(messages)-1])
		l.batches <- l.passOn(messages)
	}
	return nil
}

// batchOf returns how many messages like this one are read at a time.
func batchOf(message redis.XMessage) int {
	p, _ := message.Values[fieldPayload].(string)
	return max(1, min(ceilingBatch, ceilingBytes/(1+len(p))))
}

// passOn makes the deliveries of a batch, each with its own fields as the output.
func (l *loop) passOn(messages []redis.XMessage) []commit.Delivery {
	const fields = 3
	deliveries := make([]commit.Delivery, len(messages))
	outputs := make([]handoff.Output, len(messages))
	values := make([]any, 0, 2*fields*len(messages))
	for i, m := range messages {
		from := len(values)
		values = append(values,
			fieldID, m.Values[fieldID], fieldMetadata, m.Values[fieldMetadata], fieldPayload, m.Values[fieldPayload])
		outputs[i] = handoff.Output{Topic: l.to, Values: values[from:len(values):len(values)]}
		deliveries[i] = commit.Delivery{ID: m.ID, Attempt: 1, Effects: handoff.Effects{Outputs: outputs[i : i+1 : i+1]}}
	}
	return deliveries
}

// commit goes on after a failure, without doing anything, so that read ends.
func (l *loop) commit(ctx context.Context) (failure error) {
	for batch := range l.batches {
		if failure != nil {
			continue
		}
		results, err := l.group.Commit(ctx, batch)
		failure = err
		for i, r := range results {
			if r.Outcome != commit.Done {
				failure = fmt.Errorf("entry %s was not committed: outcome %d: %w", batch[i].ID, r.Outcome, errors.Join(r.Err))
				break
			}
		}
	}
	return failure
}
