package steady

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

const (
	// look is how often it is looked whether all is settled.
	look = 10 * time.Millisecond
	// quiet is how long nothing may have come out before a chain on Pub/Sub is asked
	// whether that was all. A question takes the place of a message where buffers are
	// full, so it must not come too early.
	quiet = 100 * time.Millisecond
	// still is how long nothing may come out of a chain on Streams that has something
	// left to do, until it is taken to have come to a stop.
	still = 2 * time.Second
	// patience is how long a chain on Pub/Sub may not answer until it is taken for dead.
	patience = 10 * time.Second
)

// settle returns when nothing more is to come out.
func (r *run) settle(ctx context.Context, s *Stages) error {
	if chain.IsLive(r.Contender) {
		return r.settleChannels(ctx)
	}
	return r.settleStreams(ctx, s)
}

// settleChannels sends further messages, which count nowhere, until one of them comes
// out: it came behind all others, each stage passing on one after the other.
func (r *run) settleChannels(ctx context.Context) error {
	if err := r.awaitQuiet(ctx); err != nil {
		return err
	}
	for i, end := r.Messages, time.Now().Add(patience); time.Now().Before(end); i++ {
		_ = r.ends.Feed(ctx, r.Payload(i, time.Now())) // the next may succeed
		if err := wait(ctx, quiet); err != nil {
			return err
		}
		if _, asked := r.arrivals.count(); asked > 0 {
			return r.awaitQuiet(ctx) // with Concurrency the answer may be early
		}
	}
	return nil
}

func (r *run) awaitQuiet(ctx context.Context) error {
	for before, now := -1, 0; now != before; now, _ = r.arrivals.count() {
		before = now
		if err := wait(ctx, quiet); err != nil {
			return err
		}
	}
	return nil
}

// settleStreams waits until no entry is left anywhere. What a consumer holds that is
// gone comes to others after the idle time of the contender, which may be a minute. No
// round waits for that: time is made to pass, and the stages are started anew, which
// take over at once what is idle. What has not come out then is lost.
func (r *run) settleStreams(ctx context.Context, s *Stages) error {
	groups := newGroups(r.chain)
	defer groups.close()
	settled, err := r.awaitIdle(ctx, groups)
	if settled || err != nil {
		return err
	}
	r.arrivals.stop()
	if err := groups.age(ctx); err != nil {
		return err
	}
	if err := s.Stop(); err != nil {
		return err
	}
	s.Start(ctx)
	_, err = r.awaitIdle(ctx, groups)
	return err
}

// awaitIdle reports whether all groups came to have nothing left to do, and all that
// they made has come out: false if nothing came out any more before that.
func (r *run) awaitIdle(ctx context.Context, g *groups) (bool, error) {
	total, moved := -1, time.Now()
	for {
		if n, _ := r.arrivals.count(); n != total {
			total, moved = n, time.Now()
		}
		if idle, made := g.idle(ctx); idle && made == total {
			return true, nil
		}
		if time.Since(moved) > still {
			return false, nil
		}
		if err := wait(ctx, look); err != nil {
			return false, err
		}
	}
}
