package streams_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// A connection that is turned down fails a pipeline without marking its commands.
func TestPublishFailsWhenRedisTurnsItsConnectionDown(t *testing.T) {
	t.Parallel()
	for name, turned := range map[string]struct {
		option, value string
		user          string
		says          string
	}{
		"wrong password":       {"requirepass", "right", "", "WRONGPASS"},
		"unknown user":         {"requirepass", "right", "nobody", "WRONGPASS"},
		"too many connections": {"maxclients", "1", "", ""}, // it says so or just hangs up
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := redistest.Start(t)
			c := own.Client(t)
			require.NoError(t, c.ConfigSet(t.Context(), turned.option, turned.value).Err())
			options := &redis.Options{Addr: own.Addr(), Username: turned.user}
			if turned.option == "requirepass" {
				options.Password = "wrong"
			}
			refused := redis.NewClient(options)
			defer refused.Close()
			for _, config := range []streams.PublisherConfig{{}, {IdempotencyKey: byUUID}} {
				err := newPublisher(t, refused, config).Publish("topic", message.NewMessage("1", nil), message.NewMessage("2", nil))
				require.ErrorContains(t, err, turned.says)
				require.ErrorContains(t, err, "0 of 2 messages were added")
			}
			require.Zero(t, c.XLen(t.Context(), "topic").Val())
		})
	}
}
