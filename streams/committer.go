package streams

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// committer settles deliveries in batches. There is no timer: they gather while
// the commit before is in flight. When none is and messages come one by one, the lane commits
// itself, for to wake another goroutine takes a good part of the time that a message needs.
type committer struct {
	sub   *subscription
	queue chan commit.Delivery
	// queued is how many were passed on and are not settled: nothing may overtake them.
	queued atomic.Int64
	// lock has an item while a commit is under way. It is no mutex because the commit waits
	// for Redis with it, and in a testing/synctest bubble time stands still while another
	// waits for a mutex.
	lock chan struct{}
	// single is the batch of a lane that has the lock.
	single [1]commit.Delivery
	// work ends when commits are given up. It is set before lanes run.
	work context.Context
	// failing is set while Redis does not answer: no lane is to wait for it.
	failing atomic.Bool
}

const (
	// maxCommit and maxCommitBytes bound how long one commit keeps the server.
	maxCommit      = 256
	maxCommitBytes = 1 << 20
)

// newCommitter returns a committer whose queue is bounded, so that lanes wait
// when Redis does not keep up.
func newCommitter(s *subscription) *committer {
	return &committer{sub: s, queue: make(chan commit.Delivery, 2*maxCommit), lock: make(chan struct{}, 1)}
}

// submit settles a delivery, or passes it on to be settled. It waits while the queue is
// full; when that takes longer than a closing subscription may, the entry goes back.
func (c *committer) submit(entry *commit.Entry, effects handoff.Effects) {
	delivery := commit.Delivery{ID: entry.ID, Attempt: entry.Attempt, Noted: entry.History.Failures > 0, Serial: entry.Serial, Effects: effects}
	if c.settledAtOnce(&delivery) {
		return
	}
	c.queued.Add(1)
	select {
	case c.queue <- delivery:
		return
	default:
	}
	select {
	case c.queue <- delivery:
	case <-c.sub.expired:
		c.queued.Add(-1)
		c.sub.handBack(entry.ID, true)
	}
}

// settledAtOnce tries once to settle a delivery that has nothing to wait for, and no other
// to wait with.
func (c *committer) settledAtOnce(delivery *commit.Delivery) bool {
	if c.failing.Load() || c.queued.Load() > 0 || !c.sub.feed.isQuiet() || c.sub.isStopping() {
		return false
	}
	select {
	case c.lock <- struct{}{}:
	default:
		return false
	}
	defer func() { <-c.lock }()
	c.single[0] = *delivery
	batch := c.single[:]
	defer clear(batch)
	begun := c.sub.commits.begin(c.work)
	results, err := c.settle(c.work, batch)
	if err == nil {
		c.settled(c.work, batch, results, begun, false)
		return true
	}
	*delivery = batch[0] // of which some may be done: what is out of the commit's reach
	if !commit.Refused(err) {
		c.sub.count.troubles.Add(1)
		c.failing.Store(true)
		delivery.Repeated = true
	}
	return false
}

// run commits until the queue is closed and empty. When work ends before that,
// the rest is left pending for others.
func (c *committer) run() {
	batch := make([]commit.Delivery, 0, maxCommit)
	for delivery := range c.queue {
		c.lock <- struct{}{}
		batch = c.gather(append(batch[:0], delivery))
		c.commit(c.work, batch)
		c.queued.Add(-int64(len(batch)))
		<-c.lock
	}
}

// gather adds what waits in the queue.
func (c *committer) gather(batch []commit.Delivery) []commit.Delivery {
	for bytes := deliverySize(batch[0]); len(batch) < maxCommit && bytes < maxCommitBytes; {
		select {
		case next, ok := <-c.queue:
			if !ok {
				return batch
			}
			batch = append(batch, next)
			bytes += deliverySize(next)
		default:
			return batch
		}
	}
	return batch
}

func deliverySize(d commit.Delivery) int {
	n := 0
	for _, output := range d.Effects.Outputs {
		n += output.Size
	}
	return n
}

// commit settles a batch, again and again until Redis has answered: finished
// work is not lost to an outage. A repeat changes nothing that was done.
func (c *committer) commit(ctx context.Context, batch []commit.Delivery) {
	var said time.Time
	begun := c.sub.commits.begin(ctx)
	for failures := 0; ; failures++ {
		results, err := c.settle(ctx, batch)
		if err == nil {
			if failures > 0 {
				c.sub.log.Info("commits work again", "failures", failures)
			}
			c.settled(ctx, batch, results, begun, failures > 0)
			return
		}
		if commit.Refused(err) {
			c.separate(ctx, batch, err)
			return
		}
		c.sub.count.troubles.Add(1)
		c.failing.Store(true)
		if time.Since(said) > time.Minute {
			said = time.Now()
			c.sub.log.Warn("commit failed, trying again", "messages", len(batch), "failures", failures+1, "error", err)
		}
		select {
		case <-ctx.Done():
			c.sub.log.Error("commit given up, the messages will be delivered again", "messages", len(batch), "error", err)
			for i := range batch {
				c.sub.handBack(batch[i].ID, true)
			}
			return
		case <-time.After(backoff(50*time.Millisecond, 2*time.Second, failures+1)):
		}
	}
}

// settled takes note of what became of a batch.
func (c *committer) settled(ctx context.Context, batch []commit.Delivery, results []commit.Result, begun time.Time, repeated bool) {
	c.failing.Store(false)
	c.sub.holds.remove(batch)
	c.sub.commits.done(ctx, begun, len(batch))
	c.report(ctx, batch, results, repeated)
}

// settle carries a batch out: first what is out of the commit's reach.
func (c *committer) settle(ctx context.Context, batch []commit.Delivery) ([]commit.Result, error) {
	if c.sub.domain.isSpread() {
		c.sub.publishAbroad(ctx, batch)
	}
	return c.sub.group.Commit(ctx, batch)
}

// separate settles the deliveries of a batch that Redis refuses one by one, so
// that one does not hold up the others, and puts the one aside that it is about.
func (c *committer) separate(ctx context.Context, batch []commit.Delivery, err error) {
	if len(batch) > 1 {
		for i := range batch {
			c.commit(ctx, batch[i:i+1])
		}
		return
	}
	d := batch[0]
	if d.Effects.Park {
		c.sub.log.Error("message cannot be put aside, it stays pending and comes again after the idle time",
			"entry_id", d.ID, "attempt", d.Attempt, "idle_time", c.sub.config.IdleTime, "error", err)
		c.sub.holds.remove(batch)
		return
	}
	delay := backoff(commit.FailureDelay, time.Minute*5, d.Attempt)
	c.say(slog.LevelError, saidRefused, &d, "delay", delay, "error", err)
	c.sub.count.refused.Add(1)
	d.Effects.Tell(handoff.Refused, err)
	batch[0].Effects = handoff.Effects{Park: true, Aside: handoff.Aside{For: delay}}
	c.commit(ctx, batch)
}
