package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

func TestTimeoutEndsTheHandlersContextAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		msg := message.NewMessageWithContext(context.WithValue(t.Context(), key{}, "tenant"), "1", nil)
		start := time.Now()
		made, err := middleware.Timeout(time.Minute)(func(msg *message.Message) ([]*message.Message, error) {
			of := output(msg, "made")
			<-msg.Context().Done()
			require.ErrorIs(t, msg.Context().Err(), context.DeadlineExceeded)
			return message.Messages{of, nil, message.NewMessage("of no context", nil)}, nil
		})(msg)
		require.NoError(t, err)
		require.Equal(t, time.Minute, time.Since(start))
		require.NoError(t, msg.Context().Err())
		require.NoError(t, made[0].Context().Err(), "it is yet to be published")
		require.Equal(t, "tenant", made[0].Context().Value(key{}))
		require.NoError(t, made[2].Context().Err())
	})
}

func TestTimeoutIsForEachAttemptInsideOfRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		handler := middleware.Retry{}.Middleware(middleware.Timeout(time.Second)(func(msg *message.Message) ([]*message.Message, error) {
			require.NoError(t, msg.Context().Err())
			if calls++; calls < 3 {
				<-msg.Context().Done()
				return nil, msg.Context().Err()
			}
			return nil, nil
		}))
		_, err := handler(message.NewMessage("1", nil))
		require.NoError(t, err)
		require.Equal(t, 3, calls)
	})
}

func TestWhatAMessageOfAnEndedContextMadeKeepsThat(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	made, err := middleware.Timeout(time.Hour)(func(msg *message.Message) ([]*message.Message, error) {
		cancel()
		return echo(msg)
	})(message.NewMessageWithContext(ctx, "1", nil))
	require.NoError(t, err)
	require.ErrorIs(t, made[0].Context().Err(), context.Canceled, "it is not to be published any more")
}

func TestAPanicLeavesTheMessageItsContext(t *testing.T) {
	t.Parallel()
	msg := message.NewMessage("1", nil)
	_, err := middleware.Recoverer(middleware.Timeout(time.Hour)(func(*message.Message) ([]*message.Message, error) { panic("no") }))(msg)
	require.Error(t, err)
	require.NoError(t, msg.Context().Err())
}

func TestNoTimeIsNoLimit(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, -time.Second} {
		_, err := middleware.Timeout(d)(func(msg *message.Message) ([]*message.Message, error) {
			_, limited := msg.Context().Deadline()
			require.False(t, limited)
			return nil, msg.Context().Err()
		})(message.NewMessage("1", nil))
		require.NoError(t, err)
	}
}

func TestWhatALimitedHandlerMadeIsHandedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(echo, middleware.Timeout(time.Minute))
	w.publish("1", "2")
	w.settled()
	require.Equal(t, []string{"1", "2"}, w.published(w.out))
}
