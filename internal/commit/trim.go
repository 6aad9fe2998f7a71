package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed trim.lua
var trimSource string

//go:embed sweep.lua
var sweepSource string

var (
	trimScript  = redis.NewScript(trimSource)
	sweepScript = redis.NewScript(sweepSource)
)

// Trim is what a [Group.Trim] is to leave.
type Trim struct {
	KeepEntries int64
	KeepFor     time.Duration
	// DeadAfter is how long a group must have stood still to be passed over; zero
	// for never.
	DeadAfter time.Duration
	// Cursor is where to go on around parked entries; "-" is the start.
	Cursor string
}

// Trimmed is what [Group.Trim] did.
type Trimmed struct {
	Deleted int
	// More reports that there is more to delete.
	More   bool
	Cursor string
	// Stalled are the groups that need entries and stand still, from the first
	// moment on.
	Stalled []Stalled
}

// Stalled is a group that needs entries and stands still.
type Stalled struct {
	Group string
	For   time.Duration
	Dead  bool
}

// Trim deletes entries that all groups of the stream are done with, a bounded
// number of them.
func (g Group) Trim(ctx context.Context, t Trim) (Trimmed, error) {
	const most = 10_000
	reply, err := trimScript.Run(ctx, g.Client, []string{g.Stream, StalledKey(g.Stream)},
		parker, t.KeepEntries, t.KeepFor.Milliseconds(), t.DeadAfter.Milliseconds(), most, t.Cursor).Slice()
	if err != nil {
		return Trimmed{}, fmt.Errorf("trim %s: %w", g.Stream, err)
	}
	if len(reply) != 4 {
		return Trimmed{}, errUnexpected
	}
	deleted, err := toInt(reply[0])
	if err != nil {
		return Trimmed{}, err
	}
	more, err := toInt(reply[1])
	if err != nil {
		return Trimmed{}, err
	}
	cursor, _ := reply[2].(string)
	stalled, err := parseStalled(reply[3])
	return Trimmed{Deleted: int(deleted), More: more == 1, Cursor: cursor, Stalled: stalled}, err
}

func parseStalled(reply any) ([]Stalled, error) {
	items, _ := reply.([]any)
	stalled := make([]Stalled, len(items))
	for i, item := range items {
		parts, _ := item.([]any)
		if len(parts) != 3 {
			return nil, errUnexpected
		}
		name, _ := parts[0].(string)
		ms, err := toInt(parts[1])
		if err != nil {
			return nil, err
		}
		dead, err := toInt(parts[2])
		if err != nil {
			return nil, err
		}
		stalled[i] = Stalled{Group: name, For: time.Duration(ms) * time.Millisecond, Dead: dead == 1}
	}
	return stalled, nil
}

// Sweep removes consumers of the group that hold nothing and have been silent
// for at least idle, and returns how many.
func (g Group) Sweep(ctx context.Context, idle time.Duration) (int, error) {
	n, err := sweepScript.Run(ctx, g.Client, []string{g.Stream}, g.Group, g.Consumer, idle.Milliseconds()).Int()
	if err != nil {
		return 0, fmt.Errorf("sweep the consumers of group %s on %s: %w", g.Group, g.Stream, err)
	}
	return n, nil
}
