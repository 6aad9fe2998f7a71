// Package history reads what went over a stream, by when it was added. It reads by id
// range, as anybody may: no consumer group learns of it, and nothing is acknowledged.
package history

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// page is how many entries are asked for at once.
const page = 500

// Entry is an entry of a stream.
type Entry struct {
	ID string
	// At is when it was added, by Redis's clock.
	At time.Time
	// Message is what it holds; nil if it is not in the format of a message.
	Message *message.Message
}

// Reader reads streams. It may be used concurrently.
type Reader struct{ client redis.UniversalClient }

// New returns a reader of what is in the Redis of a client.
func New(client redis.UniversalClient) *Reader { return &Reader{client} }

// Now returns the time by the clock that the ids of entries are made with.
func (r *Reader) Now(ctx context.Context) (time.Time, error) {
	now, err := r.client.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask Redis for the time: %w", err)
	}
	return now, nil
}

// Between returns the entries of a topic that were added from a time on, and before
// another, in order, to the millisecond. It ends with the first error.
func (r *Reader) Between(ctx context.Context, topic string, from, to time.Time) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		start, end := strconv.FormatInt(from.UnixMilli(), 10), "("+strconv.FormatInt(to.UnixMilli(), 10)+"-0"
		if !to.After(from) {
			return
		}
		for {
			found, err := r.client.XRangeN(ctx, topic, start, end, page).Result()
			if err != nil {
				yield(Entry{}, fmt.Errorf("read the history of %s: %w", topic, err))
				return
			}
			for _, x := range found {
				if !yield(entryOf(x)) {
					return
				}
				start = "(" + x.ID
			}
			if len(found) < page {
				return
			}
		}
	}
}

func entryOf(x redis.XMessage) (Entry, error) {
	at, err := TimeOf(x.ID)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{ID: x.ID, At: at}
	if msg, err := (redisstream.DefaultMarshallerUnmarshaller{}).Unmarshal(x.Values); err == nil {
		entry.Message = msg
	}
	return entry, nil
}

// TimeOf returns when the entry with an id was added, by Redis's clock.
func TimeOf(id string) (time.Time, error) {
	text, _, _ := strings.Cut(id, "-")
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no id of a stream's entry: %w", id, err)
	}
	return time.UnixMilli(milliseconds).UTC(), nil
}
