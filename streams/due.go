package streams

import (
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/components/delay"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// untilDue returns how long a message is to be put aside before it is delivered,
// by Watermill's delay metadata; not positive when it is due. That it is looked
// at here, and not when it is published, makes delays hold whoever published.
func untilDue(msg *message.Message, entryID string) (time.Duration, error) {
	if len(msg.Metadata) == 0 {
		return 0, nil
	}
	until := msg.Metadata[delay.DelayedUntilKey]
	if until == "" {
		return 0, nil
	}
	due, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return 0, fmt.Errorf("metadata %s is no time of RFC 3339: %w", delay.DelayedUntilKey, err)
	}
	// Who lives to see more is told to wait again.
	const longest = 100 * 365 * 24 * time.Hour
	wait := min(time.Until(precisely(due, msg.Metadata[delay.DelayedForKey], entryID)), longest)
	// Redis counts milliseconds: less than one more must not be none.
	return (wait + time.Millisecond - 1).Truncate(time.Millisecond), nil
}

// precisely returns the due time to the millisecond. Watermill writes it in whole
// seconds, and beside it the delay: together with the time the entry was added it
// says the same precisely, unless the metadata are an earlier message's.
func precisely(due time.Time, delayedFor, entryID string) time.Time {
	d, err := time.ParseDuration(delayedFor)
	if err != nil {
		return due
	}
	added, ok := handoff.AddedAt(entryID)
	if !ok {
		return due
	}
	precise := added.Add(d)
	// Whole seconds take up to one, and from there to adding it takes a while.
	const slack = 1500 * time.Millisecond
	if diff := precise.Sub(due); diff < 0 || diff > slack {
		return due
	}
	return precise
}
