// Package commit runs the Lua scripts by which deliveries are read, settled,
// renewed and handed back, each in one atomic step on the Redis server.
//
// The scripts use commands and options of Redis 7.0 and reach only the keys
// they are given, all of which must be in one slot on a cluster.
package commit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/refused"
)

//go:embed commit.lua
var commitSource string

var commitScript = redis.NewScript(commitSource)

// Group is one consumer of one consumer group of a stream.
type Group struct {
	Client                  redis.UniversalClient
	Stream, Group, Consumer string
}

// parker is the consumer that parked entries are pending under. It never reads.
const parker = "millstream:parked"

// returned is the consumer that handed-back entries are pending under.
const returned = "millstream:returned"

// abandoned is the consumer that entries of an earlier process of the same name
// are pending under until an ordered read takes them.
const abandoned = "millstream:abandoned"

// Delivery is one entry to be settled and what it staged.
type Delivery struct {
	ID      string
	Attempt int
	// Noted tells that something is noted of the entry, although this is its first
	// attempt: waits that do not count may come in between.
	Noted bool
	// Serial is the reader's own number for the delivery.
	Serial uint64
	// Repeated tells that it was sent before, without a reply: it may be settled.
	Repeated bool
	Effects  handoff.Effects
}

// Outcome tells what became of a delivery.
type Outcome int

// The outcomes of a commit.
const (
	// Fenced: another consumer settled or holds the entry; nothing was done.
	Fenced Outcome = iota
	// Done: acknowledged with all its effects, or parked.
	Done
	// Duplicate: acknowledged, its effects dropped, since a mark was taken.
	Duplicate
	// GroupGone: the group or the stream does not exist any more.
	GroupGone
	// Failed: an output could not be added; nothing was done and the entry is parked.
	Failed
)

// Result is the outcome of one delivery, with the error of a failed one.
type Result struct {
	Outcome Outcome
	Err     error
}

// FailureDelay is how long an entry is parked whose output could not be added, at
// its first attempt.
const FailureDelay = 5 * time.Second

// FailureDelayOf returns how long it is parked at a later attempt, as the script
// reckons it.
func FailureDelayOf(attempt int) time.Duration {
	const most = 60
	return FailureDelay * time.Duration(min(1<<min(attempt-1, most), most))
}

// Commit settles deliveries in one step and returns a result for each, in order.
// Running it again with the same deliveries changes nothing; those that were settled
// by then are Fenced.
func (g Group) Commit(ctx context.Context, deliveries []Delivery) ([]Result, error) {
	e := encoder{group: g, keys: []string{g.Stream, ParkingKey(g.Stream, g.Group), UnfinishedKey(g.Stream, g.Group)}}
	e.args = append(make([]any, 0, argsOf(deliveries)), g.Group, g.Consumer, parker, FailureDelay.Milliseconds())
	for i := 0; i < len(deliveries); {
		switch n := alike(deliveries[i:]); {
		case n == 0:
			e.add(&deliveries[i])
			i++
		case len(deliveries[i].Effects.Outputs) == 0:
			e.addPlain(deliveries[i : i+n])
			i += n
		default:
			e.addRun(deliveries[i : i+n])
			i += n
		}
	}
	// A repeat by go-redis would look as if another consumer had been quicker.
	replies, err := runOnce(ctx, g.Client, commitScript, e.keys, e.args...).Slice()
	if err != nil {
		return nil, fmt.Errorf("commit %d deliveries of group %s on %s: %w", len(deliveries), g.Group, g.Stream, err)
	}
	if len(replies) != len(deliveries) {
		return nil, fmt.Errorf("commit of group %s on %s: %d results for %d deliveries", g.Group, g.Stream, len(replies), len(deliveries))
	}
	results := make([]Result, len(replies))
	for i, reply := range replies {
		switch r := reply.(type) {
		case int64:
			results[i].Outcome = Outcome(r)
		case []any:
			results[i] = Result{Outcome: Failed, Err: keyError(r)}
		default:
			return nil, fmt.Errorf("commit of group %s on %s: %w", g.Group, g.Stream, errUnexpected)
		}
	}
	return results, nil
}

// argsOf returns about how many arguments deliveries take: enough for those that are alike
// with three fields, as most are, and not much more than they need.
func argsOf(deliveries []Delivery) int {
	const own, each = 16, 1
	n := own
	for i := range deliveries {
		n += each
		for _, o := range deliveries[i].Effects.Outputs {
			n += len(o.Values) / 2
		}
	}
	return n
}

// encoder builds the keys and arguments of the commit script.
type encoder struct {
	group Group
	keys  []string
	args  []any
}

// key returns the index of a key, adding it when it is new. A batch touches few
// keys, but for marks, which are new each time; so the search starts at the front
// and is short.
func (e *encoder) key(name string) int {
	const searched = 32
	if i := slices.Index(e.keys[:min(len(e.keys), searched)], name); i >= 0 {
		return i + 1
	}
	e.keys = append(e.keys, name)
	return len(e.keys)
}

// alike returns how many of the first deliveries are of a common kind, and the same one:
// their first attempt, no marks, and no output, or one with the same topic and field names.
func alike(deliveries []Delivery) int {
	first := &deliveries[0]
	for i := range deliveries {
		d := &deliveries[i]
		if !isCommon(d) || len(d.Effects.Outputs) != len(first.Effects.Outputs) {
			return i
		}
		if i > 0 && len(d.Effects.Outputs) == 1 && !sameFields(&first.Effects.Outputs[0], &d.Effects.Outputs[0]) {
			return i
		}
	}
	return len(deliveries)
}

func isCommon(d *Delivery) bool {
	if d.Attempt != 1 || d.Noted || d.Effects.Park || len(d.Effects.Marks) > 0 {
		return false
	}
	outputs := d.Effects.Outputs
	return len(outputs) == 0 || len(outputs) == 1 && outputs[0].Once.Key == ""
}

func sameFields(a, b *handoff.Output) bool {
	if a.Topic != b.Topic || len(a.Values) != len(b.Values) {
		return false
	}
	for i := 0; i < len(a.Values); i += 2 {
		if a.Values[i] != b.Values[i] {
			return false
		}
	}
	return true
}

// addRun adds deliveries that are alike: what they share is sent once.
func (e *encoder) addRun(deliveries []Delivery) {
	first := &deliveries[0].Effects.Outputs[0]
	e.args = append(e.args, "R", len(deliveries), e.key(first.Topic), len(first.Values)/2)
	for i := 0; i < len(first.Values); i += 2 {
		e.args = append(e.args, first.Values[i])
	}
	for i := range deliveries {
		e.args = append(e.args, deliveries[i].ID)
		values := deliveries[i].Effects.Outputs[0].Values
		for j := 1; j < len(values); j += 2 {
			e.args = append(e.args, values[j])
		}
	}
}

// addPlain adds deliveries that are acknowledged and no more.
func (e *encoder) addPlain(deliveries []Delivery) {
	e.args = append(e.args, "K", len(deliveries))
	for i := range deliveries {
		e.args = append(e.args, deliveries[i].ID)
	}
}

func (e *encoder) add(d *Delivery) {
	if d.Effects.Park {
		uncounted := 0
		if d.Effects.Uncounted {
			uncounted = 1
		}
		e.args = append(e.args, "P", d.ID, d.Attempt, d.Effects.For.Milliseconds(), uncounted, historyNote(d.Effects.History))
		return
	}
	noted := 0
	if d.Noted || d.Attempt > 1 {
		noted = 1
	}
	e.args = append(e.args, "A", d.ID, d.Attempt, noted, len(d.Effects.Marks))
	for _, mark := range d.Effects.Marks {
		key := MarkKey(e.group.Stream, e.group.Group, mark.Key)
		e.args = append(e.args, e.key(key), mark.TTL.Milliseconds())
	}
	e.args = append(e.args, len(d.Effects.Outputs))
	for _, output := range d.Effects.Outputs {
		once := 0
		if output.Once.Key != "" {
			once = e.key(PublishedKey(output.Topic, output.Once.Key))
		}
		e.args = append(e.args, e.key(output.Topic), once, output.Once.TTL.Milliseconds(), len(output.Values))
		e.args = append(e.args, output.Values...)
	}
}

// Refused reports whether err is a refusal that asking again will not change: see
// package refused.
func Refused(err error) bool { return refused.Is(err) }

// errUnexpected is a reply that the scripts do not make.
var errUnexpected = errors.New("unexpected reply of a script")

func toInt(v any) (int64, error) {
	switch n := v.(type) {
	case int64:
		return n, nil
	case string:
		return strconv.ParseInt(n, 10, 64)
	default:
		return 0, fmt.Errorf("%w: %T where a number belongs", errUnexpected, v)
	}
}
