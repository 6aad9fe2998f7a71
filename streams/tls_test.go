package streams_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

func TestMessagesAreHandedOffOverTLS(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.TLS(), redistest.AOF())
	options, err := redis.ParseURL(own.URL())
	require.NoError(t, err)
	require.NotNil(t, options.TLSConfig)
	options.TLSConfig.RootCAs = own.TLSConfig().RootCAs
	options.TLSConfig.Certificates = own.TLSConfig().Certificates
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })

	const n = 50
	topic := newTopic(t)
	preload(t, c, topic, n)
	relayAs(t, c, topic, 0, streams.SubscriberConfig{Concurrency: 4})
	awaitLen(t, c, topic+":out", n)
	own.Restart(t) // and again over new connections
	publish(t, c, topic, "50")
	awaitLen(t, c, topic+":out", n+1)
	settled(t, c, topic)
	requireEachOnce(t, uuids(decoded(t, c, topic+":out")), n+1)
}

func TestAServerWithTLSIsNotReachedWithout(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.TLS())
	c := redis.NewClient(&redis.Options{Addr: own.Addr(), MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = c.Close() })
	s := newSubscriber(t, c, streams.SubscriberConfig{})
	_, err := s.Subscribe(t.Context(), newTopic(t))
	require.Error(t, err)
}
