package chain

import (
	"context"
	"time"
)

// look is how often it is looked how many messages are out. For those on Streams that is
// the length of the last one: XLEN takes the server under a microsecond and touches no
// entry, so this costs all contenders alike next to nothing; a consumer that counts
// would make the server send every message once more.
const look = 2 * time.Millisecond

// awaitOut returns when all messages are out, or none came out for so long, and when the
// last one did. out tells how many there are.
func awaitOut(
	ctx context.Context, messages int, patience time.Duration, out func() (int, error),
) (moved time.Time, err error) {
	moved = time.Now()
	last := 0
	err = poll(ctx, look, func() (bool, error) {
		n, err := out()
		if n > last {
			moved, last = time.Now(), n
		}
		return n >= messages || time.Since(moved) > patience, err
	})
	return moved, err
}
