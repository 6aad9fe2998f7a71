package streams

import (
	"math/rand/v2"
	"time"
)

// backoff returns first, doubled with each attempt after the first up to most,
// less a random part of up to a half, so that what failed together does not
// come back together.
func backoff(first, most time.Duration, attempt int) time.Duration {
	d := first
	for range attempt - 1 {
		if d >= most/2 {
			d = most
			break
		}
		d *= 2
	}
	d = min(d, most)
	return d - time.Duration(rand.Int64N(int64(d)/2+1))
}
