package redistest

import (
	"testing"
	"time"
)

// await waits until a condition holds.
func await(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !condition(); {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v in vain for %s", patience, what)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-tb.Context().Done():
			tb.Fatalf("the test ended waiting for %s", what)
		}
	}
}
