package alert

import (
	"fmt"
	"slices"
	"time"
)

// Window is the time over which the warnings of a service are gathered: from From, before
// To.
type Window struct {
	Service string    `json:"service"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
}

// WindowOf returns the window of a length that a time belongs to. Windows of one length
// follow each other without gaps.
func WindowOf(service string, at time.Time, length time.Duration) Window {
	from := at.UTC().Truncate(length)
	return Window{Service: service, From: from, To: from.Add(length)}
}

// Key is the same for a window whoever works it out, and for no other.
func (w Window) Key() string {
	return fmt.Sprintf("%s@%d+%d", w.Service, w.From.UnixMilli(), w.To.Sub(w.From).Milliseconds())
}

// listed is how many warnings a ticket shows in full.
const listed = 3

// Ticket is about all warnings of a service in a window.
type Ticket struct {
	Window
	// Warnings is how many there were.
	Warnings int `json:"warnings"`
	// Hosts are those that had one, in the order of their first.
	Hosts []string `json:"hosts"`
	// First are the first few of them.
	First []Alert `json:"first"`
}

// NewTicket returns the ticket of a window, without warnings yet.
func NewTicket(w Window) Ticket { return Ticket{Window: w} }

// Add counts a warning if it is of the ticket's service.
func (t *Ticket) Add(a Alert) {
	if a.Service != t.Service {
		return
	}
	t.Warnings++
	if len(t.First) < listed {
		t.First = append(t.First, a)
	}
	if !slices.Contains(t.Hosts, a.Host) {
		t.Hosts = append(t.Hosts, a.Host)
	}
}
