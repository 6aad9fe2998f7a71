package pubsub

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixed is a part of a subscription that counted so much.
type fixed struct{ Stats }

func (f *fixed) stats() Stats { return f.Stats }

func TestTopicsThatEndedAreKeptApartUpToABoundAndCountedForEver(t *testing.T) {
	t.Parallel()
	l := newLedger(&SubscriberConfig{})
	lasting := &fixed{Stats{Received: 1}}
	l.begin("lasting", lasting)
	first := &fixed{Stats{Received: 1}}
	l.begin("0", first)
	l.end("0", first)
	l.begin("0", first) // it is back, and not one of those that ended
	for i := range remembered + 10 {
		c := &fixed{Stats{Received: 2, Acked: 1, Held: 1}}
		l.begin(strconv.Itoa(i+1), c)
		l.end(strconv.Itoa(i+1), c)
	}
	all := l.stats()
	require.Len(t, all, remembered+3, "with the two that last and the others together")
	require.Equal(t, Stats{Received: 20, Acked: 10, Held: 10}, all[0])
	require.Equal(t, Stats{Topic: "0", Received: 2}, all[1])
	var sum Stats
	for _, s := range all {
		sum.add(s)
	}
	require.EqualValues(t, 2*(remembered+10)+3, sum.Received)

	l.end("0", first)
	l.end("lasting", lasting)
	require.Len(t, l.topics, remembered)
	require.Equal(t, remembered, l.ended.Len())
}
