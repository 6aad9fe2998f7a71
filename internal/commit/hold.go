package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed renew.lua
var renewSource string

//go:embed leave.lua
var leaveSource string

var (
	renewScript = redis.NewScript(renewSource)
	leaveScript = redis.NewScript(leaveSource)
)

// Renew keeps the hold on entries, so that no one claims them as idle.
func (g Group) Renew(ctx context.Context, ids []string) error {
	const most = 1000 // bounds how long one script keeps the server
	for len(ids) > 0 {
		n := min(len(ids), most)
		args := make([]any, 0, 2+n)
		args = append(args, g.Group, g.Consumer)
		for _, id := range ids[:n] {
			args = append(args, id)
		}
		if err := renewScript.Run(ctx, g.Client, []string{g.Stream}, args...).Err(); err != nil {
			return fmt.Errorf("renew the hold on %d entries of group %s on %s: %w", n, g.Group, g.Stream, err)
		}
		ids = ids[n:]
	}
	return nil
}

// Unfinished is an entry to hand back. Started tells whether a handler saw it;
// if none did, the delivery does not count as an attempt.
type Unfinished struct {
	ID      string
	Started bool
}

// Leave hands entries back to the group, so that other consumers take them at
// once, and removes the consumer if it holds nothing else. It returns how many were
// handed back: others may have taken over some before.
func (g Group) Leave(ctx context.Context, unfinished []Unfinished) (int, error) {
	return g.leave(ctx, returned, unfinished)
}

// StandInLine hands back entries that were found by [Group.Held], for the next
// ordered read to take them in their turn. Those that were inherited come from it
// as abandoned, since that is what an earlier process of this name did.
func (g Group) StandInLine(ctx context.Context, entries []Entry, inherited bool) error {
	under := returned
	if inherited {
		under = abandoned
	}
	unfinished := make([]Unfinished, len(entries))
	for i := range entries {
		unfinished[i] = Unfinished{ID: entries[i].ID}
	}
	_, err := g.leave(ctx, under, unfinished)
	return err
}

func (g Group) leave(ctx context.Context, under string, unfinished []Unfinished) (int, error) {
	// Longer than any idle time in use.
	const idle = 30 * 24 * time.Hour
	args := make([]any, 0, 4+2*len(unfinished))
	args = append(args, g.Group, g.Consumer, under, idle.Milliseconds())
	for _, u := range unfinished {
		takeBack := 1
		if u.Started {
			takeBack = 0
		}
		args = append(args, u.ID, takeBack)
	}
	n, err := leaveScript.Run(ctx, g.Client, []string{g.Stream}, args...).Int()
	if err != nil {
		return 0, fmt.Errorf("leave group %s on %s: %w", g.Group, g.Stream, err)
	}
	return n, nil
}

// Drop takes entries off the group's list of pending ones: those that were
// deleted from the stream have nothing left to deliver.
func (g Group) Drop(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := g.Client.XAck(ctx, g.Stream, g.Group, ids...).Err(); err != nil {
		return fmt.Errorf("drop %d deleted entries of group %s on %s: %w", len(ids), g.Group, g.Stream, err)
	}
	return nil
}
