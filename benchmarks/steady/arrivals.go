package steady

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// unrecorded is the part of the messages whose latency does not count.
const unrecorded = 10

// arrivals are what came out of a chain.
type arrivals struct {
	messages int
	parse    func(string) (int, time.Time, bool)
	tally    *bench.Tally
	latency  *hdrhistogram.Histogram

	mu sync.Mutex
	// total is everything that came, last when the last message came for the first time.
	total int
	last  time.Time
	pause time.Duration
	// stopped says that the chain had come to a stop: what comes from now on is late.
	stopped bool
	late    int
	// asked is the highest number that came beyond those of the messages.
	asked int
}

func newArrivals(messages int, parse func(string) (int, time.Time, bool)) *arrivals {
	return &arrivals{messages: messages, parse: parse, tally: bench.NewTally(messages), latency: bench.NewLatency()}
}

func (a *arrivals) came(payload string, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total++
	i, due, ok := a.parse(payload)
	switch {
	case !ok:
		a.tally.Spoilt()
	case i >= a.messages:
		a.asked = max(a.asked, i)
	case a.tally.Came(i):
		a.first(i, due, at)
	}
}

// first is for a message that came for the first time.
func (a *arrivals) first(i int, due, at time.Time) {
	if i >= a.messages/unrecorded {
		bench.Record(a.latency, at.Sub(due))
	}
	if a.stopped {
		a.late++
		return
	}
	if !a.last.IsZero() {
		a.pause = max(a.pause, at.Sub(a.last))
	}
	a.last = at
}

func (a *arrivals) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
}

// count returns how much has come, and the highest number that was asked for.
func (a *arrivals) count() (total, asked int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total, a.asked
}
