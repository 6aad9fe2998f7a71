package pubsub

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// slotOwner returns the server that an ordinary channel is subscribed to at, in a
// cluster: the one that the publisher gives messages to, so that it can tell who hears
// them. Empty: it does not matter, or it is not known now.
//
// Of a sharded channel Redis tells who listens when it moves. Of an ordinary one it
// need not, for any server of the cluster gets it; but one that has left the cluster
// goes on answering, and gets nothing.
func (l *listener) slotOwner(ctx context.Context) string {
	cluster, ok := l.client.(*redis.ClusterClient)
	if !ok || l.config.Patterns || l.config.Sharded || cluster.Options().ReadOnly {
		return ""
	}
	master, err := cluster.MasterForKey(ctx, l.topic)
	if err != nil {
		return ""
	}
	return master.Options().Addr
}

// hasMoved reports whether another server has the channel's slot by now, by the client's
// own map of the cluster, which is renewed for the next time.
func (l *listener) hasMoved(ctx context.Context) bool {
	l.mu.Lock()
	before := l.owner
	l.mu.Unlock()
	if before == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, l.config.Heartbeat)
	defer cancel()
	now := l.slotOwner(ctx)
	l.config.renewal.renew(ctx, l.client, l.config.Heartbeat)
	return now != "" && now != before
}

// renewal renews a cluster client's map for all topics of a subscriber.
type renewal struct {
	mu   sync.Mutex
	last time.Time
}

// renew asks the cluster, but not more often than the time between says.
func (r *renewal) renew(ctx context.Context, client redis.UniversalClient, between time.Duration) {
	r.mu.Lock()
	due := time.Since(r.last) >= between/2
	if due {
		r.last = time.Now()
	}
	r.mu.Unlock()
	if cluster, ok := client.(*redis.ClusterClient); ok && due {
		cluster.ReloadState(ctx) // which does not wait for it
	}
}
