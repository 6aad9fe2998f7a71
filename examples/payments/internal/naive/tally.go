package naive

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// Outcomes reads what the consumers said, in order.
func Outcomes(ctx context.Context, client redis.UniversalClient, stream string) ([]payment.Outcome, error) {
	entries, err := client.XRange(ctx, stream, "-", "+").Result()
	if err != nil {
		return nil, err
	}
	outcomes := make([]payment.Outcome, len(entries))
	for i, entry := range entries {
		text, _ := entry.Values["payload"].(string)
		if err := json.Unmarshal([]byte(text), &outcomes[i]); err != nil {
			return nil, fmt.Errorf("entry %s: %w", entry.ID, err)
		}
	}
	return outcomes, nil
}

// Tally is what became of payments.
type Tally struct {
	Payments int
	// Overcharged were charged more than once, TooMany times more than once in all, and for
	// TooMuch in each currency.
	Overcharged, TooMany int
	TooMuch              []payment.Money
	// Repeated are outcomes beyond the first of each payment, Missing payments without one.
	Repeated, Missing int
}

// Count counts what became of the payments that were asked for.
func Count(asked []string, entries []bankapi.Entry, outcomes []payment.Outcome) (Tally, error) {
	t := Tally{Payments: len(asked)}
	charges := make(map[string]int)
	for _, entry := range entries {
		if entry.Status != bankapi.Charged {
			continue
		}
		charges[entry.Reference]++
		if n := charges[entry.Reference]; n > 1 {
			if t.TooMany++; n == 2 {
				t.Overcharged++
			}
			if err := t.tooMuch(entry); err != nil {
				return t, err
			}
		}
	}
	said := make(map[string]int)
	for _, outcome := range outcomes {
		if said[outcome.ID]++; said[outcome.ID] > 1 {
			t.Repeated++
		}
	}
	slices.SortFunc(t.TooMuch, func(m, n payment.Money) int { return cmp.Compare(m.Currency, n.Currency) })
	for _, id := range asked {
		if said[id] == 0 {
			t.Missing++
		}
	}
	return t, nil
}

// tooMuch adds what the merchant was paid by an entry.
func (t *Tally) tooMuch(entry bankapi.Entry) error {
	for _, p := range entry.Postings {
		if p.Account != bankapi.Merchant {
			continue
		}
		i := slices.IndexFunc(t.TooMuch, func(m payment.Money) bool { return m.Currency == p.Amount.Currency })
		if i < 0 {
			t.TooMuch = append(t.TooMuch, p.Amount)
			continue
		}
		sum, err := t.TooMuch[i].Add(p.Amount)
		if err != nil {
			return err
		}
		t.TooMuch[i] = sum
	}
	return nil
}

// Exact tells whether each payment was charged and said once.
func (t Tally) Exact() bool { return t.TooMany == 0 && t.Repeated == 0 && t.Missing == 0 }

// Print writes it for people.
func (t Tally) Print(w io.Writer) {
	fmt.Fprintf(w, "naive: of %d payments %d were charged more than once, with %d charges too many", t.Payments, t.Overcharged, t.TooMany)
	for _, sum := range t.TooMuch {
		fmt.Fprintf(w, ", %s", sum)
	}
	fmt.Fprintf(w, "\n  %d outcomes are in the stream again, %d payments have none\n", t.Repeated, t.Missing)
}
