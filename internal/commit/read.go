package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
)

//go:embed claim.lua
var claimSource string

//go:embed ordered.lua
var orderedSource string

//go:embed held.lua
var heldSource string

var (
	claimScript   = redis.NewScript(claimSource)
	orderedScript = redis.NewScript(orderedSource)
	heldScript    = redis.NewScript(heldSource)
)

// Entry is an entry of a stream as it was delivered to a consumer.
type Entry struct {
	ID string
	// Attempt is which delivery of the entry this is, from 1.
	Attempt int
	Whence  Whence
	Values  map[string]any
	// History is what was noted of its handler when it was put aside last.
	History handoff.History
	// Serial is the reader's own number for the delivery.
	Serial uint64
}

// Whence tells where an entry comes from. The scripts count so, too.
type Whence int

// Where entries come from.
const (
	// Fresh: it was not delivered before.
	Fresh Whence = iota
	// Parked: it was put aside and is due.
	Parked
	// HandedBack: a consumer gave it back on leaving.
	HandedBack
	// Abandoned: its consumer fell silent.
	Abandoned
	// Own: this consumer holds it already, but may not know.
	Own
)

// Read reads up to count new entries, waiting up to block for the first. When it
// fails, entries may have been delivered all the same: see [Group.Held].
func (g Group) Read(ctx context.Context, count int, block time.Duration) ([]Entry, error) {
	streams, err := readOnce(ctx, g.Client, &redis.XReadGroupArgs{
		Group: g.Group, Consumer: g.Consumer,
		Streams: []string{g.Stream, ">"},
		Count:   int64(count), Block: block,
	})
	if err == redis.Nil { //nolint:errorlint // go-redis returns this value bare, and errors.Is costs on the hot path
		return nil, nil
	}
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	return delivered(streams[0].Messages), nil
}

// Held returns up to count entries that this consumer holds already, beginning
// with the id from. Those that were deleted have no values. With inherit they are
// those of an earlier process of the same name, which was delivered them and fell
// silent: this is another delivery.
func (g Group) Held(ctx context.Context, from string, count int, inherit bool) ([]Entry, error) {
	args := []any{g.Group, g.Consumer, from, count, 0}
	if inherit {
		args[4] = 1
	}
	reply, err := heldScript.Run(ctx, g.Client, []string{g.Stream, UnfinishedKey(g.Stream, g.Group)}, args...).Result()
	if err != nil {
		return nil, fmt.Errorf("look for what consumer %s of group %s on %s holds: %w", g.Consumer, g.Group, g.Stream, err)
	}
	return parseEntries(reply)
}

func delivered(messages []redis.XMessage) []Entry {
	entries := make([]Entry, len(messages))
	for i, m := range messages {
		entries[i] = Entry{ID: m.ID, Attempt: 1, Values: m.Values}
	}
	return entries
}

// Claim is what a [Group.Claim] is to take over, beside parked entries that are due.
type Claim struct {
	// Idle is how long entries must not have been renewed by any consumer, not
	// even this one, to be taken over. Negative leaves them alone.
	Idle time.Duration
	// HandedBack asks for entries that consumers handed back on leaving.
	HandedBack bool
	// Count is how many entries to take over at most.
	Count int
	// Cursor is where to look for idle entries from; "-" is the start.
	Cursor string
	// Unset is where to look from for parked entries whose due time was lost. Each
	// search for idle entries looks at a few. Empty is the start.
	Unset string
	// OthersFirst leaves the larger half of an odd Count to entries that are handed
	// back or idle, rather than to parked ones. Who alternates it gets at both, even
	// one at a time.
	OthersFirst bool
}

// Claimed is what [Group.Claim] took over.
type Claimed struct {
	Entries []Entry
	// Due is how long until the next parked entry is due; negative when none is parked.
	Due time.Duration
	// Cursor is where to go on looking for idle entries; "-" is the start.
	Cursor string
	// Unset is where to go on looking for parked entries whose due time was lost.
	Unset string
	// Dropped is how many were taken off the pending list, since they were deleted.
	Dropped int
}

// Claim takes over entries of other consumers. When it fails, entries may have
// been taken over all the same: see [Group.Held]. With a [KeyError] only the parked
// ones could not be looked at, and all the others that were taken are returned.
func (g Group) Claim(ctx context.Context, c Claim) (Claimed, error) {
	idle, from, unset, othersFirst := c.Idle.Milliseconds(), "", "-", 0
	if c.Idle < 0 {
		idle = -1
	}
	if c.HandedBack {
		from = returned
	}
	if c.Unset != "" {
		unset = c.Unset
	}
	if c.OthersFirst {
		othersFirst = 1
	}
	parking := ParkingKey(g.Stream, g.Group)
	reply, err := runOnce(ctx, g.Client, claimScript, []string{g.Stream, parking, UnfinishedKey(g.Stream, g.Group)},
		g.Group, g.Consumer, parker, from, idle, c.Count, c.Cursor, unset, othersFirst).Slice()
	if err != nil {
		return Claimed{}, fmt.Errorf("claim entries of group %s on %s: %w", g.Group, g.Stream, err)
	}
	claimed, err := parseClaimed(reply)
	if err != nil {
		return Claimed{}, err
	}
	if broken, _ := reply[5].(string); broken != "" {
		err = fmt.Errorf("claim parked entries of group %s on %s: %w", g.Group, g.Stream, &KeyError{Key: parking, Err: refusal(broken)})
	}
	return claimed, err
}

// parseClaimed reads the reply of the script.
func parseClaimed(reply []any) (Claimed, error) {
	if len(reply) != 6 {
		return Claimed{}, errUnexpected
	}
	due, err := toInt(reply[0])
	if err != nil {
		return Claimed{}, err
	}
	next, _ := reply[1].(string)
	unset, _ := reply[4].(string)
	dropped, err := toInt(reply[3])
	if err != nil {
		return Claimed{}, err
	}
	entries, err := parseEntries(reply[2])
	return Claimed{
		Entries: entries, Due: time.Duration(due) * time.Millisecond,
		Cursor: next, Unset: unset, Dropped: int(dropped),
	}, err
}

// Ordered is what [Group.ReadOrdered] found.
type Ordered struct {
	Entries []Entry
	// Wait reports that another consumer holds entries that come first.
	Wait bool
	// After is the id that new entries come after, when there are none now.
	After string
	// Dropped is how many were taken off the pending list, since they were deleted.
	Dropped int
}

// ReadOrdered reads up to count entries in the stream's order over all consumers
// of the group: nothing while another one holds an entry, and first the entries
// of those that have been silent for at least idle. It does not block.
func (g Group) ReadOrdered(ctx context.Context, idle time.Duration, count int) (Ordered, error) {
	reply, err := runOnce(ctx, g.Client, orderedScript, []string{g.Stream, UnfinishedKey(g.Stream, g.Group)},
		g.Group, g.Consumer, parker, returned, idle.Milliseconds(), count).Slice()
	if err != nil {
		return Ordered{}, fmt.Errorf("read group %s on %s in order: %w", g.Group, g.Stream, err)
	}
	if len(reply) != 4 {
		return Ordered{}, errUnexpected
	}
	wait, err := toInt(reply[0])
	if err != nil {
		return Ordered{}, err
	}
	after, _ := reply[1].(string)
	dropped, err := toInt(reply[3])
	if err != nil {
		return Ordered{}, err
	}
	entries, err := parseEntries(reply[2])
	return Ordered{Entries: entries, Wait: wait == 1, After: after, Dropped: int(dropped)}, err
}

// AwaitNew waits up to block for an entry after the given id.
func (g Group) AwaitNew(ctx context.Context, after string, block time.Duration) error {
	err := g.Client.XRead(ctx, &redis.XReadArgs{Streams: []string{g.Stream, after}, Count: 1, Block: block}).Err()
	if err == redis.Nil { //nolint:errorlint // as in Read
		return nil
	}
	return err
}

// parseEntries reads { {id, attempt, {field, value, ...}, whence, history}, ... }.
func parseEntries(reply any) ([]Entry, error) {
	items, ok := reply.([]any)
	if !ok {
		return nil, errUnexpected
	}
	entries := make([]Entry, 0, len(items))
	for _, item := range items {
		parts, _ := item.([]any)
		if len(parts) != 5 {
			return nil, errUnexpected
		}
		id, _ := parts[0].(string)
		attempt, err := toInt(parts[1])
		if err != nil {
			return nil, err
		}
		whence, err := toInt(parts[3])
		if err != nil {
			return nil, err
		}
		fields, _ := parts[2].([]any)
		values := make(map[string]any, len(fields)/2)
		for i := 0; i+1 < len(fields); i += 2 {
			name, _ := fields[i].(string)
			values[name] = fields[i+1]
		}
		note, _ := parts[4].(string)
		entries = append(entries, Entry{
			ID: id, Attempt: int(attempt), Whence: Whence(whence), Values: values, History: parseHistory(note),
		})
	}
	return entries, nil
}
