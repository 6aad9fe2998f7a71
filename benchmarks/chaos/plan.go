package chaos

import (
	"math/rand/v2"
	"time"
)

// Kind is a kind of fault.
type Kind string

// The kinds of faults.
const (
	KillWorker   Kind = "worker killed"
	StopWorker   Kind = "worker interrupted"
	FreezeShort  Kind = "worker frozen, below the idle time"
	FreezeLong   Kind = "worker frozen, beyond the idle time"
	KillRedis    Kind = "redis killed"
	FreezeRedis  Kind = "redis frozen"
	RewriteAOF   Kind = "append-only file rewritten"
	CutLink      Kind = "connections cut"
	SlowLink     Kind = "connections slowed"
	TruncateLink Kind = "replies truncated"
	FlushScripts Kind = "scripts flushed"
)

// Kinds returns all kinds of faults.
func Kinds() []Kind {
	return []Kind{
		KillWorker, StopWorker, FreezeShort, FreezeLong, KillRedis, FreezeRedis, RewriteAOF,
		CutLink, SlowLink, TruncateLink, FlushScripts,
	}
}

// weights are how often each kind is in the deck that faults are dealt from: in
// any plan as long as the deck there is every kind.
var weights = map[Kind]int{
	KillWorker: 4, StopWorker: 2, FreezeShort: 2, FreezeLong: 3, KillRedis: 1, FreezeRedis: 1, RewriteAOF: 1,
	CutLink: 3, SlowLink: 2, TruncateLink: 3, FlushScripts: 2,
}

// lengths are how long a fault lasts: for a worker that ends, until it is replaced.
var lengths = map[Kind]struct{ from, to time.Duration }{
	KillWorker:   {0, 500 * time.Millisecond},
	StopWorker:   {0, 500 * time.Millisecond},
	FreezeShort:  {IdleTime / 5, IdleTime * 3 / 4},
	FreezeLong:   {IdleTime * 5 / 4, IdleTime * 5 / 2},
	KillRedis:    {1, 2}, // as long as it takes to come back
	FreezeRedis:  {200 * time.Millisecond, 2500 * time.Millisecond},
	RewriteAOF:   {1, 2},
	CutLink:      {1, 400 * time.Millisecond},
	SlowLink:     {500 * time.Millisecond, 2 * time.Second},
	TruncateLink: {500 * time.Millisecond, 2 * time.Second},
	FlushScripts: {1, 2},
}

// Fault is one fault of a plan.
type Fault struct {
	Kind Kind
	// At is when it begins, For how long it lasts.
	At, For time.Duration
	// Target is the worker or the link that it befalls.
	Target int
	// Delay is how much a slowed connection delays replies.
	Delay time.Duration
	// Bytes is after how many bytes of replies a connection is cut.
	Bytes int64
}

// Plan is what is to go wrong, in the order of time.
type Plan []Fault

const (
	leastGap = 50 * time.Millisecond
	mostGap  = 400 * time.Millisecond
)

// NewPlan makes the plan of a seed: always the same one. A link or a worker
// suffers one fault at a time, but that a worker can be ended at any time.
func NewPlan(seed uint64, duration time.Duration, workers int) Plan {
	p := planner{random: rand.New(rand.NewPCG(seed, 1)), workers: workers, busy: map[target]time.Duration{}}
	var plan Plan
	for at := p.between(leastGap, mostGap); at < duration; at += p.between(leastGap, mostGap) {
		if f, ok := p.fault(at); ok {
			plan = append(plan, f)
		}
	}
	return plan
}

type planner struct {
	random  *rand.Rand
	workers int
	deck    []Kind
	busy    map[target]time.Duration // until when
}

// target is what a fault befalls.
type target struct {
	what  string
	index int
}

func (p *planner) between(from, to time.Duration) time.Duration {
	return from + time.Duration(p.random.Int64N(int64(to-from)))
}

// deal returns the next kind.
func (p *planner) deal() Kind {
	if len(p.deck) == 0 {
		for _, kind := range Kinds() {
			for range weights[kind] {
				p.deck = append(p.deck, kind)
			}
		}
		p.random.Shuffle(len(p.deck), func(i, j int) { p.deck[i], p.deck[j] = p.deck[j], p.deck[i] })
	}
	kind := p.deck[0]
	p.deck = p.deck[1:]
	return kind
}

// fault returns a fault that begins at the given time; false if what it is to
// befall is busy with another one.
func (p *planner) fault(at time.Duration) (Fault, bool) {
	f := Fault{Kind: p.deal(), At: at}
	f.For = p.between(lengths[f.Kind].from, lengths[f.Kind].to)
	f.Delay = p.between(5*time.Millisecond, 200*time.Millisecond)
	// Small ones do not even let a connection be set up.
	f.Bytes = 1 << p.random.IntN(17)
	what, count := "redis", 1
	switch f.Kind {
	case KillWorker, StopWorker:
		f.Target = p.random.IntN(p.workers)
		return f, true
	case FlushScripts, RewriteAOF:
		return f, true
	case FreezeShort, FreezeLong:
		what, count = "worker", p.workers
	case CutLink, SlowLink, TruncateLink:
		// The last link is the feeder's.
		what, count = "link", p.workers+1
	case KillRedis, FreezeRedis:
	}
	for _, i := range p.random.Perm(count) {
		t := target{what, i}
		if p.busy[t] <= at {
			p.busy[t] = at + f.For
			f.Target = i
			return f, true
		}
	}
	p.deck = append(p.deck, f.Kind) // its turn comes later
	return f, false
}
