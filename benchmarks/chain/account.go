package chain

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// account looks for each message in what the last stage wrote.
func (r preloadedRound) account(ctx context.Context) (bench.Account, error) {
	l := ledger{payloads: r.payloads, tally: bench.NewTally(r.messages), ids: make(map[string]int, r.messages)}
	topic := r.ends.chain.Topic(r.ends.chain.Stages)
	for from := "-"; ; {
		entries, err := r.ends.client.XRangeN(ctx, topic, from, "+", int64(r.page())).Result()
		if err != nil {
			return bench.Account{}, fmt.Errorf("read what came out: %w", err)
		}
		for _, entry := range entries {
			l.enter(entry)
		}
		if len(entries) < r.page() {
			return l.tally.Account(), nil
		}
		from = "(" + entries[len(entries)-1].ID
	}
}

// ledger is what came out. A message is known by the number in its payload, and two must
// not have one id.
type ledger struct {
	payloads payloads
	tally    *bench.Tally
	// ids have the number of the message that came with each.
	ids map[string]int
}

func (l *ledger) enter(entry redis.XMessage) {
	p, _ := entry.Values[fieldPayload].(string)
	id, _ := entry.Values[fieldID].(string)
	i, ok := l.payloads.number(p)
	if !ok {
		l.tally.Spoilt()
		return
	}
	l.tally.Came(i)
	if other, taken := l.ids[id]; id == "" || taken && other != i {
		l.tally.Spoilt()
		return
	}
	l.ids[id] = i
}
