package commit

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/redis/go-redis/v9"
)

//go:embed idle.lua
var idleSource string

var idleScript = redis.NewScript(idleSource)

// Reading is a stream and a group that reads it.
type Reading struct{ Stream, Group string }

// Idle reports whether no entry is undelivered, pending or parked in any of the
// groups, at one moment. On a cluster all streams must be in one slot.
func Idle(ctx context.Context, client redis.UniversalClient, readings []Reading) (bool, error) {
	streams := make([]string, len(readings))
	groups := make([]any, len(readings))
	for i, r := range readings {
		streams[i], groups[i] = r.Stream, r.Group
	}
	idle, err := idleScript.Run(ctx, client, streams, groups...).Int()
	if err != nil {
		return false, fmt.Errorf("look for unfinished entries: %w", err)
	}
	return idle == 1, nil
}
