package chain_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

func TestWhatIsFedComesOutOfEveryContendersChain(t *testing.T) {
	const messages = 20
	for _, contender := range chain.Contenders() {
		t.Run(contender.Name(), func(t *testing.T) {
			c := chain.New(options, 3, 1)
			ends := chain.NewEnds(c, contender)
			var fed, came []string
			err := chain.While(t.Context(), contender, c, func(ctx context.Context) error {
				if err := ends.Ready(ctx); err != nil {
					return err
				}
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				tail, err := ends.Tail(ctx)
				require.NoError(t, err)
				began := time.Now()
				for i := range messages {
					fed = append(fed, fmt.Sprintf(`"message %d"`, i))
				}
				require.NoError(t, ends.Feed(ctx, fed[:1]...))
				require.NoError(t, ends.Feed(ctx, fed[1:]...))
				return tail(func(payload string, at time.Time) {
					assert.False(t, at.Before(began))
					if came = append(came, payload); len(came) == messages {
						cancel()
					}
				})
			})
			require.NoError(t, err)
			assert.Equal(t, fed, came)
			require.NoError(t, ends.Close(t.Context()))
		})
	}
	assertNoKeys(t)
}

func TestEndsAreNotReadyBeforeTheStagesAre(t *testing.T) {
	for _, contender := range chain.Contenders() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		ends := chain.NewEnds(chain.New(options, 3, 1), contender)
		assert.ErrorIs(t, ends.Ready(ctx), context.DeadlineExceeded)
		assert.NoError(t, ends.Close(ctx))
	}
}
