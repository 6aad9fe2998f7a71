package oncall

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/pipeline"
)

// errForgotten is of a window whose warnings the history no longer has.
var errForgotten = errors.New("the warnings of this window are no longer in the history")

// errEmpty is of a ticket that somebody else published.
var errEmpty = errors.New("the ticket is about no warning")

// stages are the handlers.
type stages struct {
	Config
	meters   meters
	warnings string // the topic
	// lastDown is why the notifier was down when it was last asked in vain.
	lastDown atomic.Pointer[error]
}

// triage sends an alert the way of its severity. Producers hold alerts against the same
// rules; what breaks them here came from somebody else, and no retry mends it.
func (s *stages) triage(critical, warning, info pipeline.Branch[alert.Alert]) route {
	branches := map[alert.Severity]pipeline.Branch[alert.Alert]{
		alert.Critical: critical, alert.Warning: warning, alert.Info: info,
	}
	return func(ctx context.Context, a alert.Alert) (pipeline.Routed, error) {
		if err := a.Validate(time.Now()); err != nil {
			s.meters.count(ctx, invalid, rejected)
			return pipeline.Routed{}, pipeline.Permanent(err)
		}
		return branches[a.Severity].To(a), nil
	}
}

// page wakes somebody, at once.
func (s *stages) page(ctx context.Context, a alert.Alert) error {
	return s.told(ctx, a, s.Notifier.Page(ctx, a.ID, a))
}

// pageAgain tells of an old alert, under a key of its own.
func (s *stages) pageAgain(ctx context.Context, r Repeat) error {
	return s.verdict(s.Notifier.Page(ctx, "again/"+r.Run+"/"+r.Alert.ID, r.Alert))
}

// gather names the window that a warning belongs to, by when it was added to the topic of
// warnings. What its stage passes on is the first of each window.
func (s *stages) gather(ctx context.Context, a alert.Alert) (alert.Window, error) {
	s.meters.count(ctx, string(alert.Warning), gathered)
	return s.windowOf(ctx, a)
}

func (s *stages) windowOf(ctx context.Context, a alert.Alert) (alert.Window, error) {
	at, err := history.TimeOf(pipeline.EntryID(ctx))
	if err != nil {
		return alert.Window{}, pipeline.Permanent(err)
	}
	return alert.WindowOf(a.Service, at, s.Window), nil
}

// digest waits for the end of a window and makes a ticket of all warnings that were added
// within it. Redis gives out ids in the order of its clock, so when that shows the end of
// the window, none is added any more.
func (s *stages) digest(ctx context.Context, w alert.Window) (alert.Ticket, error) {
	now, err := s.History.Now(ctx)
	if err != nil {
		return alert.Ticket{}, err
	}
	if left := w.To.Sub(now); left > 0 {
		return alert.Ticket{}, pipeline.RetryAfter(left)
	}
	ticket := alert.NewTicket(w)
	for entry, err := range s.History.Between(ctx, s.warnings, w.From, w.To) {
		if err != nil {
			return alert.Ticket{}, err
		}
		if entry.Message == nil {
			continue // it is in the poison topic
		}
		if a, err := alert.Parse(entry.Message.Payload); err == nil {
			ticket.Add(a)
		}
	}
	if ticket.Warnings == 0 {
		return alert.Ticket{}, pipeline.Permanent(fmt.Errorf("%w: raise -keep, or look for what deletes entries", errForgotten))
	}
	return ticket, nil
}

// open opens a ticket.
func (s *stages) open(ctx context.Context, t alert.Ticket) error {
	if len(t.First) == 0 {
		return pipeline.Permanent(errEmpty)
	}
	first := alert.Alert{Severity: alert.Warning, RaisedAt: t.First[0].RaisedAt}
	return s.told(ctx, first, s.Notifier.Open(ctx, t.Key(), t))
}

// record is all that becomes of an info: it stays in the history.
func (s *stages) record(ctx context.Context, _ alert.Alert) error {
	s.meters.count(ctx, string(alert.Info), recorded)
	return nil
}

// told counts what the notifier answered, and makes it a verdict.
func (s *stages) told(ctx context.Context, a alert.Alert, err error) error {
	switch {
	case err == nil:
		s.meters.count(ctx, string(a.Severity), notified)
		s.meters.waited(ctx, string(a.Severity), time.Since(a.RaisedAt))
	case errors.Is(err, alert.ErrRefused):
		s.meters.count(ctx, string(a.Severity), rejected)
	}
	return s.verdict(err)
}

// verdict poisons what the notifier will never take. Anything else is tried again.
func (s *stages) verdict(err error) error {
	if errors.Is(err, alert.ErrDown) {
		s.lastDown.Store(&err)
	}
	if errors.Is(err, alert.ErrRefused) {
		return pipeline.Permanent(err)
	}
	return err
}
