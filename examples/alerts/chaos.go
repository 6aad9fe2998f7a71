package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/millstream-go/millstream/examples/alerts/internal/books"
	"github.com/millstream-go/millstream/examples/alerts/internal/fleet"
	"github.com/millstream-go/millstream/examples/alerts/internal/monitor"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/internal/pause"
	"github.com/millstream-go/millstream/streams"
)

const (
	// away is for how long the notifier and Redis are gone, and unwell for how long the
	// notifier answers 503.
	away   = time.Second
	unwell = 2 * time.Second
	// calm is the time between two faults, and up to as much again.
	calm = 500 * time.Millisecond
)

// foreign are entries that no producer of ours would publish.
var foreign = []string{
	`this is no JSON`,
	`{"id":"foreign-1","severity":"fatal","host":"web-1","service":"checkout","summary":"?","raised_at":"2026-01-01T00:00:00Z"}`,
	`["neither","an","object"]`,
}

// chaos kills everything.
type chaos struct {
	command
	site   *site
	server *server
	ask    *monitor.Client
	rand   *rand.Rand
	began  time.Time
}

// runChaos makes everything fail while alerts are raised, and checks the books.
func (c command) runChaos(ctx context.Context) (err error) {
	server, err := c.startServer(ctx)
	if err != nil {
		return err
	}
	defer server.stop()
	name := "alerts-chaos-" + uuid.NewString()[:8]
	defer func() {
		if resetErr := server.clean(ctx, oncall.Prefix(name)); err == nil && resetErr != nil {
			err = fmt.Errorf("delete what the run left in Redis: %w", resetErr)
		}
	}()
	s, err := newSite(ctx, server.client, server.url, name)
	defer s.close()
	if err != nil {
		return interrupted(ctx, err)
	}
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	x := chaos{command: c, site: s, server: server, ask: monitor.New(), rand: rand.New(rand.NewPCG(c.seed, 0)), began: time.Now()}
	defer x.ask.Close()
	fmt.Fprintf(c.Stdout, "%d producers raise %d alerts a second, %d consumers share them, one notifier is told; -seed %d repeats the order\n",
		producers, producers*rate, consumers, c.seed)
	if err := x.trouble(ctx); err != nil {
		return interrupted(ctx, err)
	}
	return x.conclude(ctx)
}

// fault is something that goes wrong and is mended.
type fault struct {
	what string
	do   func(context.Context) error
}

// faults returns all of a run, in a random order.
func (x *chaos) faults() []fault {
	faults := []fault{
		{"the notifier answers 503 for " + unwell.String(), x.notifierUnwell},
		{"kill -9 notifier, back after " + away.String(), x.killNotifier},
		{"kill -9 notifier, back after " + away.String(), x.killNotifier},
	}
	for i, m := range x.site.producers {
		faults = append(faults, x.kill(m, func() ([]string, error) { return x.site.producerArgs(i), nil }))
	}
	for _, m := range x.site.consumers {
		faults = append(faults, x.kill(m, func() ([]string, error) {
			url, err := x.site.notifier.URL(context.Background())
			return x.site.consumerArgs(url), err
		}))
	}
	if x.server.own != nil {
		killed := fault{"kill -9 redis-server, back after " + away.String(), x.killRedis}
		faults = append(faults, killed, killed)
	}
	x.rand.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	return faults
}

// trouble has alerts raised, and everything fail.
func (x *chaos) trouble(ctx context.Context) error {
	if err := x.site.produce(); err != nil {
		return err
	}
	if err := x.publishForeign(ctx); err != nil {
		return err
	}
	x.say("%d entries that are no alerts are added to the stream", len(foreign))
	for _, f := range x.faults() {
		if err := wait(ctx, calm+time.Duration(x.rand.Int64N(int64(calm)))); err != nil {
			return err
		}
		x.say("%s", f.what)
		if err := errors.Join(f.do(ctx), x.site.fleet.Faults()); err != nil {
			return err
		}
	}
	return wait(ctx, 2*calm)
}

func (x *chaos) say(format string, values ...any) {
	fmt.Fprintf(x.Stdout, "%5.1f s  %s\n", time.Since(x.began).Seconds(), fmt.Sprintf(format, values...))
}

// wait waits, or returns why ctx ended.
func wait(ctx context.Context, d time.Duration) error {
	if pause.For(ctx, nil, d) {
		return nil
	}
	return context.Cause(ctx)
}

// publishForeign publishes what is wrong, past the producers.
func (x *chaos) publishForeign(ctx context.Context) error {
	publisher, err := streams.NewPublisher(x.site.client, streams.PublisherConfig{})
	if err != nil {
		return err
	}
	defer publisher.Close()
	for _, text := range foreign {
		msg := message.NewMessageWithContext(ctx, uuid.NewString(), []byte(text))
		if err := publisher.Publish(x.site.system.RaisedTopic(), msg); err != nil {
			return err
		}
	}
	return nil
}

// kill is the death of a process that a supervisor starts again.
func (x *chaos) kill(m *fleet.Member, args func() ([]string, error)) fault {
	return fault{"kill -9 " + m.Name + ", started again", func(context.Context) error {
		m.Kill()
		again, err := args()
		if err != nil {
			return err
		}
		return m.Restart(again...)
	}}
}

func (x *chaos) killNotifier(ctx context.Context) error {
	m := x.site.notifier
	url, err := m.URL(ctx)
	if err != nil {
		return err
	}
	m.Kill()
	if err := wait(ctx, away); err != nil {
		return err
	}
	if err := m.Restart(x.site.notifierArgs(strings.TrimPrefix(url, "http://"))...); err != nil {
		return err
	}
	_, err = m.URL(ctx)
	return err
}

func (x *chaos) notifierUnwell(ctx context.Context) error {
	url, err := x.site.notifier.URL(ctx)
	if err != nil {
		return err
	}
	if err := x.ask.SetDown(ctx, url, true); err != nil {
		return err
	}
	if err := wait(ctx, unwell); err != nil {
		return err
	}
	return x.ask.SetDown(ctx, url, false)
}

func (x *chaos) killRedis(ctx context.Context) error {
	x.server.own.Crash()
	waitErr := wait(ctx, away)
	return errors.Join(waitErr, x.server.own.Revive())
}

// conclude has what is left done, and checks the books.
func (x *chaos) conclude(ctx context.Context) error {
	x.say("no more alerts are raised; what is left is done")
	if err := errors.Join(x.site.stopProducers(ctx), x.site.settle(ctx), x.site.stop(ctx)); err != nil {
		return err
	}
	read, err := books.Read(ctx, x.site.client, x.site.system, x.site.began)
	if err != nil {
		return interrupted(ctx, err)
	}
	taken, err := x.site.taken()
	if err != nil {
		return err
	}
	defer taken.Close()
	read.Acked, read.Taken = x.site.acks.ids, taken
	verdict := read.Check()
	if verdict.Unreadable != len(foreign) {
		verdict.Wrong = append(verdict.Wrong, fmt.Sprintf("%d entries are no alerts, want %d", verdict.Unreadable, len(foreign)))
	}
	x.print(verdict)
	if n := len(verdict.Wrong); n > 0 {
		return fmt.Errorf("the books are wrong in %d places: %s", n, strings.Join(verdict.Wrong[:min(n, 10)], "; "))
	}
	fmt.Fprintln(x.Stdout, "every sum is right")
	return nil
}

func (x *chaos) print(v books.Verdict) {
	fmt.Fprintf(x.Stdout, `
acknowledged %6d alerts to their producers; lost: %d
in Redis     %6d alerts, each once; %d of them had a producer that was killed before it was told
routed       %6d critical, %d warning, %d info, each once
paged        %6d of the critical, each at least once; %d have nobody on call and are in the poison topic
ticketed     %6d of the warnings in %d tickets; %d tickets have nobody on call and are in the poison topic
rejected     %6d entries that are no alerts, in the poison topic
doubled      %6d calls of the notifier, which told people once
`, v.Acked, v.Lost, v.Raised, v.Raised+v.Lost-v.Acked, v.Critical, v.Warning, v.Info, v.Paged, v.PagesRefused,
		v.Gathered, v.Tickets+v.TicketsRefused, v.TicketsRefused, v.Unreadable, v.Doubled)
}
