package books_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/books"
	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
)

// taken is a notifier's book in memory.
type taken struct {
	counts receiver.Counts
	told   map[string]bool
}

func (t taken) Counts() receiver.Counts    { return t.counts }
func (t taken) Told(kind, key string) bool { return t.told[kind+" "+key] }

// right returns books in which every sum is right.
func right() books.Books {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	entry := func(id string, severity alert.Severity, service string) books.Entry {
		return books.Entry{Alert: alert.Alert{ID: id, Severity: severity, Service: service}, Times: 1}
	}
	checkout := alert.Ticket{Window: alert.WindowOf("checkout", at, time.Minute), Warnings: 2}
	legacy := alert.Ticket{Window: alert.WindowOf(receiver.Unowned, at, time.Minute), Warnings: 1}
	return books.Books{
		Acked: map[string]struct{}{"c1": {}, "c2": {}, "w1": {}, "w2": {}, "w3": {}},
		Raised: map[string]books.Entry{
			"c1": entry("c1", alert.Critical, "checkout"), "c2": entry("c2", alert.Critical, receiver.Unowned),
			"w1": entry("w1", alert.Warning, "checkout"), "w2": entry("w2", alert.Warning, "checkout"),
			"w3": entry("w3", alert.Warning, receiver.Unowned), "i1": entry("i1", alert.Info, "mail"),
		},
		Unreadable: 1,
		Branches: map[alert.Severity]map[string]int{
			alert.Critical: {"c1": 1, "c2": 1}, alert.Warning: {"w1": 1, "w2": 1, "w3": 1}, alert.Info: {"i1": 1},
		},
		Tickets:  []alert.Ticket{checkout, legacy},
		Poisoned: 3, // the unreadable, the page and the ticket of nobody
		Taken: taken{
			receiver.Counts{Pages: 1, Tickets: 1, Warnings: 2, Doubled: 4},
			map[string]bool{"page c1": true, "ticket " + checkout.Key(): true},
		},
	}
}

func TestBooksThatAddUpAreRight(t *testing.T) {
	v := right().Check()
	assert.Empty(t, v.Wrong)
	assert.Equal(t, books.Verdict{
		Acked: 5, Raised: 6, Unreadable: 1, Critical: 2, Warning: 3, Info: 1, Paged: 1, Tickets: 1,
		TicketsRefused: 1, PagesRefused: 1, Gathered: 3, Doubled: 4, Poisoned: 3,
	}, v)
}

func TestWhateverIsMissingOrTooMuchIsFound(t *testing.T) {
	for want, spoil := range map[string]func(*books.Books){
		"alert lost was acknowledged to its producer and is lost": func(b *books.Books) { b.Acked["lost"] = struct{}{} },
		"alert c1 was published 2 times": func(b *books.Books) {
			e := b.Raised["c1"]
			e.Times = 2
			b.Raised["c1"] = e
		},
		"alert c1 is in the stream of critical 0 times, want once": func(b *books.Books) { delete(b.Branches[alert.Critical], "c1") },
		"alert w1 is in the stream of warning 2 times, want once":  func(b *books.Books) { b.Branches[alert.Warning]["w1"] = 2 },
		"7 alerts in the streams of the severities, want 6":        func(b *books.Books) { b.Branches[alert.Info]["c1"] = 1 },
		"critical alert c1: paged is false":                        func(b *books.Books) { delete(b.Taken.(taken).told, "page c1") },
		"critical alert c2: paged is true":                         func(b *books.Books) { b.Taken.(taken).told["page c2"] = true },
		"0 pages, want 1": func(b *books.Books) {
			b.Taken = taken{receiver.Counts{Tickets: 1, Warnings: 2}, b.Taken.(taken).told}
		},
		"1 windows with a ticket, want 2":                   func(b *books.Books) { b.Tickets[1] = b.Tickets[0] },
		"4 warnings in tickets, want 3":                     func(b *books.Books) { b.Tickets[0].Warnings++ },
		"2 warnings in tickets that were opened, want 3":    func(b *books.Books) { b.Tickets[0].Warnings++ },
		"1 tickets that were opened, want 0":                func(b *books.Books) { b.Tickets = b.Tickets[1:] },
		"4 entries in the poison topic, want 3":             func(b *books.Books) { b.Poisoned++ },
		"ticket legacy@1772366400000+60000: opened is true": func(b *books.Books) { b.Taken.(taken).told["ticket "+b.Tickets[1].Key()] = true },
	} {
		b := right()
		spoil(&b)
		assert.Contains(t, b.Check().Wrong, want)
	}
}
