package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
)

//go:embed begin.lua
var beginSource string

//go:embed again.lua
var againSource string

var (
	beginScript = redis.NewScript(beginSource)
	againScript = redis.NewScript(againSource)
)

// Begin notes that this consumer begins on an abandoned entry, and returns how
// often that was noted since the entry was settled last; 0 when another consumer
// has it by now. Redis itself counts deliveries, but also of entries that were only
// read ahead, which are not to blame for the death of their consumer. Running it
// again for the same attempt changes nothing.
func (g Group) Begin(ctx context.Context, id string, attempt int) (int, error) {
	// What is left of entries that were settled in other ways goes in time.
	const forgotten = 30 * 24 * time.Hour
	n, err := beginScript.Run(ctx, g.Client, []string{g.Stream, UnfinishedKey(g.Stream, g.Group)},
		g.Group, g.Consumer, id, attempt, forgotten.Milliseconds()).Int()
	if err != nil {
		return 0, fmt.Errorf("note a new beginning on an entry of group %s on %s: %w", g.Group, g.Stream, err)
	}
	return n, nil
}

// Finish drops what was noted of an entry: a run of it has ended, though it is not
// settled yet.
func (g Group) Finish(ctx context.Context, id string) error {
	if err := g.Client.HDel(ctx, UnfinishedKey(g.Stream, g.Group), id).Err(); err != nil {
		return fmt.Errorf("note the end of a run on an entry of group %s on %s: %w", g.Group, g.Stream, err)
	}
	return nil
}

// Again counts a delivery of an entry that this consumer keeps and begins on
// again, and notes the history of its handler, so that its next consumer goes on
// counting from there.
func (g Group) Again(ctx context.Context, id string, attempt int, history handoff.History) error {
	keys := []string{g.Stream, UnfinishedKey(g.Stream, g.Group)}
	if err := againScript.Run(ctx, g.Client, keys, g.Group, g.Consumer, id, attempt, historyNote(history)).Err(); err != nil {
		return fmt.Errorf("count a delivery of group %s on %s: %w", g.Group, g.Stream, err)
	}
	return nil
}
