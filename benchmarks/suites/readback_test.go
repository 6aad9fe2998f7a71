package suites

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

func TestReadingBackFindsWhatIsLostDoubledOrSpoilt(t *testing.T) {
	s := newSite(options)
	defer func() { require.NoError(t, s.end(t.Context())) }()
	const messages, size = 2500, 40 // more than a page
	topic, add := s.topic("read-back"), sendSingly(s.own)
	require.NoError(t, fill(t.Context(), s.own, topic, messages-1, size), "the last is lost")
	require.NoError(t, add(t.Context(), topic, []outgoing{
		{"again", payload(7, time.Time{}, size)},
		{outgoingID(8), payload(8, time.Time{}, size)}, // an id that was there
		{"cut off", payload(9, time.Time{}, size-1)},
		{"strange", payload(messages, time.Time{}, size)},
		{"", payload(10, time.Time{}, size)},
	}))
	account, err := readBack(t.Context(), s.own, topic, messages, size)
	require.NoError(t, err)
	require.Equal(t, bench.Account{Sent: messages, Received: messages - 1, Lost: 1, Doubled: 1, Spoilt: 4}, account)
}
