package streams

import (
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// feed passes entries from the readers to the lanes and tells how many to read.
//
// Reading ahead is bounded by time: what is read should be started within
// readAhead, so that a slow stage does not hoard what an idle consumer could
// take. One batch is being worked off while the next is read.
type feed struct {
	lanes    int
	stopping <-chan struct{}
	batches  chan []commit.Entry
	// hungry has an item when a lane has found nothing to do.
	hungry  chan struct{}
	waiting atomic.Int64
	// freed has an item when a lane has come for an entry.
	freed chan struct{}
	// ahead is how many entries to read at a time; zero means not to read before
	// a lane waits. bytes is the mean size of an entry.
	ahead atomic.Int64
	bytes atomic.Int64
	// left is how many entries were read and not taken by a lane, and many tells that the
	// last batch had more than one for each lane.
	left atomic.Int64
	many atomic.Bool

	// lock has an item while a lane is at what follows. It is no mutex because a lane
	// waits for a batch with it, and in a testing/synctest bubble time stands still
	// while another waits for a mutex.
	lock    chan struct{}
	current []commit.Entry
	// pace is the mean time in nanoseconds that a lane is at work on an entry,
	// measured how many entries in a row that were quick.
	pace     float64
	measured int
}

const (
	// readAhead is how long the entries of one batch should take to be started.
	readAhead = 50 * time.Millisecond
	// maxRead and maxReadBytes bound a batch however fast the lanes are.
	maxRead      = 1000
	maxReadBytes = 4 << 20
)

func newFeed(lanes int, stopping <-chan struct{}) *feed {
	return &feed{
		lanes: lanes, stopping: stopping,
		batches: make(chan []commit.Entry), hungry: make(chan struct{}, 1), freed: make(chan struct{}, 1),
		lock: make(chan struct{}, 1),
	}
}

// turn is a lane's own note of when it got its entry.
type turn struct{ began time.Time }

// next returns the next entry for a lane; false when the subscription stops.
func (f *feed) next(t *turn) (commit.Entry, bool) {
	f.waiting.Add(1)
	defer f.waiting.Add(-1)
	select {
	case f.freed <- struct{}{}:
	default:
	}
	now := time.Now()
	f.lock <- struct{}{}
	defer func() { <-f.lock }()
	if !t.began.IsZero() {
		f.measure(now.Sub(t.began))
	}
	for {
		select {
		case <-f.stopping:
			return commit.Entry{}, false
		default:
		}
		if len(f.current) > 0 {
			entry := f.current[0]
			f.current = f.current[1:]
			f.left.Add(-1)
			t.began = now
			return entry, true
		}
		select {
		case f.hungry <- struct{}{}:
		default:
		}
		select {
		case f.current = <-f.batches:
			now = time.Now()
		case <-f.stopping:
		}
	}
}

// isQuiet reports whether entries come no faster than the lanes take them, one by one.
func (f *feed) isQuiet() bool { return f.left.Load() == 0 && !f.many.Load() }

// measure sets how many entries to read at a time from how long a lane was at
// work on one.
func (f *feed) measure(took time.Duration) {
	sample := float64(max(took, time.Microsecond))
	if f.pace == 0 {
		f.pace = sample
	}
	// A mean that a slow entry moves at once: five of a kind make most of it.
	f.pace += (sample - f.pace) / 5
	f.measured++
	ahead := float64(f.lanes) * float64(readAhead) / f.pace
	if ahead < float64(f.lanes) {
		f.measured = 0
		f.ahead.Store(0)
		return
	}
	// A few quick ones say little yet: grow by steps.
	f.ahead.Store(int64(min(ahead, float64(2*max(f.measured, f.lanes)), maxRead)))
}

// want returns how many entries to read now, once it is time to; false when the
// subscription stops.
func (f *feed) want() (int, bool) {
	select {
	case <-f.stopping:
		return 0, false
	default:
	}
	n := int(f.ahead.Load())
	for n == 0 {
		select {
		case <-f.hungry:
			n = int(f.waiting.Load())
		case <-f.stopping:
			return 0, false
		}
	}
	return f.bounded(n), true
}

// bounded returns how many of n entries to read at a time by their size so far.
func (f *feed) bounded(n int) int {
	if b := f.bytes.Load(); b > 0 {
		return max(1, min(n, int(maxReadBytes/b)))
	}
	return n
}

// share returns how many entries to take over now, once a lane has come for one:
// they are held until lanes have begun on them, so while all lanes are at work none
// are taken from whoever is free, and no more than is read at a time. It returns
// false when the subscription stops.
func (f *feed) share() (int, bool) {
	const most = 100
	select {
	case <-f.freed: // a while ago
	default:
	}
	if f.waiting.Load() == 0 {
		select {
		case <-f.freed:
		case <-f.stopping:
			return 0, false
		}
	}
	return f.bounded(int(min(max(f.waiting.Load(), f.ahead.Load(), 1), most))), true
}

// put passes a batch to the lanes and returns when they begin on it. When the
// subscription stops first, the batch becomes part of the rest.
func (f *feed) put(entries []commit.Entry) {
	if len(entries) == 0 {
		return
	}
	f.left.Add(int64(len(entries)))
	f.many.Store(len(entries) > f.lanes)
	total := 0
	for _, e := range entries {
		for _, v := range e.Values {
			if s, ok := v.(string); ok {
				total += len(s)
			}
		}
	}
	// A mean that falls slowly: large ones may come in between.
	f.bytes.Store(max(int64(total/len(entries)), f.bytes.Load()*7/8))
	select {
	case f.batches <- entries:
	case <-f.stopping:
		f.lock <- struct{}{}
		f.current = append(f.current, entries...)
		<-f.lock
	}
}

// rest returns the entries that no lane took, after the lanes have ended.
func (f *feed) rest() []commit.Entry {
	f.lock <- struct{}{}
	defer func() { <-f.lock }()
	rest := f.current
	f.current = nil
	return rest
}
