package pubsub

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCausesAreNamedAsFarAsTheServerTells(t *testing.T) {
	t.Parallel()
	eof := fmt.Errorf("read: %w", io.EOF)
	old := vitals{run: "a"}
	counting := func(limited int64) vitals { return vitals{run: "a", limited: limited, counts: true} }
	for name, test := range map[string]struct {
		cause         error
		before, after vitals
		heldUp        bool
		want          error // nil: the cause as it is
	}{
		"it tells nothing":                          {eof, vitals{}, vitals{}, true, nil},
		"it told nothing before":                    {eof, vitals{}, old, true, nil},
		"another process":                           {eof, old, vitals{run: "b"}, true, ErrRestarted},
		"it counted one":                            {eof, counting(3), counting(4), false, ErrOutputBufferLimit},
		"it counts, and none":                       {eof, counting(3), counting(3), true, nil},
		"it does not count, and nothing waited":     {eof, old, old, false, nil},
		"it does not count, and hung up on a crowd": {eof, old, old, true, ErrOutputBufferLimit},
		"it does not count, and did not hang up":    {ErrSilent, old, old, true, nil},
	} {
		got := explain(test.cause, test.before, test.after, test.heldUp)
		require.ErrorIs(t, got, test.cause, name)
		for _, named := range []error{ErrRestarted, ErrOutputBufferLimit} {
			require.Equal(t, errors.Is(test.want, named), errors.Is(got, named), name)
		}
	}
}
