package pubsub_test

import (
	"testing"

	resp "github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pubsub"
)

// When go-redis finds the connection broken at a moment when nobody reads, it makes
// another without a word. All that shows it is a confirmation that nobody asked for.
func TestAConnectionThatTheClientMadeAgainByItselfIsAGap(t *testing.T) {
	t.Parallel()
	own, err := resp.NewServer("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(own.Close)
	confirm := func(c *resp.Peer, channel string) {
		c.Block(func(w *resp.Writer) {
			w.WritePushLen(3)
			w.WriteBulk("subscribe")
			w.WriteBulk(channel)
			w.WriteInt(1)
		})
		c.Flush()
	}
	again := make(chan func(), 10)
	require.NoError(t, own.Register("SUBSCRIBE", func(c *resp.Peer, _ string, args []string) {
		confirm(c, args[0])
		again <- func() { confirm(c, args[0]) }
	}))

	c := redis.NewClient(&redis.Options{Addr: own.Addr().String(), Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	seen, onGap := newGaps()
	_, s := subscribe(t, c, "topic", pubsub.SubscriberConfig{OnGap: onGap})
	(<-again)()
	require.ErrorContains(t, seen.next(t).Cause, "made another")
	require.EqualValues(t, 1, statsOf(t, s).Gaps)
}
