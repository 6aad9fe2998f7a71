package streams

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

// trouble keeps a failing loop from running hot and from flooding the log: it
// waits longer each time, and says when it begins and when it is over.
type trouble struct {
	sub    *subscription
	doing  string
	failed int
	said   time.Time
}

func (s *subscription) newTrouble(doing string) *trouble { return &trouble{sub: s, doing: doing} }

// settle takes the outcome of one run of the loop and returns false when the
// subscription stops.
func (t *trouble) settle(ctx context.Context, err error) bool {
	if err != nil {
		lookAround(ctx, t.sub.domain.client, err)
	}
	if t.sub.isStopping() && err != nil {
		return false
	}
	if err == nil {
		if t.failed > 0 {
			t.sub.log.Info(t.doing+" works again", "failures", t.failed)
			t.failed = 0
		}
		return true
	}
	t.failed++
	t.sub.count.troubles.Add(1)
	if redis.HasErrorPrefix(err, "NOGROUP") {
		failure := t.regroup(ctx)
		if failure == nil {
			// It works at once, unless something keeps taking the group away.
			return t.sub.sleep(backoff(10*time.Millisecond, 5*time.Second, t.failed))
		}
		err = errors.Join(err, failure)
	}
	if t.failed == 1 || time.Since(t.said) > time.Minute {
		t.said = time.Now()
		t.sub.log.Warn(t.doing+" failed, trying again", "failures", t.failed, "error", t.explain(ctx, err))
	}
	return t.sub.sleep(backoff(100*time.Millisecond, 5*time.Second, t.failed))
}

func (t *trouble) explain(ctx context.Context, err error) error {
	g := t.sub.group
	return t.sub.domain.explain(ctx, err,
		wanted{g.Stream, "stream"}, wanted{commit.ParkingKey(g.Stream, g.Group), "zset"})
}

// regroup makes a lost group again.
func (t *trouble) regroup(ctx context.Context) error {
	g := t.sub.group
	made, err := ensureGroup(ctx, t.sub.domain, g.Stream, g.Group, t.sub.config.Start)
	if err != nil {
		return err
	}
	if made {
		t.sub.count.regrouped.Add(1)
		t.sub.log.Warn("the consumer group was gone and was made again", "start", t.sub.config.Start)
	}
	return nil
}

// lookAround has the client of a cluster ask who serves what, unless err is a
// server's reply. A server sends it on to the right one, and then it asks by
// itself; a dead one does not, and then go-redis would ask once a minute.
func lookAround(ctx context.Context, client redis.UniversalClient, err error) {
	if _, reply := errors.AsType[redis.Error](err); reply {
		return
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
}
