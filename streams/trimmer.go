package streams

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

const (
	// trimEvery is how often to trim while messages are being finished, trimIdly
	// how often at least while none are: time passes for KeepFor and for groups
	// that have stopped, too.
	trimEvery = time.Second
	trimIdly  = 30 * time.Second
	// maxBarren is how many calls in a row may delete nothing: looking through very
	// many entries that are put aside is spread over time.
	maxBarren = 10
)

// trimmer trims the stream of a subscription.
type trimmer struct {
	sub *subscription
	// finished is set when something was committed.
	finished atomic.Bool
	holdups  holdups
	idly     time.Duration
}

func newTrimmer(s *subscription) *trimmer {
	t := &trimmer{sub: s, idly: min(trimIdly, s.config.Trim.ReportAfter/4)}
	if dead := s.config.Trim.DeadAfter; dead > 0 {
		t.idly = min(t.idly, dead/4)
	}
	t.holdups = holdups{log: s.log, after: s.config.Trim.ReportAfter, said: map[holdup]mention{}}
	return t
}

// run trims until the subscription stops.
func (t *trimmer) run(ctx context.Context) {
	trouble := t.sub.newTrouble("trimming")
	var last time.Time
	// Consumers of one stream do not trim all at once.
	for t.sub.sleep(trimEvery + rand.N(trimEvery/2)) {
		if !t.finished.Load() && time.Since(last) < t.idly {
			continue
		}
		last = time.Now()
		t.finished.Store(false)
		done, err := t.look(ctx, trimEvery/2, t.sub.isStopping)
		if !done {
			t.finished.Store(true)
		}
		if !trouble.settle(ctx, err) {
			return
		}
	}
}

// last trims what was finished since, so that whoever leaves last leaves nothing
// that nobody needs.
func (t *trimmer) last(ctx context.Context) {
	if !t.finished.Swap(false) {
		return
	}
	if _, err := t.look(ctx, 0, func() bool { return false }); err != nil {
		t.sub.log.Warn("the last trimming failed, others or the next run will do it", "error", err)
	}
}

// look trims, unless somebody did so less than every ago, and reports whether all
// was looked at.
func (t *trimmer) look(ctx context.Context, every time.Duration, stop func() bool) (done bool, err error) {
	needed, known := t.sub.config.roster.groups(t.sub.group.Stream, t.sub.group.Group)
	if !known {
		return true, nil
	}
	trim := commit.Trim{
		KeepEntries: t.sub.config.Trim.KeepEntries, KeepFor: t.sub.config.Trim.KeepFor,
		DeadAfter: t.sub.config.Trim.DeadAfter, Needed: needed, Every: every,
	}
	for barren := 0; barren < maxBarren && !stop(); {
		got, err := t.sub.group.Trim(ctx, trim)
		if err != nil || got.Skipped {
			return false, err
		}
		t.sub.count.trimmed.Add(uint64(got.Deleted))
		t.holdups.report(got.Stalled, got.Missing)
		if !got.More {
			return true, nil
		}
		if got.Deleted == 0 {
			barren++
		}
		trim.Every = 0
	}
	return false, nil
}
