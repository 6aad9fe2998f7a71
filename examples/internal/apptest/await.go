package apptest

import (
	"testing"
	"time"
)

// Await waits until something is so that is bound to be.
func Await(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !condition(); {
		if time.Now().After(deadline) {
			tb.Fatalf("it never happens that %s", what)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-tb.Context().Done():
			tb.Fatalf("the test ended before %s", what)
		}
	}
}
