package suites

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

const (
	// ceilingRead is how many messages the ceiling reads and commits at a time: more
	// gain nothing.
	ceilingRead = 500
	// articleRead is how many tutorials read.
	articleRead = 10
	// readBlock is how long a read waits for messages, and with it how long the end of
	// a round may take.
	readBlock = 100 * time.Millisecond
)

// lane is one consumer of a group that is written by hand.
type lane struct {
	reception
	commit.Group
}

// laneReceiver runs as many consumers as messages are to be handled at once.
func laneReceiver(name string, run func(context.Context, lane) error) receiver {
	return receiver{name: name, open: func(ctx context.Context, s *site, r reception) (func() error, error) {
		client := s.connectLanes(r.concurrency)
		if err := client.XGroupCreateMkStream(ctx, r.topic, r.group, "0").Err(); err != nil {
			return nil, fmt.Errorf("make group %s: %w", r.group, err)
		}
		ctx, cancel := context.WithCancel(ctx)
		var lanes sync.WaitGroup
		for i := range r.concurrency {
			l := lane{r, commit.Group{Client: client, Stream: r.topic, Group: r.group, Consumer: strconv.Itoa(i)}}
			lanes.Go(func() {
				// What fails because it was told to end is no fault.
				if err := run(ctx, l); err != nil && ctx.Err() == nil {
					r.fail(err)
				}
			})
		}
		return func() error {
			cancel()
			lanes.Wait()
			return nil
		}, nil
	}}
}

// read returns up to so many new messages; none when there are none for a while.
func (l lane) read(ctx context.Context, most int64) ([]redis.XMessage, error) {
	read, err := l.Client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: l.Group.Group, Consumer: l.Consumer, Streams: []string{l.Stream, ">"},
		Count: most, Block: readBlock,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return read[0].Messages, nil
}

func (l lane) give(m redis.XMessage) {
	p, _ := m.Values[payloadField].(string)
	l.handle([]byte(p))
}

// articleReceiver handles one message after the other and acknowledges each by itself.
func articleReceiver() receiver {
	return laneReceiver(Article, func(ctx context.Context, l lane) error {
		for ctx.Err() == nil {
			messages, err := l.read(ctx, articleRead)
			if err != nil {
				return err
			}
			for _, m := range messages {
				l.give(m)
				if err := l.Client.XAck(ctx, l.Stream, l.Group.Group, m.ID).Err(); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// ceilingReceiver reads and handles one batch while the one before is committed, with
// the script that streams uses.
func ceilingReceiver() receiver {
	return laneReceiver(Ceiling, func(ctx context.Context, l lane) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		batches := make(chan []commit.Delivery, 1)
		var failure error
		var committing sync.WaitGroup
		committing.Go(func() {
			failure = l.commitAll(ctx, batches)
			cancel()
		})
		err := l.readAll(ctx, batches)
		close(batches)
		committing.Wait()
		if failure != nil {
			return failure // which ended the reading, too
		}
		return err
	})
}

func (l lane) readAll(ctx context.Context, batches chan<- []commit.Delivery) error {
	for ctx.Err() == nil {
		messages, err := l.read(ctx, ceilingRead)
		if err != nil {
			return err
		}
		batch := make([]commit.Delivery, len(messages))
		for i, m := range messages {
			l.give(m)
			batch[i] = commit.Delivery{ID: m.ID, Attempt: 1}
		}
		if len(batch) == 0 {
			continue
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
		}
	}
	return nil
}

func (l lane) commitAll(ctx context.Context, batches <-chan []commit.Delivery) error {
	for batch := range batches {
		results, err := l.Commit(ctx, batch)
		if err != nil {
			return err
		}
		for i, r := range results {
			switch {
			case r.Err != nil:
				return fmt.Errorf("commit entry %s: %w", batch[i].ID, r.Err)
			case r.Outcome != commit.Done:
				return fmt.Errorf("entry %s was not committed: outcome %d", batch[i].ID, r.Outcome)
			}
		}
	}
	return nil
}
