package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed backlog.lua
var backlogSource string

var backlogScript = redis.NewScript(backlogSource)

// Backlog is what there is to do for a group.
type Backlog struct {
	// Undelivered are the entries that no consumer was delivered. It is exact up to about
	// 1,000 entries or a megabyte of them; above that it is Redis's own figure if that
	// can be, else the length of the stream, which is not below it.
	Undelivered int64
	// Waiting is how long ago the oldest of them was added, by the time in its id.
	Waiting time.Duration
	// Pending were delivered, and are neither settled nor put aside.
	Pending int64
	// OldestPending is how long ago the oldest of them was added.
	OldestPending time.Duration
	// Parked are put aside until a time.
	Parked int64
}

// BacklogOf asks in one request, which is made once, how much there is to do for a
// group. It is false when there is no such group.
func BacklogOf(ctx context.Context, client redis.UniversalClient, r Reading) (Backlog, bool, error) {
	const most, mostBytes = 1000, 1 << 20 // bounds how long one script keeps the server
	reply, err := runOnce(ctx, client, backlogScript, []string{r.Stream}, r.Group, parker, most, mostBytes).Slice()
	if err == redis.Nil { //nolint:errorlint // as in Read
		return Backlog{}, false, nil
	}
	var n [5]int64
	if err == nil && len(reply) != len(n) {
		err = errUnexpected
	}
	for i := 0; i < len(n) && err == nil; i++ {
		n[i], err = toInt(reply[i])
	}
	if err != nil {
		return Backlog{}, false, fmt.Errorf("ask how much there is to do for group %s on %s: %w", r.Group, r.Stream, err)
	}
	return Backlog{
		Undelivered: n[0], Waiting: time.Duration(n[1]) * time.Millisecond,
		Pending: n[2], OldestPending: time.Duration(n[3]) * time.Millisecond,
		Parked: n[4],
	}, true, nil
}
