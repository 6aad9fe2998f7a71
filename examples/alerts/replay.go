package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

const replayUsage = `alerts replay prints what happened, from the history in Redis.

usage: alerts replay -redis URL [-last D] [-severity LIST] [-json] [-notify]

It reads by time and touches no consumer group. With -notify it has the consumers tell the
notifier of the same alerts once more, each under a key of this replay: of the critical ones,
unless -severity says which.

`

// replayer is one call of the role.
type replayer struct {
	shared
	last       time.Duration
	severities []alert.Severity
	json       bool
	notify     bool

	app.IO
}

func replay(ctx context.Context, args []string, std app.IO) error {
	r := replayer{IO: std}
	var severities string
	flags := flag.NewFlagSet("alerts replay", flag.ContinueOnError)
	r.add(flags)
	flags.DurationVar(&r.last, "last", time.Hour, "what was published in the last so long")
	flags.StringVar(&severities, "severity", "", "only alerts of the severities in this `LIST` (default \"critical,warning,info\"; with -notify \"critical\")")
	flags.BoolVar(&r.json, "json", false, "print one JSON object a line; the sum is on standard error")
	flags.BoolVar(&r.notify, "notify", false, "tell the notifier again")
	if err := app.Parse(flags, replayUsage, args, std.Stderr); err != nil {
		return err
	}
	if r.last <= 0 {
		return app.Usage("-last must be positive")
	}
	if err := r.choose(severities, given(flags)["severity"]); err != nil {
		return err
	}
	if err := r.check("replay"); err != nil {
		return err
	}
	return r.run(ctx)
}

// choose says which alerts it is about. Nobody is woken for warnings and infos by default.
func (r *replayer) choose(list string, given bool) error {
	if !given {
		r.severities = alert.Severities()
		if r.notify {
			r.severities = []alert.Severity{alert.Critical}
		}
		return nil
	}
	for name := range strings.SplitSeq(list, ",") {
		severity := alert.Severity(strings.TrimSpace(name))
		switch {
		case !severity.Known():
			return app.Usage("-severity %q: want any of critical, warning and info, with commas between them", name)
		case slices.Contains(r.severities, severity):
			return app.Usage("-severity has %s twice", severity)
		}
		r.severities = append(r.severities, severity)
	}
	return nil
}

func (r *replayer) run(ctx context.Context) error {
	client, end, err := app.Begin(ctx, "alerts-replay", r.redisURL, r.Stderr)
	if err != nil {
		return err
	}
	defer end()
	system, err := oncall.New(oncall.Config{Name: r.pipeline})
	if err != nil {
		return err
	}
	tell := func(alert.Alert) error { return nil }
	if r.notify {
		transport, err := streams.NewTransport(client, streams.Config{Logger: logger(r.IO)})
		if err != nil {
			return err
		}
		publisher, err := pipeline.NewPublisher(system.Again, transport)
		if err != nil {
			return err
		}
		defer publisher.Close()
		run := uuid.NewString()
		tell = func(a alert.Alert) error { return publisher.Publish(ctx, oncall.Repeat{Run: run, Alert: a}) }
	}
	return r.print(ctx, client, system.RaisedTopic(), tell)
}

// print prints the history, tells of each alert in it, and sums it up.
func (r *replayer) print(ctx context.Context, client redis.UniversalClient, topic string, tell func(alert.Alert) error) (err error) {
	past := history.New(client)
	now, err := past.Now(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(r.Stdout)
	// What was told is shown, also when the rest fails.
	defer func() { err = errors.Join(err, out.Flush()) }()
	counts, unreadable := make(map[alert.Severity]int), 0
	for entry, err := range past.Between(ctx, topic, now.Add(-r.last), now.Add(time.Millisecond)) {
		if err != nil {
			return err
		}
		a, ok := readable(entry)
		if !ok {
			unreadable++
			continue
		}
		if !slices.Contains(r.severities, a.Severity) {
			continue
		}
		counts[a.Severity]++
		if err := r.line(out, entry, a); err != nil {
			return err
		}
		if err := tell(a); err != nil {
			return fmt.Errorf("tell of alert %s again: %w", a.ID, err)
		}
	}
	r.sum(out, counts, unreadable)
	return nil
}

// readable returns the alert in an entry, if it is one.
func readable(entry history.Entry) (alert.Alert, bool) {
	if entry.Message == nil {
		return alert.Alert{}, false
	}
	a, err := alert.Parse(entry.Message.Payload)
	return a, err == nil && a.Validate(time.Now()) == nil
}

func (r *replayer) line(out io.Writer, entry history.Entry, a alert.Alert) error {
	if r.json {
		return json.NewEncoder(out).Encode(a)
	}
	_, err := fmt.Fprintf(out, "%s  %-8s  %-10s  %-8s  %s\n", entry.At.Format("2006-01-02 15:04:05.000Z"), a.Severity,
		plain(a.Service), plain(a.Host), plain(a.Summary))
	return err
}

// plain makes a text of others fit for a terminal.
func plain(text string) string {
	quoted := strconv.QuoteToGraphic(text)
	return quoted[1 : len(quoted)-1]
}

// sum prints how many there were.
func (r *replayer) sum(out io.Writer, counts map[alert.Severity]int, unreadable int) {
	if r.json {
		out = r.Stderr
	}
	total := 0
	parts := make([]string, len(r.severities))
	for i, severity := range r.severities {
		total += counts[severity]
		parts[i] = fmt.Sprintf("%d %s", counts[severity], severity)
	}
	fmt.Fprintf(out, "%d alerts in the last %v: %s", total, r.last, strings.Join(parts, ", "))
	if unreadable > 0 {
		fmt.Fprintf(out, "; no alerts: %d", unreadable)
	}
	fmt.Fprintln(out)
	if r.notify {
		fmt.Fprintln(out, "the consumers tell the notifier of these again")
	}
}
