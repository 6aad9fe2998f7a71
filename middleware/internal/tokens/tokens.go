// Package tokens says which limits make sense, for all limiters alike.
package tokens

import (
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Longest is how long a bucket may take to fill up: beyond it lie mistakes, such as
// a rate meant in another unit, and numbers that clocks do not reach.
const Longest = 366 * 24 * time.Hour

// Check returns what is wrong with a limit of so many tokens per second and so
// many at once.
func Check(perSecond rate.Limit, burst int) error {
	switch r := float64(perSecond); {
	case math.IsNaN(r) || r <= 0:
		return fmt.Errorf("a rate of %v tokens per second lets nothing through: it must be above 0", r)
	case r >= float64(rate.Inf):
		return errors.New("an infinite rate is no limit: leave the limiter out")
	case burst < 1:
		return fmt.Errorf("a burst of %d lets nothing through: it must be at least 1", burst)
	case float64(burst)/r > Longest.Seconds():
		return fmt.Errorf("at %v tokens per second a burst of %d takes more than %v to fill up: raise the rate or lower the burst", r, burst, Longest)
	}
	return nil
}
