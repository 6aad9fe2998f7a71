package steady

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/chain"
	"github.com/millstream-go/millstream/internal/commit"
)

// aged is how old what groups hold is made: longer than any contender waits until it
// takes over what another consumer holds.
const aged = time.Hour

// groups are the consumer groups of a chain's stages, whatever their names.
type groups struct {
	chain  chain.Chain
	client *redis.Client
}

func newGroups(c chain.Chain) *groups { return &groups{c, c.Connect()} }

// close leaves the groups as they are.
func (g *groups) close() { _ = g.client.Close() } // nothing is under way

// idle reports whether no group has an undelivered or pending entry, and how many the
// last stage has made. While Redis does not answer there is no telling.
func (g *groups) idle(ctx context.Context) (idle bool, made int) {
	readings, err := g.readings(ctx)
	if err != nil || len(readings) < g.chain.Stages {
		return false, 0
	}
	if idle, err = commit.Idle(ctx, g.client, readings); err != nil {
		return false, 0
	}
	n, err := g.client.XLen(ctx, g.chain.Topic(g.chain.Stages)).Result()
	return idle && err == nil, int(n)
}

func (g *groups) readings(ctx context.Context) (all []commit.Reading, err error) {
	for i := range g.chain.Stages {
		infos, err := g.client.XInfoGroups(ctx, g.chain.Topic(i)).Result()
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			all = append(all, commit.Reading{Stream: g.chain.Topic(i), Group: info.Name})
		}
	}
	return all, nil
}

// age makes all entries that consumers hold look as if they had for an hour.
func (g *groups) age(ctx context.Context) error {
	readings, err := g.readings(ctx)
	if err != nil {
		return fmt.Errorf("look for what groups hold: %w", err)
	}
	for _, r := range readings {
		if err := g.ageGroup(ctx, r); err != nil {
			return fmt.Errorf("let time pass for what group %s holds: %w", r.Group, err)
		}
	}
	return nil
}

func (g *groups) ageGroup(ctx context.Context, r commit.Reading) error {
	const page = 1000
	for from := "-"; ; {
		entries, err := g.client.XPendingExt(ctx, &redis.XPendingExtArgs{
			Stream: r.Stream, Group: r.Group, Start: from, End: "+", Count: page,
		}).Result()
		if err != nil {
			return err
		}
		for _, entry := range entries {
			// It stays with its consumer, and counts as delivered no more often.
			err := g.client.Do(ctx, "XCLAIM", r.Stream, r.Group, entry.Consumer, 0, entry.ID,
				"IDLE", aged.Milliseconds(), "JUSTID").Err()
			if err != nil {
				return err
			}
			from = "(" + entry.ID
		}
		if len(entries) < page {
			return nil
		}
	}
}
