package commit

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed trim.lua
var trimSource string

var trimScript = redis.NewScript(trimSource)

// Trim is what a [Group.Trim] is to leave.
type Trim struct {
	KeepEntries int64
	KeepFor     time.Duration
	// DeadAfter is how long a group must have stood still to be passed over; zero
	// for never.
	DeadAfter time.Duration
	// Needed are groups without which nothing is trimmed, besides the own one.
	Needed []string
	// Every is how long ago the stream must have been looked at last, by whomever,
	// for this to do anything.
	Every  time.Duration
	Limits Limits
}

// Limits bound what a call does, since a script keeps the server to itself. Zero
// values are such that it takes some milliseconds at most.
type Limits struct {
	// Most is how many entries to delete at most: whole nodes of them go quickly.
	Most int
	// Singly is how many to delete at most that need to be looked at.
	Singly int
	// Parked is how many parked ones to look around at, 2 of each group at least.
	Parked int
}

// Trimmed is what [Group.Trim] did.
type Trimmed struct {
	Deleted int
	// More reports that it was not all: trim again at once, without Every.
	More bool
	// Skipped reports that nothing was done, since somebody has just looked.
	Skipped bool
	// Stalled are the groups that hold up the stream, from the first moment on.
	Stalled []Stalled
	// Missing are needed groups that do not exist; then nothing was done.
	Missing []string
}

// Stalled is a group that holds up the stream.
type Stalled struct {
	Group string
	For   time.Duration
	// Dead reports that it stood still for so long that it holds up nothing any more.
	Dead bool
}

// Trim deletes entries that all groups of the stream are done with, a bounded
// number of them.
func (g Group) Trim(ctx context.Context, t Trim) (Trimmed, error) {
	args := make([]any, 0, 9+len(t.Needed))
	args = append(args, parker, t.KeepEntries, t.KeepFor.Milliseconds(), t.DeadAfter.Milliseconds(),
		cmp.Or(t.Limits.Most, 10_000), cmp.Or(t.Limits.Singly, 1000), cmp.Or(t.Limits.Parked, 200),
		t.Every.Milliseconds(), g.Group)
	for _, name := range t.Needed {
		args = append(args, name)
	}
	reply, err := trimScript.Run(ctx, g.Client, []string{g.Stream, StalledKey(g.Stream)}, args...).Slice()
	if err != nil {
		return Trimmed{}, fmt.Errorf("trim %s: %w", g.Stream, err)
	}
	if len(reply) != 5 {
		return Trimmed{}, errUnexpected
	}
	var counts [3]int64
	for i := range counts {
		if counts[i], err = toInt(reply[i]); err != nil {
			return Trimmed{}, err
		}
	}
	missing, _ := reply[4].([]any)
	trimmed := Trimmed{Deleted: int(counts[0]), More: counts[1] == 1, Skipped: counts[2] == 1}
	for _, m := range missing {
		name, _ := m.(string)
		trimmed.Missing = append(trimmed.Missing, name)
	}
	trimmed.Stalled, err = parseStalled(reply[3])
	return trimmed, err
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
