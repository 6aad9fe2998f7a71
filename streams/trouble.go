package streams

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
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
	if redis.HasErrorPrefix(err, "NOGROUP") && t.regroup(ctx) {
		return true
	}
	if t.failed == 1 || time.Since(t.said) > time.Minute {
		t.said = time.Now()
		t.sub.log.Warn(t.doing+" failed, trying again", "failures", t.failed, "error", err)
	}
	return t.sub.sleep(backoff(100*time.Millisecond, 5*time.Second, t.failed))
}

// regroup makes a lost group again.
func (t *trouble) regroup(ctx context.Context) bool {
	g := t.sub.group
	made, err := ensureGroup(ctx, g.Client, g.Stream, g.Group, t.sub.config.Start)
	if err != nil {
		return false
	}
	if made {
		t.sub.count.regrouped.Add(1)
		t.sub.log.Warn("the consumer group was gone and was made again", "start", t.sub.config.Start)
	}
	return t.sub.sleep(10 * time.Millisecond)
}
