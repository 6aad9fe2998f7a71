package lease_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/lease"
	"github.com/millstream-go/millstream/internal/redistest"
)

var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

func TestOneAtATimeWorksOnAKey(t *testing.T) {
	t.Parallel()
	ctx, c, key := t.Context(), server.Client(t), t.Name()+uuid.NewString()
	acquire := func(owner string) handoff.Lease {
		granted, err := lease.Acquire(ctx, c, key, owner, time.Minute)
		require.NoError(t, err)
		return granted
	}
	require.Equal(t, handoff.Lease{State: handoff.Granted}, acquire("a/1"))
	taken := acquire("b/1")
	require.Equal(t, handoff.Taken, taken.State)
	require.InDelta(t, time.Minute, taken.Left, float64(10*time.Second))
	require.Equal(t, handoff.Granted, acquire("a/1").State, "asked again, as when a reply was lost")
	require.Equal(t, handoff.Granted, acquire("a/2").State, "a later run of the same one")
	require.Equal(t, handoff.Granted, acquire("a/10").State, "runs are numbers")
	require.Equal(t, handoff.Taken, acquire("a/9").State, "an earlier run that was frozen")

	require.NoError(t, lease.Release(ctx, c, key, "a/1"))
	require.NoError(t, lease.Release(ctx, c, key, "b/1"))
	require.Equal(t, handoff.Taken, acquire("b/1").State, "only its owner ends a lease")
	require.NoError(t, lease.Release(ctx, c, key, "a/10"))
	require.Equal(t, handoff.Granted, acquire("b/1").State)
}

// To handle messages may be what makes room in a full Redis.
func TestLeasesAndMarksFindRoomInAFullRedis(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--maxmemory-policy", "noeviction"))
	ctx, c := t.Context(), own.Client(t)
	require.NoError(t, c.ConfigSet(ctx, "maxmemory", "1").Err())
	require.ErrorContains(t, c.Set(ctx, "other", "", 0).Err(), "OOM")
	granted, err := lease.Acquire(ctx, c, "key", "a/1", time.Minute)
	require.NoError(t, err)
	require.Equal(t, handoff.Granted, granted.State)
	require.NoError(t, lease.Renew(ctx, c, "key", "a/1", time.Hour))
	first, err := lease.Finish(ctx, c, "key", time.Hour)
	require.NoError(t, err)
	require.True(t, first)
	_, err = lease.Finish(ctx, c, "another", 0)
	require.NoError(t, err)
	require.EqualValues(t, 2, c.DBSize(ctx).Val())
}

func TestALeaseLastsAsLongAsItIsRenewed(t *testing.T) {
	t.Parallel()
	ctx, c, key := t.Context(), server.Client(t), t.Name()+uuid.NewString()
	_, err := lease.Acquire(ctx, c, key, "a/1", time.Minute)
	require.NoError(t, err)
	require.NoError(t, lease.Renew(ctx, c, key, "b/1", time.Hour))
	require.LessOrEqual(t, c.PTTL(ctx, key).Val(), time.Minute)
	require.NoError(t, lease.Renew(ctx, c, key, "a/1", time.Hour))
	require.Greater(t, c.PTTL(ctx, key).Val(), 50*time.Minute)
	require.NoError(t, lease.Renew(ctx, c, key, "a/1", time.Millisecond))
	require.Eventually(t, func() bool { return c.Exists(ctx, key).Val() == 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, lease.Renew(ctx, c, key, "a/1", time.Hour))
	require.Zero(t, c.Exists(ctx, key).Val(), "it is over")
}

func TestWhatIsDoneIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	ctx, c, key := t.Context(), server.Client(t), t.Name()+uuid.NewString()
	_, err := lease.Acquire(ctx, c, key, "a/1", time.Minute)
	require.NoError(t, err)
	first, err := lease.Finish(ctx, c, key, time.Hour)
	require.NoError(t, err)
	require.True(t, first)
	require.NoError(t, lease.Renew(ctx, c, key, "a/1", time.Second))
	require.NoError(t, lease.Release(ctx, c, key, "a/1"))
	again, err := lease.Finish(ctx, c, key, time.Second)
	require.NoError(t, err)
	require.False(t, again)
	require.Greater(t, c.PTTL(ctx, key).Val(), 50*time.Minute)
	granted, err := lease.Acquire(ctx, c, key, "a/1", time.Minute)
	require.NoError(t, err)
	require.Equal(t, handoff.Finished, granted.State)

	_, err = lease.Finish(ctx, c, key+" for ever", 0)
	require.NoError(t, err)
	require.Equal(t, time.Duration(-1), c.PTTL(ctx, key+" for ever").Val())
}

func TestAKeyOfAnotherTypeIsAnError(t *testing.T) {
	t.Parallel()
	ctx, c, key := t.Context(), server.Client(t), t.Name()+uuid.NewString()
	require.NoError(t, c.RPush(ctx, key, "x").Err())
	_, err := lease.Acquire(ctx, c, key, "a/1", time.Minute)
	require.ErrorContains(t, err, "WRONGTYPE")
	require.ErrorContains(t, err, key)
	require.Error(t, lease.Renew(ctx, c, key, "a/1", time.Minute))
	require.Error(t, lease.Release(ctx, c, key, "a/1"))
	_, err = lease.Finish(ctx, c, key, time.Minute)
	require.Error(t, err)
}
