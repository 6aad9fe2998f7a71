package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// account is what became of messages: sent is received and lost.
type account struct {
	sent, failed, received, lost, again, twice int
	pause, behind                              time.Duration

	// What package pubsub says: how many it lost, and for how long it was deaf.
	tells   bool
	counted int
	gap     time.Duration
}

// account is made when all is over; published is when the last call ended. It counts
// each message by itself, and compares that with what package pubsub counted.
func (s *scene) account(published time.Time) account {
	a := account{
		again: s.runs - len(s.handled), pause: s.pause, behind: max(0, s.last.Sub(published)),
		tells: len(s.ended) > 0,
	}
	for id, ok := range s.sent {
		switch {
		case !ok:
			a.failed++
		case s.handled[id] > 0:
			a.received++
		default:
			a.lost++
		}
	}
	a.sent = len(s.sent) - a.failed
	require.Equal(s, a.sent, a.received+a.lost)
	if a.tells {
		s.compare(&a)
		return a
	}
	entries, err := s.client.XLen(context.Background(), s.topic).Result() // nothing trims it
	require.NoError(s, err)
	a.twice = int(entries) - len(s.handled)
	return a
}

func (s *scene) compare(a *account) {
	received, gaps := 0, uint64(0)
	for _, stats := range s.ended {
		received += int(stats.Received)
		a.counted += int(stats.Lost.Total())
		gaps += stats.Gaps
		a.gap += stats.GapTime
	}
	require.Equal(s, received, s.runs+a.counted, "what came was handled or counted as lost")
	if gaps == 0 && len(s.ended) == 1 {
		require.Equal(s, a.lost, a.counted, "a listener that was always there counts all that is lost")
	}
}

func (a account) report(b *testing.B, name string) {
	b.Helper()
	report := func(unit string, n int) { b.ReportMetric(float64(n), name+"-"+unit) }
	report("sent", a.sent)
	report("failed", a.failed)
	report("received", a.received)
	report("lost", a.lost)
	report("again", a.again)
	report("pause-ms", int(a.pause.Milliseconds()))
	report("behind-ms", int(a.behind.Milliseconds()))
	if a.tells {
		report("counted", a.counted)
		report("gap-ms", int(a.gap.Milliseconds()))
	} else {
		report("twice", a.twice)
	}
}
