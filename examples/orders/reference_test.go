package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/mail"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/examples/orders/internal/report"
)

// outcome is what has to become of a file of orders.
type outcome struct {
	totals report.Totals
	// accepted has the line of each accepted order's first valid occurrence.
	accepted map[string]string
	// way is "express", "standard", "declined" or "down" by order.
	way map[string]string
}

// expect works out the outcome in one plain loop, written from the example's
// specification and sharing nothing with the program.
func expect(t *testing.T, ndjson []byte) outcome {
	t.Helper()
	o := outcome{accepted: map[string]string{}, way: map[string]string{}}
	cents := new(big.Int)
	ndjson = bytes.TrimPrefix(ndjson, []byte("\xef\xbb\xbf"))
	for raw := range bytes.Lines(ndjson) {
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		o.totals.Read++
		var placed struct {
			ID       string
			Customer string
			Card     string
			Lines    []struct {
				SKU       string
				Quantity  int64
				UnitCents *int64 `json:"unit_cents"`
			}
		}
		if json.Unmarshal(raw, &placed) != nil {
			o.totals.Malformed++
			o.totals.Poisoned++
			continue
		}
		total := new(big.Int)
		_, err := mail.ParseAddress(placed.Customer)
		valid := placed.ID != "" && err == nil && len(placed.Lines) > 0
		for _, line := range placed.Lines {
			if line.SKU == "" || line.Quantity < 1 || line.UnitCents == nil || *line.UnitCents < 0 {
				valid = false
				break
			}
			total.Add(total, new(big.Int).Mul(big.NewInt(line.Quantity), big.NewInt(*line.UnitCents)))
		}
		if !valid || !total.IsInt64() {
			o.totals.Invalid++
			o.totals.Poisoned++
			continue
		}
		if _, duplicate := o.accepted[placed.ID]; duplicate {
			continue
		}
		o.accepted[placed.ID] = strings.TrimRight(string(raw), "\r\n")
		switch placed.Card {
		case "tok_declined":
			o.totals.Declined++
			o.way[placed.ID] = "declined"
			continue
		case "tok_down":
			o.totals.Poisoned++
			o.way[placed.ID] = "down"
			continue
		}
		o.totals.Charged++
		o.totals.Receipts++
		cents.Add(cents, total)
		if total.Int64() >= 10000 {
			o.totals.Express++
			o.way[placed.ID] = "express"
		} else {
			o.totals.Standard++
			o.way[placed.ID] = "standard"
		}
	}
	o.totals.ChargedCents = json.Number(cents.String())
	return o
}

func TestTheSampleHasEveryCase(t *testing.T) {
	got := expect(t, []byte(sample))
	for name, n := range map[string]int{
		"malformed": got.totals.Malformed, "invalid": got.totals.Invalid, "declined": got.totals.Declined,
		"express": got.totals.Express, "standard": got.totals.Standard,
		"down":       got.totals.Poisoned - got.totals.Malformed - got.totals.Invalid,
		"flaky":      strings.Count(sample, `"tok_flaky"`),
		"duplicates": got.totals.Read - got.totals.Malformed - got.totals.Invalid - len(got.accepted),
	} {
		if n == 0 {
			t.Errorf("no order is %s", name)
		}
	}
	if got.totals.Read != 1000 {
		t.Errorf("%d orders, want 1,000", got.totals.Read)
	}
}

// trouble makes n orders that are hard to get right: most ids come several
// times, with other totals, cards and faults, so that whoever takes a duplicate
// for the first order, or the reverse, gets other totals.
func trouble(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	var out bytes.Buffer
	for i := range n {
		id := fmt.Sprintf("o-%d", r.IntN(n/2))
		customer, quantity := "ada@example.com", 1+r.IntN(3)
		card := "tok_visa"
		switch r.IntN(20) {
		case 0:
			card = "tok_flaky"
		case 1:
			card = "tok_declined"
		case 2:
			quantity = 0
		case 3:
			customer = "nobody"
		case 4:
			fmt.Fprintf(&out, "{\"id\":%q,\n", id)
			continue
		}
		if n >= 5000 && (i == n/3 || i == n/2) { // each takes seconds
			id, customer, quantity, card = fmt.Sprint("down-", i), "ada@example.com", 1, "tok_down"
		}
		fmt.Fprintf(&out, `{"id":%q,"customer":%q,"lines":[{"sku":"kettle","quantity":%d,"unit_cents":%d}],"card":%q}`+"\n",
			id, customer, quantity, r.IntN(10000), card)
	}
	return out.Bytes()
}
