package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed claim.lua
var claimSource string

//go:embed ordered.lua
var orderedSource string

var (
	claimScript   = redis.NewScript(claimSource)
	orderedScript = redis.NewScript(orderedSource)
)

// Entry is an entry of a stream as it was delivered to a consumer.
type Entry struct {
	ID string
	// Attempt is which delivery of the entry this is, from 1.
	Attempt int
	Values  map[string]any
}

// Read reads up to count new entries, waiting up to block for the first.
func (g Group) Read(ctx context.Context, count int, block time.Duration) ([]Entry, error) {
	streams, err := g.Client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: g.Group, Consumer: g.Consumer,
		Streams: []string{g.Stream, ">"},
		Count:   int64(count), Block: block,
	}).Result()
	if err == redis.Nil { //nolint:errorlint // go-redis returns this value bare, and errors.Is costs on the hot path
		return nil, nil
	}
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	return delivered(streams[0].Messages), nil
}

// ReadHeld reads up to count entries after the given id that this consumer holds
// already.
func (g Group) ReadHeld(ctx context.Context, after string, count int) ([]Entry, error) {
	streams, err := g.Client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: g.Group, Consumer: g.Consumer, Streams: []string{g.Stream, after}, Count: int64(count), Block: -1,
	}).Result()
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	return delivered(streams[0].Messages), nil
}

func delivered(messages []redis.XMessage) []Entry {
	entries := make([]Entry, len(messages))
	for i, m := range messages {
		entries[i] = Entry{ID: m.ID, Attempt: 1, Values: m.Values}
	}
	return entries
}

// Claimed is what [Group.Claim] took over.
type Claimed struct {
	Entries []Entry
	// Due is how long until the next parked entry is due; negative when none is parked.
	Due time.Duration
	// Cursor is where to go on looking for idle entries; "-" is the start.
	Cursor string
}

// Claim takes over up to count entries: parked ones that are due and, from
// cursor on, those that no consumer has renewed for at least idle, not even this
// one. A negative idle leaves the latter alone.
func (g Group) Claim(ctx context.Context, idle time.Duration, count int, cursor string) (Claimed, error) {
	idleMs := idle.Milliseconds()
	if idle < 0 {
		idleMs = -1
	}
	reply, err := claimScript.Run(ctx, g.Client, []string{g.Stream, ParkingKey(g.Stream, g.Group)},
		g.Group, g.Consumer, parker, idleMs, count, cursor).Slice()
	if err != nil {
		return Claimed{}, fmt.Errorf("claim entries of group %s on %s: %w", g.Group, g.Stream, err)
	}
	if len(reply) != 3 {
		return Claimed{}, errUnexpected
	}
	due, err := toInt(reply[0])
	if err != nil {
		return Claimed{}, err
	}
	next, _ := reply[1].(string)
	entries, err := parseEntries(reply[2])
	return Claimed{Entries: entries, Due: time.Duration(due) * time.Millisecond, Cursor: next}, err
}

// Ordered is what [Group.ReadOrdered] found.
type Ordered struct {
	Entries []Entry
	// Wait reports that another consumer holds entries that come first.
	Wait bool
	// After is the id that new entries come after, when there are none now.
	After string
}

// ReadOrdered reads up to count entries in the stream's order over all consumers
// of the group: nothing while another one holds an entry, and first the entries
// of those that have been silent for at least idle. It does not block.
func (g Group) ReadOrdered(ctx context.Context, idle time.Duration, count int) (Ordered, error) {
	reply, err := orderedScript.Run(ctx, g.Client, []string{g.Stream},
		g.Group, g.Consumer, parker, idle.Milliseconds(), count).Slice()
	if err != nil {
		return Ordered{}, fmt.Errorf("read group %s on %s in order: %w", g.Group, g.Stream, err)
	}
	if len(reply) != 3 {
		return Ordered{}, errUnexpected
	}
	wait, err := toInt(reply[0])
	if err != nil {
		return Ordered{}, err
	}
	after, _ := reply[1].(string)
	entries, err := parseEntries(reply[2])
	return Ordered{Entries: entries, Wait: wait == 1, After: after}, err
}

// AwaitNew waits up to block for an entry after the given id.
func (g Group) AwaitNew(ctx context.Context, after string, block time.Duration) error {
	err := g.Client.XRead(ctx, &redis.XReadArgs{Streams: []string{g.Stream, after}, Count: 1, Block: block}).Err()
	if err == redis.Nil { //nolint:errorlint // as in Read
		return nil
	}
	return err
}

// parseEntries reads { {id, attempt, {field, value, ...}}, ... }.
func parseEntries(reply any) ([]Entry, error) {
	items, ok := reply.([]any)
	if !ok {
		return nil, errUnexpected
	}
	entries := make([]Entry, 0, len(items))
	for _, item := range items {
		parts, _ := item.([]any)
		if len(parts) != 3 {
			return nil, errUnexpected
		}
		id, _ := parts[0].(string)
		attempt, err := toInt(parts[1])
		if err != nil {
			return nil, err
		}
		fields, _ := parts[2].([]any)
		values := make(map[string]any, len(fields)/2)
		for i := 0; i+1 < len(fields); i += 2 {
			name, _ := fields[i].(string)
			values[name] = fields[i+1]
		}
		entries = append(entries, Entry{ID: id, Attempt: int(attempt), Values: values})
	}
	return entries, nil
}
