package bench

import (
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Case is a comparison: contenders that do the same work with the same settings.
type Case struct {
	// Suite is the question that it belongs to.
	Suite string
	// Name tells it apart from the other cases of its suite: "callers=64 batch=1".
	Name string
	// Title says in a few words what is done, for people.
	Title string
	// Axis, if set, is what grows from case to case of the suite, with its unit, and At
	// how much of it there is here: a curve is drawn of such cases.
	Axis string
	At   float64
	// Stages is how many stages a message goes through, Receivers how many get each
	// message. 0 counts as 1.
	Stages, Receivers int
	// Messages is the most that a round sends. Paced cases send exactly as many: it is
	// not cut to what a contender manages in [Settings].Longest.
	Messages int
	Paced    bool
	// Lossy is set where losing messages is what is measured, not a fault.
	Lossy bool
	// Baseline, if set, names the contender that the others are compared with.
	Baseline string
	// Rounds, if set, is the most rounds of this case: it is a long one.
	Rounds int
	// Open, if set, prepares what all rounds of the case share. It returns how to get
	// rid of that.
	Open func(context.Context) (close func() error, err error)
	// Contenders take turns.
	Contenders []Contender
}

// Contender is one way to do the work of a case.
type Contender struct {
	Name string
	// Measure does it once with so many messages. What it leaves behind it removes. An
	// error means that the contender could not run: what it loses is no error.
	Measure func(ctx context.Context, messages int) (Round, error)
}

// Round is one timed run of one contender.
type Round struct {
	// Elapsed is what throughput is reckoned with: Received / Elapsed.
	Elapsed time.Duration
	Account Account
	// Latency, if measured, is how long messages took, in microseconds.
	Latency *hdrhistogram.Histogram
	// Figures are what else was measured.
	Figures []Figure
}

// Rate returns messages per second, each counted once for all its receivers.
func (r Round) Rate(receivers int) float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Account.Received) / float64(max(1, receivers)) / r.Elapsed.Seconds()
}

// Figure is something measured beside throughput and latency.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// The bounds of a latency: what is longer counts as the longest, and figures are right
// to 3 digits.
const (
	shortest = 1
	longest  = int64(10 * time.Minute / time.Microsecond)
	digits   = 3
)

// NewLatency returns an empty histogram of microseconds, up to 10 minutes.
func NewLatency() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

// Record adds a latency to a histogram of microseconds.
func Record(h *hdrhistogram.Histogram, took time.Duration) {
	// It cannot fail within the bounds.
	_ = h.RecordValue(min(max(shortest, took.Microseconds()), longest))
}
