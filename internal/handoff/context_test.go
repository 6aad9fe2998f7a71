package handoff_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Waiters come before or after the end, or never, and the parent may end first.
func TestAContextEndsForAllWhoWaitWheneverTheyBegin(t *testing.T) {
	t.Parallel()
	reason := errors.New("the parent's reason")
	for name, test := range map[string]struct {
		wait, end, parentEnds bool
		err, cause            error
	}{
		"goes on":                         {},
		"goes on, watched":                {wait: true},
		"ended":                           {end: true, err: context.Canceled, cause: context.Canceled},
		"ended, watched":                  {wait: true, end: true, err: context.Canceled, cause: context.Canceled},
		"with its parent":                 {parentEnds: true, err: context.Canceled, cause: reason},
		"with its parent, watched":        {wait: true, parentEnds: true, err: context.Canceled, cause: reason},
		"with its parent, ended later":    {parentEnds: true, end: true, err: context.Canceled, cause: reason},
		"with its parent, watched, ended": {wait: true, parentEnds: true, end: true, err: context.Canceled, cause: reason},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), valueKey{}, "value"))
			defer cancel(nil)
			ctx := handoff.NewContext(parent, handoff.Delivery{}, nil)
			if test.wait {
				require.NotNil(t, ctx.Done())
			}
			if test.parentEnds {
				cancel(reason)
			}
			if test.end {
				ctx.End()
			}
			require.Equal(t, test.err, ctx.Err())
			if test.cause != nil {
				require.Equal(t, test.cause, context.Cause(ctx))
			}
			select {
			case <-ctx.Done():
				require.Error(t, test.err)
			default:
				require.NoError(t, test.err)
			}
			require.Equal(t, test.err, ctx.Err())
			require.Equal(t, "value", ctx.Value(valueKey{}))
			require.Same(t, &ctx.Handoff, handoff.FromContext(ctx))
			ctx.End()
			require.ErrorIs(t, ctx.Err(), context.Canceled)
		})
	}
}

type valueKey struct{}

func TestWhatIsMadeOfAContextEndsWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		ctx := handoff.NewContext(parent, handoff.Delivery{}, nil)
		child, stop := context.WithCancel(context.WithValue(ctx, valueKey{}, 1))
		defer stop()
		called := false
		context.AfterFunc(ctx, func() { called = true })
		until, ok := ctx.Deadline()
		require.True(t, ok)
		require.Equal(t, time.Now().Add(time.Hour), until)
		synctest.Wait()
		require.NoError(t, child.Err())
		ctx.End()
		synctest.Wait()
		require.True(t, called)
		require.ErrorIs(t, child.Err(), context.Canceled)
		require.NoError(t, parent.Err())
		late, stop := context.WithCancel(ctx)
		defer stop()
		require.ErrorIs(t, late.Err(), context.Canceled)
	})
}
