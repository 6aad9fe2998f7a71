package chain

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Account is what became of the messages of a round.
type Account struct {
	// Lost messages did not come out, Doubled ones again, once for each time.
	// Spoilt is what came out and was not put in like that.
	Lost, Doubled, Spoilt int
}

// OK reports whether each message came out exactly once.
func (a Account) OK() bool { return a == Account{} }

func (a Account) String() string {
	return fmt.Sprintf("%d lost, %d doubled, %d spoilt", a.Lost, a.Doubled, a.Spoilt)
}

func (a Account) plus(b Account) Account {
	return Account{Lost: a.Lost + b.Lost, Doubled: a.Doubled + b.Doubled, Spoilt: a.Spoilt + b.Spoilt}
}

// account looks for each message in what the last stage wrote. A message is
// known by the number in its payload, and two must not have one id.
func account(ctx context.Context, client *redis.Client, c Chain, messages int, all payloads) (Account, error) {
	var a Account
	seen := make([]bool, messages)
	ids := make(map[string]bool, messages)
	for from := "-"; ; {
		entries, err := client.XRangeN(ctx, c.Topic(c.Stages), from, "+", int64(page(all.size))).Result()
		if err != nil {
			return a, fmt.Errorf("read what came out: %w", err)
		}
		for _, entry := range entries {
			p, _ := entry.Values[fieldPayload].(string)
			id, _ := entry.Values[fieldID].(string)
			i, ok := all.number(p)
			switch {
			case !ok || i >= messages:
				a.Spoilt++
			case seen[i]:
				a.Doubled++
			case id == "" || ids[id]:
				a.Spoilt++
				seen[i] = true
			default:
				seen[i], ids[id] = true, true
			}
		}
		if len(entries) < page(all.size) {
			break
		}
		from = "(" + entries[len(entries)-1].ID
	}
	for _, s := range seen {
		if !s {
			a.Lost++
		}
	}
	return a, nil
}
