// Package report tells what became of the orders. It counts nothing itself: all
// it says, but for how many lines were read, it reads from Redis, where it is
// the same after any number of crashes.
package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/ledger"
	"github.com/millstream-go/millstream/pipeline"
)

// Totals is the sum of it all, as -json prints it.
type Totals struct {
	// Read is how many lines this run read. The rest is over all runs.
	Read      int `json:"read"`
	Malformed int `json:"malformed"`
	Invalid   int `json:"invalid"`
	Charged   int `json:"charged"`
	// ChargedCents is a whole number of any size.
	ChargedCents json.Number `json:"charged_cents"`
	Declined     int         `json:"declined"`
	Poisoned     int         `json:"poisoned"`
	Express      int         `json:"express"`
	Standard     int         `json:"standard"`
	Receipts     int         `json:"receipts"`
}

// Stage says where a stage's traces are.
type Stage struct {
	// Name is the stage's name, Input the topic it reads as Group.
	Name, Input, Group string
	// Outputs are the flows it passes messages on to. A sink has none.
	Outputs []Flow
}

// Flow is a topic between stages.
type Flow struct{ Name, Topic string }

// Source is what a report is made from.
type Source struct {
	Client redis.UniversalClient
	Ledger *ledger.Ledger
	Stages []Stage
	// Validate is the name of the stage that holds orders against the rules.
	Validate string
	// Charged is the topic of the orders that were paid for, Poison the poison topic.
	Charged, Poison string
}

// Report is what became of the orders.
type Report struct {
	Totals  Totals
	Stages  []Progress
	Poisons []Poison
	Poison  string // the poison topic
	// Retried is nil if there is no such order, or nothing was traced.
	Retried *Retried
}

// JSON writes the totals as one object.
func (r Report) JSON(w io.Writer) error {
	return json.NewEncoder(w).Encode(struct {
		Totals
		Retried *Retried `json:"retried,omitempty"`
	}{r.Totals, r.Retried})
}

// Progress is what a stage did.
type Progress struct {
	Name string
	// Received is what its input holds, Waiting what of that it is not done with.
	Received, Waiting int
	Passed            []Passed
	Poisoned          int
	// Dropped is what it acknowledged without passing it on: duplicates.
	Dropped int
	Sink    bool
}

// Passed is how much went on to a flow.
type Passed struct {
	Flow  string
	Count int
}

// Collect reads the report. read is how many lines this run read.
func (s Source) Collect(ctx context.Context, read int) (Report, error) {
	poisons, err := s.poisons(ctx)
	if err != nil {
		return Report{}, err
	}
	balance, err := s.Ledger.Balance(ctx)
	if err != nil {
		return Report{}, err
	}
	r := Report{Poison: s.Poison, Poisons: poisons, Totals: Totals{
		Read:         read,
		Charged:      int(balance.Charged),
		ChargedCents: json.Number(balance.ChargedCents.String()),
		Declined:     int(balance.Declined),
		Express:      int(balance.Express),
		Standard:     int(balance.Standard),
		Receipts:     int(balance.Receipts),
	}}
	poisoned := make(map[string]int)
	for _, p := range poisons {
		poisoned[p.Stage] += p.Count
		r.Totals.Poisoned += p.Count
		switch {
		case p.Kind == pipeline.KindMalformed:
			r.Totals.Malformed += p.Count
		case p.Kind == pipeline.KindPermanent && p.Stage == s.Validate:
			r.Totals.Invalid += p.Count
		}
	}
	for _, stage := range s.Stages {
		progress, err := s.progress(ctx, stage)
		if err != nil {
			return Report{}, fmt.Errorf("stage %s: %w", stage.Name, err)
		}
		progress.Poisoned = poisoned[stage.Name]
		progress.account()
		r.Stages = append(r.Stages, progress)
	}
	return r, nil
}

func (s Source) progress(ctx context.Context, stage Stage) (Progress, error) {
	p := Progress{Name: stage.Name, Sink: len(stage.Outputs) == 0}
	received, err := s.Client.XLen(ctx, stage.Input).Result()
	if err != nil {
		return Progress{}, err
	}
	p.Received = int(received)
	for _, flow := range stage.Outputs {
		passed, err := s.Client.XLen(ctx, flow.Topic).Result()
		if err != nil {
			return Progress{}, err
		}
		p.Passed = append(p.Passed, Passed{flow.Name, int(passed)})
	}
	if received > 0 { // else there may be no stream, of which Redis tells nothing
		p.Waiting, err = s.waiting(ctx, stage)
	}
	return p, err
}

// account finds what was dropped: whatever did not go anywhere else.
func (p *Progress) account() {
	if p.Sink {
		return
	}
	p.Dropped = p.Received - p.Waiting - p.Poisoned
	for _, passed := range p.Passed {
		p.Dropped -= passed.Count
	}
}

// waiting counts what is pending, parked or undelivered. Redis's own count of
// what is undelivered may be unknown after a restart, so this looks.
func (s Source) waiting(ctx context.Context, stage Stage) (int, error) {
	groups, err := s.Client.XInfoGroups(ctx, stage.Input).Result()
	if err != nil {
		return 0, err
	}
	waiting, last := 0, "0-0"
	for _, group := range groups {
		if group.Name == stage.Group {
			waiting, last = int(group.Pending), group.LastDeliveredID
		}
	}
	err = each(ctx, s.Client, stage.Input, last, func(redis.XMessage) error {
		waiting++
		return nil
	})
	return waiting, err
}

// each calls visit with the entries of a stream that come after an id. Entries
// may be large, so it holds few at once.
func each(ctx context.Context, client redis.UniversalClient, topic, after string, visit func(redis.XMessage) error) error {
	const page = 20
	for {
		entries, err := client.XRangeN(ctx, topic, "("+after, "+", page).Result()
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := visit(entry); err != nil {
				return err
			}
			after = entry.ID
		}
		if len(entries) < page {
			return nil
		}
	}
}
