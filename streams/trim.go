package streams

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// Trim says what of a stream's past is deleted. Nothing is that any group has not
// been delivered, or holds, or has put aside: a stream is trimmed below its floor,
// the lowest entry that any of its groups still needs, and around entries that are
// put aside for long. A group counts from the moment it is made.
//
// The zero value deletes all that every group is done with.
type Trim struct {
	// KeepEntries is how many of the newest entries are kept at least, for groups
	// to come and for replay. Redis stores entries in nodes and only whole nodes
	// are trimmed, so it may be some hundred more.
	KeepEntries int64
	// KeepFor is for how long entries are kept at least after they were added.
	// With both set an entry must have outlived both.
	KeepFor time.Duration
	// ReportAfter is how long a group may leave entries unread, or an entry
	// pending that nobody renews, before it is logged as one that has stopped: it
	// holds the memory of all that comes behind. Default: 5 minutes.
	ReportAfter time.Duration
	// DeadAfter, if set, is how long it takes until such a group is declared dead:
	// then it holds nothing any more, and what it has not read is deleted. It must
	// not be shorter than ReportAfter. Default: never.
	DeadAfter time.Duration
}

// DefaultReportAfter is the default of [Trim]'s ReportAfter.
const DefaultReportAfter = 5 * time.Minute

func (t *Trim) setDefaults() error {
	if t.ReportAfter == 0 {
		t.ReportAfter = DefaultReportAfter
	}
	var faults []error
	if t.KeepEntries < 0 {
		faults = append(faults, fmt.Errorf("a KeepEntries of %d is not possible", t.KeepEntries))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"KeepFor", t.KeepFor}, {"ReportAfter", t.ReportAfter}, {"DeadAfter", t.DeadAfter}} {
		if d.value < 0 || d.value > 0 && d.value < time.Millisecond {
			faults = append(faults, fmt.Errorf("a value of %v for %s is not possible, a millisecond is the least", d.value, d.name))
		}
	}
	if t.DeadAfter > 0 && t.DeadAfter < t.ReportAfter {
		faults = append(faults, fmt.Errorf("a DeadAfter of %v is shorter than ReportAfter, %v: a group should be reported before it is given up", t.DeadAfter, t.ReportAfter))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("trim: %w", err)
	}
	return nil
}

const (
	// trimEvery is how often to trim while messages are being finished, trimIdly
	// how often while none are: time passes for KeepFor and for silent groups, too.
	trimEvery = time.Second
	trimIdly  = 30 * time.Second
	// sayStalledEvery is how often to say that a group has stopped.
	sayStalledEvery = time.Hour
)

// trimmer trims the stream of a subscription.
type trimmer struct {
	sub *subscription
	// finished is set when something was committed.
	finished atomic.Bool
	cursor   string
	said     map[string]time.Time // when each stalled group was last mentioned
}

func newTrimmer(s *subscription) *trimmer {
	return &trimmer{sub: s, cursor: "-", said: map[string]time.Time{}}
}

// run trims until the subscription stops.
func (t *trimmer) run(ctx context.Context) {
	trouble := t.sub.newTrouble("trimming")
	var last time.Time
	// Consumers of one stream do not trim all at once.
	for t.sub.sleep(trimEvery + rand.N(trimEvery/2)) {
		if !t.finished.Swap(false) && time.Since(last) < trimIdly {
			continue
		}
		last = time.Now()
		for more := true; more && !t.sub.isStopping(); {
			var err error
			more, err = t.trim(ctx)
			if !trouble.settle(ctx, err) {
				return
			}
		}
	}
}

// last trims what was finished since, so that whoever leaves last leaves nothing
// that nobody needs.
func (t *trimmer) last(ctx context.Context) {
	for more := t.finished.Swap(false); more; {
		var err error
		if more, err = t.trim(ctx); err != nil {
			t.sub.log.Warn("the last trimming failed, others or the next run will do it", "error", err)
			return
		}
	}
}

// trim deletes some entries and reports whether there are more to delete.
func (t *trimmer) trim(ctx context.Context) (more bool, err error) {
	config := t.sub.config.Trim
	got, err := t.sub.group.Trim(ctx, commit.Trim{
		KeepEntries: config.KeepEntries, KeepFor: config.KeepFor,
		DeadAfter: config.DeadAfter, Cursor: t.cursor,
	})
	if err != nil {
		return false, err
	}
	t.cursor = got.Cursor
	t.sub.count.trimmed.Add(uint64(got.Deleted))
	t.report(got.Stalled)
	return got.More, nil
}

// report says which groups have stopped, and which of those it said it of go on.
func (t *trimmer) report(stalled []commit.Stalled) {
	stopped := map[string]bool{}
	for _, g := range stalled {
		if g.For < t.sub.config.Trim.ReportAfter {
			continue
		}
		stopped[g.Group] = true
		if said, ok := t.said[g.Group]; !ok || time.Since(said) >= sayStalledEvery {
			t.said[g.Group] = time.Now()
			t.say(g)
		}
	}
	for name := range t.said {
		if !stopped[name] {
			delete(t.said, name)
			t.sub.log.Info("a group of the stream goes on", "stalled_group", name)
		}
	}
}

// say says that a group holds the stream, or did until it was declared dead.
func (t *trimmer) say(g commit.Stalled) {
	if g.Dead {
		t.sub.log.Warn("a group of the stream is declared dead: what it has not finished is trimmed away",
			"stalled_group", g.Group, "stalled_for", g.For)
		return
	}
	t.sub.log.Warn("a group of the stream has stopped and holds what comes behind: start its consumers, or destroy it if nobody needs it",
		"stalled_group", g.Group, "stalled_for", g.For)
}
