package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/monitor"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
	"github.com/millstream-go/millstream/examples/internal/app"
)

// demo shows the roles at work.
type demo struct {
	command
	site *site
	ask  *monitor.Client
	urls []string // of the consumers
	desk string   // the URL of the notifier
}

// runDemo raises alerts for a while, with the notifier down in between, and sums up. Ctrl-C
// only ends the raising.
func (c command) runDemo(ctx context.Context) (err error) {
	client, stop, err := app.Connect(ctx, c.redisURL, c.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	url := c.redisURL
	if url == "" {
		url = "redis://" + client.Options().Addr
	}
	s, err := newSite(ctx, client, url, oncall.DefaultName)
	defer s.close()
	if err != nil {
		return interrupted(ctx, err)
	}
	d := demo{command: c, site: s, ask: monitor.New()}
	defer d.ask.Close()
	if err := d.introduce(ctx); err != nil {
		return interrupted(ctx, err)
	}
	if err := s.produce(); err != nil {
		return err
	}
	if err := d.watch(ctx); err != nil {
		return err
	}
	return d.conclude(context.WithoutCancel(ctx))
}

// interrupted says so of an error that is due to the end of ctx.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return app.ErrInterrupted
	}
	return err
}

// introduce says what is there, and where to look.
func (d *demo) introduce(ctx context.Context) (err error) {
	if d.desk, err = d.site.notifier.URL(ctx); err != nil {
		return err
	}
	for _, m := range d.site.consumers {
		url, err := m.URL(ctx)
		if err != nil {
			return err
		}
		d.urls = append(d.urls, url)
	}
	fmt.Fprintf(d.Stdout, `%d producers raise %d alerts a second for %v; %d consumers share them; Ctrl-C ends it sooner.
critical: paged at once    warning: a ticket for each service and %v    info: recorded

  metrics    %s/metrics
  notifier   %s/received

`, producers, producers*rate, d.length, consumers, siteWindow, strings.Join(d.urls, "/metrics\n             "), d.desk)
	return nil
}

// watch prints a line a second, and has the notifier go down and come back.
func (d *demo) watch(ctx context.Context) error {
	fmt.Fprintf(d.Stdout, "%4s %8s %7s %17s %9s %9s   %s\n", "s", "raised", "paged", "tickets: warnings", "waiting", "retries", "share of each consumer")
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	start := time.Now()
	fails, returns := start.Add(d.length/4), start.Add(d.length/2)
	ending := time.NewTimer(d.length)
	defer ending.Stop()
	down := false
	for {
		select {
		case <-ctx.Done():
			return d.mood(context.WithoutCancel(ctx), false)
		case <-ending.C:
			return d.mood(ctx, false)
		case now := <-ticker.C:
			if want := now.After(fails) && now.Before(returns); want != down {
				down = want
				if err := d.mood(ctx, down); err != nil {
					return interrupted(ctx, err)
				}
			}
			if err := errors.Join(d.line(context.WithoutCancel(ctx), time.Since(start)), d.site.fleet.Faults()); err != nil {
				return err
			}
		}
	}
}

// mood has the notifier go down, or come back if it is down.
func (d *demo) mood(ctx context.Context, down bool) error {
	if received, err := d.ask.Received(ctx, d.desk); err != nil || received.Down == down {
		return err
	}
	fmt.Fprintln(d.Stdout, map[bool]string{
		true:  "     the notifier goes down: it answers 503",
		false: "     the notifier is back",
	}[down])
	return d.ask.SetDown(ctx, d.desk, down)
}

// figures are what all consumers show together, and each.
type figures struct {
	monitor.Sample
	each []float64
}

func (d *demo) scrape(ctx context.Context) (f figures, err error) {
	for _, url := range d.urls {
		sample, err := d.ask.Scrape(ctx, url)
		if err != nil {
			return f, err
		}
		f.each = append(f.each, sample.Processed)
		f.Processed += sample.Processed
		f.Paged += sample.Paged
		f.Prompt += sample.Prompt
		f.Retries += sample.Retries
		f.Waiting = max(f.Waiting, sample.Waiting) // all show the same
	}
	return f, nil
}

// shares shows who did how much.
func (f figures) shares() string {
	parts := make([]string, len(f.each))
	for i, n := range f.each {
		parts[i] = fmt.Sprintf("%3.0f %%", 100*n/max(f.Processed, 1))
	}
	return strings.Join(parts, "  ")
}

// waiting shows how many are waiting.
func (f figures) waiting() string {
	if math.IsNaN(f.Waiting) {
		return "?"
	}
	return fmt.Sprintf("%.0f", f.Waiting)
}

// line prints what is so now.
func (d *demo) line(ctx context.Context, at time.Duration) error {
	f, err := d.scrape(ctx)
	if err != nil {
		return err
	}
	received, err := d.ask.Received(ctx, d.desk)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Stdout, "%4.0f %8d %7d %17s %9s %9.0f   %s\n", at.Seconds(), d.site.acks.count(), received.Pages,
		fmt.Sprintf("%d: %d", received.Tickets, received.Warnings), f.waiting(), f.Retries, f.shares())
	return nil
}

// conclude has what is left done, and sums up.
func (d *demo) conclude(ctx context.Context) error {
	fmt.Fprintln(d.Stdout, "     no more alerts are raised; the last windows end")
	if err := errors.Join(d.site.stopProducers(ctx), d.site.settle(ctx)); err != nil {
		return err
	}
	f, err := d.scrape(ctx)
	if err != nil {
		return err
	}
	received, err := d.ask.Received(ctx, d.desk)
	if err != nil {
		return err
	}
	d.sum(f, received)
	return d.site.stop(ctx)
}

func (d *demo) sum(f figures, received receiver.Received) {
	fmt.Fprintf(d.Stdout, `
raised      %6d alerts, each acknowledged when Redis had it
paged       %6d times, %.0f %% within a second; the others waited for the notifier
tickets     %6d, about %d warnings
retries     %6.0f; the notifier turned away %d calls while it was down
refused     %6d, which are in the poison topic: nobody is on call for the service %s
doubled     %6d at the notifier, which told people once
shares      %s
`, d.site.acks.count(), received.Pages, 100*f.Prompt/max(f.Paged, 1), received.Tickets, received.Warnings,
		f.Retries, received.TurnedAway, received.Refused, receiver.Unowned, received.Doubled, f.shares())
	if d.redisURL != "" {
		fmt.Fprintln(d.Stdout, "\ngo run ./examples/alerts replay -last 1h, with the same -redis or REDIS_URL, shows all of them again")
	}
}
