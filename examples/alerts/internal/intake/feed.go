package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
)

// batchSize is how many lines are published together, if that many are here.
const batchSize = 256

// Sink publishes alerts; it returns nil when all of them are safe.
type Sink func(context.Context, ...alert.Alert) error

// Feed sends alerts to a sink, one of each line of an input.
type Feed struct {
	Origin alert.Origin
	Sink   Sink
	// Rejected is told of each line that is no alert, by its number. The others are
	// published all the same.
	Rejected func(number int, err error)
}

// Run reads until the input ends or ctx does. In the latter case it does not wait for a
// read that is blocked: nothing can interrupt the read of a terminal. It returns how many
// lines were rejected.
func (f Feed) Run(ctx context.Context, in io.Reader) (rejected int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan batch)
	go scan(ctx, newScanner(in), batches)
	for {
		select {
		case <-ctx.Done():
			return rejected, context.Cause(ctx)
		case b := <-batches:
			n, err := f.send(ctx, b.lines)
			rejected += n
			switch {
			case err != nil:
				return rejected, err
			case errors.Is(b.err, io.EOF):
				return rejected, nil
			case b.err != nil:
				return rejected, fmt.Errorf("read the alerts: %w", b.err)
			}
		}
	}
}

// send sends what is right of some lines.
func (f Feed) send(ctx context.Context, lines []line) (rejected int, err error) {
	var alerts []alert.Alert
	for _, l := range lines {
		a, err := f.accept(l)
		if err != nil {
			rejected++
			f.Rejected(l.number, err)
			continue
		}
		alerts = append(alerts, a)
	}
	if len(alerts) == 0 {
		return rejected, nil
	}
	return rejected, f.Sink(ctx, alerts...)
}

func (f Feed) accept(l line) (alert.Alert, error) {
	if l.err != nil {
		return alert.Alert{}, l.err
	}
	a, err := alert.Parse(l.text)
	if err != nil {
		return alert.Alert{}, err
	}
	a = f.Origin.Complete(a)
	return a, a.Validate(f.Origin.Now())
}

// batch is a run of lines, or why there are no more.
type batch struct {
	lines []line
	err   error
}

// scan sends what a scanner reads, one batch while the one before is published.
func scan(ctx context.Context, s *scanner, batches chan<- batch) {
	for more := true; more && ctx.Err() == nil; {
		b := gather(s)
		more = b.err == nil
		select {
		case batches <- b:
		case <-ctx.Done():
		}
	}
}

// gather reads lines until there are enough or the next would have to be waited for.
func gather(s *scanner) (b batch) {
	for len(b.lines) < batchSize {
		l, err := s.next()
		if l.number > 0 {
			b.lines = append(b.lines, l)
		}
		if err != nil {
			b.err = err
			return b
		}
		if !s.ready() {
			return b
		}
	}
	return b
}

// tick is how often a generator at least looks what is due.
const tick = 10 * time.Millisecond

// Generate sends made-up alerts to a sink, at so many a second, until ctx ends or there were
// count of them, if that is positive.
func Generate(ctx context.Context, g *Generator, rate float64, count int, sink Sink) error {
	start, sent := time.Now(), 0
	ticker := time.NewTicker(max(tick, time.Duration(float64(time.Second)/rate)))
	defer ticker.Stop()
	for count <= 0 || sent < count {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		due := min(int(time.Since(start).Seconds()*rate)-sent, batchSize)
		if count > 0 {
			due = min(due, count-sent)
		}
		alerts := make([]alert.Alert, max(due, 0))
		for i := range alerts {
			alerts[i] = g.Next()
		}
		if len(alerts) == 0 {
			continue
		}
		if err := sink(ctx, alerts...); err != nil {
			return err
		}
		sent += len(alerts)
	}
	return nil
}
