package live_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// BenchmarkReplay is how many messages a second a new group gets of 100,000 that were
// handled and kept, by one subscriber that handles and acknowledges one after the other.
func BenchmarkReplay(b *testing.B) {
	c := redistest.Start(b).Client(b)
	p, err := streams.NewPublisher(c, streams.PublisherConfig{})
	require.NoError(b, err)
	publish(b, p, orders, backlog, 100)
	replay(b, c)
	rounds(b, func() figures { return figures{"streams-msg/s": replay(b, c)} })
}

func replay(b *testing.B, c *redis.Client) float64 {
	b.Helper()
	// Without Trim it deletes nothing, as a transport with KeepHistory.
	s, err := streams.NewSubscriber(c, newMessage(nil).UUID, streams.SubscriberConfig{Logger: quiet})
	require.NoError(b, err)
	all := make(chan struct{})
	n := 0
	began := time.Now()
	stop := attend(b, s, orders, func(*message.Message) {
		if n++; n == backlog {
			close(all)
		}
	})
	<-all
	took := time.Since(began)
	stop()
	return backlog / took.Seconds()
}
