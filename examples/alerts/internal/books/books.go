// Package books holds against each other what producers were told, what the streams hold
// and what the notifier took: every alert has to be where its severity says, once.
package books

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
)

// Books are all that was written down by the time when nothing is left to do.
type Books struct {
	// Acked are the ids that producers had an acknowledgement of.
	Acked map[string]struct{}
	// Raised are the alerts in the stream of the producers, by id, with how often each is
	// there; Unreadable the entries there that are no alert or break the rules.
	Raised     map[string]Entry
	Unreadable int
	// Branches has how often each id is in the stream of a severity.
	Branches map[alert.Severity]map[string]int
	// Tickets are those that were made.
	Tickets []alert.Ticket
	// Poisoned is how many entries are in the poison topic.
	Poisoned int
	// Taken is the notifier's book.
	Taken Notified
}

// Entry is an alert in a stream, and how often it is there.
type Entry struct {
	Alert alert.Alert
	Times int
}

// Notified is what is asked of the notifier's book.
type Notified interface {
	Counts() receiver.Counts
	Told(kind, key string) bool
}

// Read reads what the streams of a system hold from a time on.
func Read(ctx context.Context, client redis.UniversalClient, system oncall.System, from time.Time) (Books, error) {
	r := reader{history.New(client), from, from}
	now, err := r.history.Now(ctx)
	if err != nil {
		return Books{}, err
	}
	r.to = now.Add(time.Second)
	b := Books{Raised: make(map[string]Entry), Branches: make(map[alert.Severity]map[string]int)}
	err = r.each(ctx, system.RaisedTopic(), func(payload []byte) error {
		a, err := alert.Parse(payload)
		if err != nil || a.Validate(time.Now()) != nil {
			b.Unreadable++
			return nil
		}
		b.Raised[a.ID] = Entry{a, b.Raised[a.ID].Times + 1}
		return nil
	})
	if err != nil {
		return Books{}, err
	}
	for severity, topic := range system.Branches {
		ids := make(map[string]int)
		b.Branches[severity] = ids
		err := r.each(ctx, topic, func(payload []byte) error {
			a, err := alert.Parse(payload)
			ids[a.ID]++
			return err
		})
		if err != nil {
			return Books{}, err
		}
	}
	err = r.each(ctx, system.Tickets, func(payload []byte) error {
		var t alert.Ticket
		err := json.Unmarshal(payload, &t)
		b.Tickets = append(b.Tickets, t)
		return err
	})
	if err != nil {
		return Books{}, err
	}
	err = r.each(ctx, system.Pipeline.PoisonTopic(), func([]byte) error { b.Poisoned++; return nil })
	return b, err
}

type reader struct {
	history  *history.Reader
	from, to time.Time
}

// each calls f with the payload of each entry of a topic.
func (r reader) each(ctx context.Context, topic string, f func([]byte) error) error {
	for entry, err := range r.history.Between(ctx, topic, r.from, r.to) {
		if err != nil {
			return err
		}
		var payload []byte
		if entry.Message != nil {
			payload = entry.Message.Payload
		}
		if err := f(payload); err != nil {
			return fmt.Errorf("entry %s of %s: %w", entry.ID, topic, err)
		}
	}
	return nil
}

// Verdict is what the books come to.
type Verdict struct {
	// Lost were acknowledged and are not there.
	Lost                            int
	Acked, Raised, Unreadable       int
	Critical, Warning, Info         int
	Paged, Tickets, TicketsRefused  int
	PagesRefused, Gathered, Doubled int
	Poisoned                        int
	// Wrong says what does not add up; nothing if all does.
	Wrong []string
}

// Check adds everything up.
func (b Books) Check() Verdict {
	counts := b.Taken.Counts()
	v := Verdict{
		Acked: len(b.Acked), Raised: len(b.Raised), Unreadable: b.Unreadable, Poisoned: b.Poisoned,
		Paged: counts.Pages, Tickets: counts.Tickets, Doubled: counts.Doubled,
	}
	b.checkAcked(&v)
	b.checkBranches(&v)
	b.checkPages(&v)
	b.checkTickets(&v, counts)
	v.expect("entries in the poison topic", b.Poisoned, v.Unreadable+v.PagesRefused+v.TicketsRefused)
	return v
}

func (v *Verdict) wrong(format string, values ...any) {
	v.Wrong = append(v.Wrong, fmt.Sprintf(format, values...))
}

func (v *Verdict) expect(what string, got, want int) {
	if got != want {
		v.wrong("%d %s, want %d", got, what, want)
	}
}

// checkAcked: what a producer was told is safe is in the stream, once.
func (b Books) checkAcked(v *Verdict) {
	for id := range b.Acked {
		if _, ok := b.Raised[id]; !ok {
			v.Lost++
			v.wrong("alert %s was acknowledged to its producer and is lost", id)
		}
	}
	for id, entry := range b.Raised {
		if entry.Times != 1 {
			v.wrong("alert %s was published %d times", id, entry.Times)
		}
	}
}

// checkBranches: each alert went the way of its severity, once, and no other.
func (b Books) checkBranches(v *Verdict) {
	for id, entry := range b.Raised {
		if n := b.Branches[entry.Alert.Severity][id]; n != 1 {
			v.wrong("alert %s is in the stream of %s %d times, want once", id, entry.Alert.Severity, n)
		}
	}
	total := 0
	for _, ids := range b.Branches {
		total += len(ids)
	}
	v.expect("alerts in the streams of the severities", total, len(b.Raised))
	v.Critical, v.Warning, v.Info = len(b.Branches[alert.Critical]), len(b.Branches[alert.Warning]), len(b.Branches[alert.Info])
}

// checkPages: each critical alert paged somebody, if anybody is on call for it.
func (b Books) checkPages(v *Verdict) {
	for id, entry := range b.Raised {
		if entry.Alert.Severity != alert.Critical {
			continue
		}
		refused := entry.Alert.Service == receiver.Unowned
		if refused {
			v.PagesRefused++
		}
		if told := b.Taken.Told(receiver.Page, id); told == refused {
			v.wrong("critical alert %s: paged is %t", id, told)
		}
	}
	v.expect("pages", v.Paged, v.Critical-v.PagesRefused)
}

// checkTickets: each warning is in one ticket, and each ticket was opened, if anybody is on
// call for its service.
func (b Books) checkTickets(v *Verdict, counts receiver.Counts) {
	var keys []string
	opened := 0
	for _, t := range b.Tickets {
		keys = append(keys, t.Key())
		v.Gathered += t.Warnings
		refused := t.Service == receiver.Unowned
		if refused {
			v.TicketsRefused++
		} else {
			opened += t.Warnings
		}
		if told := b.Taken.Told(receiver.Ticket, t.Key()); told == refused {
			v.wrong("ticket %s: opened is %t", t.Key(), told)
		}
	}
	slices.Sort(keys)
	v.expect("windows with a ticket", len(slices.Compact(keys)), len(b.Tickets))
	v.expect("warnings in tickets", v.Gathered, v.Warning)
	v.expect("warnings in tickets that were opened", counts.Warnings, opened)
	v.expect("tickets that were opened", counts.Tickets, len(b.Tickets)-v.TicketsRefused)
}
