package chain

import (
	"context"
	"errors"
	"time"
)

const (
	// look is how often the clock looks at the length of the last stream. XLEN
	// takes the server under a microsecond and touches no entry, so this costs
	// all contenders alike next to nothing; a consumer that counts would make
	// the server send every message once more.
	look = 5 * time.Millisecond
	// patience is how long a chain may stand still before what is missing is
	// taken for lost.
	patience = 15 * time.Second
)

// errLate ends the run of a chain that stands still.
var errLate = errors.New("no message came out any more")

// standstill returns when all messages are out, or none came out for too long: that is
// errLate. progress tells whether they are, and how many.
func standstill(ctx context.Context, progress func() (all bool, out int, err error)) error {
	moved, last := time.Now(), 0
	return poll(ctx, look, func() (bool, error) {
		all, out, err := progress()
		if err != nil || all {
			return all, err
		}
		if out > last {
			moved, last = time.Now(), out
		}
		if time.Since(moved) > patience {
			return false, errLate
		}
		return false, nil
	})
}
