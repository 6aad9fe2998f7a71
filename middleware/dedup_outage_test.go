package middleware_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// Redis goes away while a handler is at work, and the next message has yet to get
// its lease: neither is to blame.
func TestDedupWaitsForRedis(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails bool
		want  []string
	}{
		"with what a handler finished": {want: []string{"1 attempt 1", "2 attempt 1"}},
		"with what a handler failed":   {fails: true, want: []string{"1 attempt 1", "1 attempt 2", "2 attempt 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := redistest.Start(t, redistest.AOF())
			w := newWorldOn(t, own)
			begun, release := make(chan struct{}), make(chan struct{})
			var mu sync.Mutex
			runs := []string{}
			w.runIn(streams.SubscriberConfig{}, func(msg *message.Message) ([]*message.Message, error) {
				attempt := handoff.FromContext(msg.Context()).Attempt
				mu.Lock()
				runs = append(runs, fmt.Sprintf("%s attempt %d", msg.UUID, attempt))
				mu.Unlock()
				if msg.UUID == "1" && attempt == 1 {
					close(begun)
					<-release
					if c.fails {
						return nil, errHiccup
					}
				}
				return echo(msg)
			}, soon.Middleware)
			w.publish("1", "2", "1")
			<-begun
			own.Kill(t)
			close(release)
			time.Sleep(500 * time.Millisecond)
			own.Restart(t)
			w.settled()
			require.ElementsMatch(t, []string{"1", "2"}, w.published(w.out))
			require.ElementsMatch(t, c.want, runs)
		})
	}
}
