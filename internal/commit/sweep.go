package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed sweep.lua
var sweepSource string

var sweepScript = redis.NewScript(sweepSource)

// Sweep removes consumers of the group that hold nothing and have been silent
// for at least idle, and returns how many.
func (g Group) Sweep(ctx context.Context, idle time.Duration) (int, error) {
	n, err := sweepScript.Run(ctx, g.Client, []string{g.Stream}, g.Group, g.Consumer, idle.Milliseconds()).Int()
	if err != nil {
		return 0, fmt.Errorf("sweep the consumers of group %s on %s: %w", g.Group, g.Stream, err)
	}
	return n, nil
}
