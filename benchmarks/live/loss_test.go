package live_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/millstream-go/millstream/internal/redistest"
)

const (
	lossMessages = 4000
	// perTick messages are published every millisecond, each with a call of its own,
	// as from the requests that a service answers.
	perTick = 2
	// away is how long whoever fails is away.
	away = 300 * time.Millisecond
	// slow is what a slow handler takes: half as many messages a second as come.
	slow = time.Millisecond
)

// fault goes wrong when half of the messages are published.
type fault struct {
	name    string
	happens func(*scene)
	takes   time.Duration // the handler, for a message
}

var faults = []fault{
	{name: "listener-restarts", happens: func(s *scene) {
		s.stop()
		time.Sleep(away)
		s.start()
	}},
	{name: "redis-is-killed", happens: func(s *scene) {
		s.server.Kill(s)
		time.Sleep(away)
		s.server.Restart(s)
	}},
	{name: "handler-is-slow", happens: func(*scene) {}, takes: slow},
}

// contender is a carrier and the Redis it is tried on.
type contender struct {
	name    string
	carrier carrier
	server  *redistest.Server
}

// BenchmarkLoss publishes 4,000 messages, 2,000 a second, while something goes wrong
// half-way. Of those that were sent, which are the ones whose call of Publish succeeded,
// each was received or is lost:
//
//   - failed: further ones whose call failed;
//   - counted: what Stats.Lost of package pubsub says;
//   - again: handled once more, and twice: added to the stream once more;
//   - gap-ms: what Stats.GapTime says, pause-ms: the longest time without a message;
//   - behind-ms: from when the last was published until the last was handled.
//
// It reports the round with the median loss, and the least and the most of any round. Clients are as go-redis makes them, buffers as they are by default. Redis has an
// append-only file that is synced once a second; for streams-strict it is synced before
// Redis replies, and the publisher has an IdempotencyKey.
func BenchmarkLoss(b *testing.B) {
	second, always := redistest.Start(b, everysec()), redistest.Start(b, redistest.AOF())
	live := carriers[0]
	live.subscriber = dropOldest
	strict := carriers[1]
	strict.publisher = keyed
	contenders := []contender{
		{"pubsub", live, second},
		{"streams", carriers[1], second},
		{"streams-strict", strict, always},
	}
	for _, f := range faults {
		b.Run(f.name, func(b *testing.B) {
			of := map[string][]account{}
			for b.Loop() {
				for _, c := range contenders {
					of[c.name] = append(of[c.name], play(b, c.server, c.carrier, f))
				}
			}
			for name, accounts := range of {
				reportMedian(b, name, accounts)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func reportMedian(b *testing.B, name string, accounts []account) {
	b.Helper()
	most := slices.MaxFunc(accounts, func(a, b account) int { return cmp.Compare(a.twice, b.twice) })
	slices.SortFunc(accounts, func(a, b account) int {
		return cmp.Or(cmp.Compare(a.lost, b.lost), cmp.Compare(a.failed, b.failed))
	})
	accounts[len(accounts)/2].report(b, name)
	b.ReportMetric(float64(accounts[0].lost), name+"-lost-least")
	b.ReportMetric(float64(accounts[len(accounts)-1].lost), name+"-lost-most")
	b.ReportMetric(float64(most.twice), name+"-twice-most")
}
