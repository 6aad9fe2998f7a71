package streams

import (
	"errors"
	"fmt"
	"time"
)

// Trim says what of a stream's past is deleted. Nothing is that any group has not
// been delivered, or holds, or has put aside: a stream is trimmed below its floor,
// the lowest entry that any of its groups still needs, and around entries that are
// put aside for long. A group counts from the moment it is made.
//
// The zero value deletes all that every group is done with. Subscribers that trim
// the same topic should do so with the same values: each goes by its own.
type Trim struct {
	// KeepEntries is how many of the newest entries are kept at least, for groups
	// to come and for replay. Redis stores entries in nodes and only whole nodes
	// are trimmed, so it may be some hundred more, and those that are put aside.
	// What is kept counts for MaxLen.
	KeepEntries int64
	// KeepFor is for how long entries are kept at least after they were added, by
	// the time in their ids. With both set an entry must have outlived both.
	KeepFor time.Duration
	// ReportAfter is how long a group may leave entries unread, or an entry
	// pending that nobody renews, before it is logged that it has stopped: it
	// holds the memory of all that comes behind. Default: 5 minutes.
	ReportAfter time.Duration
	// DeadAfter, if set, is how long it takes until a group is declared dead that
	// has something to do: then it holds nothing any more, and what it has not
	// finished is deleted. Its consumers are alive while they ask for entries,
	// renew what they hold, settle one, or trim themselves; one that handles a
	// message for long and does none of that, as those of other libraries may,
	// looks as if it were dead, so it should be well above what handlers take. Time
	// in which no subscriber that trims was there, or Redis was not, does not count.
	// It must not be shorter than ReportAfter. Default: never.
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
