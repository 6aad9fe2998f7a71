package streams

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrTopicFull is what the error of Publish wraps when the topic holds as many
// entries as [PublisherConfig].MaxLen allows.
var ErrTopicFull = errors.New("the topic is full")

// lengthFresh is for how long a topic's length is taken as known.
const lengthFresh = 100 * time.Millisecond

// lengths knows about how many entries topics hold. It asks Redis now and then
// and adds what goes through here in between, so that a bound costs next to
// nothing and is kept roughly: others may add as many in that time.
type lengths struct {
	client redis.UniversalClient

	mu sync.Mutex
	of map[string]*length
}

type length struct {
	n     int64
	asked time.Time
}

func newLengths(client redis.UniversalClient) *lengths {
	return &lengths{client: client, of: map[string]*length{}}
}

// reserve takes room for n more entries in topic. When there is none it returns
// an error that wraps [ErrTopicFull]; any other error says that Redis did not answer.
func (l *lengths) reserve(ctx context.Context, topic string, limit int64, n int) error {
	if ok, known := l.add(topic, limit, n); known && ok {
		return nil
	} else if known {
		return l.fullError(topic, limit)
	}
	holds, err := l.client.XLen(ctx, topic).Result()
	if err != nil {
		lookAround(ctx, l.client, err)
		return fmt.Errorf("ask for the length of %s: %w", topic, err)
	}
	l.mu.Lock()
	l.of[topic] = &length{n: holds, asked: time.Now()}
	l.mu.Unlock()
	if ok, _ := l.add(topic, limit, n); !ok {
		return l.fullError(topic, limit)
	}
	return nil
}

// add counts n more entries in topic if its length is known and below the limit.
func (l *lengths) add(topic string, limit int64, n int) (ok, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.of[topic]
	if of == nil || time.Since(of.asked) > lengthFresh {
		return false, false
	}
	if of.n >= limit {
		return false, true
	}
	of.n += int64(n)
	return true, true
}

func (l *lengths) fullError(topic string, limit int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var n int64
	if of := l.of[topic]; of != nil {
		n = of.n
	}
	return fmt.Errorf("%s holds %d entries and may hold %d: its consumers do not keep up, one of its groups has stopped, or history is kept that fills it: %w", topic, n, limit, ErrTopicFull)
}
