package steady

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAClockIsNeverEarlyAndEndsWithItsContext(t *testing.T) {
	c, err := newClock()
	require.NoError(t, err)
	defer c.close()
	for _, d := range []time.Duration{-time.Second, 0, time.Microsecond, time.Millisecond, 10 * time.Millisecond} {
		until := time.Now().Add(d)
		require.NoError(t, c.until(t.Context(), until))
		assert.False(t, time.Now().Before(until), d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, c.until(ctx, time.Now().Add(time.Hour)), context.DeadlineExceeded)
	assert.ErrorIs(t, c.until(ctx, time.Now()), context.DeadlineExceeded)
}
