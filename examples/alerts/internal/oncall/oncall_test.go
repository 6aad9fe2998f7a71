package oncall_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

// desk is a notifier in memory.
type desk struct {
	// answer, if set, is asked before anything is taken, with the number of the call.
	answer func(key string, call int) error

	mu      sync.Mutex
	calls   int
	pages   map[string]int
	tickets []alert.Ticket
}

func (d *desk) ask(key string) error {
	d.calls++
	if d.answer == nil {
		return nil
	}
	return d.answer(key, d.calls)
}

func (d *desk) Page(_ context.Context, key string, _ alert.Alert) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.ask(key); err != nil {
		return err
	}
	d.pages[key]++
	return nil
}

func (d *desk) Open(_ context.Context, key string, t alert.Ticket) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.ask(key); err != nil {
		return err
	}
	d.tickets = append(d.tickets, t)
	return nil
}

// warnings returns how many the tickets are about.
func (d *desk) warnings() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.tickets {
		n += t.Warnings
	}
	return n
}

func (d *desk) paged(key string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pages[key]
}

// office is a running system, with its own keys in Redis.
type office struct {
	oncall.System
	client    *redis.Client
	transport *streams.Transport
	publisher *pipeline.Publisher[alert.Alert]
}

// run runs n systems of one name, with windows of the length, until the test ends.
func run(t *testing.T, d *desk, n int, window time.Duration) office {
	t.Helper()
	d.pages = make(map[string]int)
	require.NoError(t, server.Client(t).FlushAll(t.Context()).Err())
	var o office
	for range n {
		client := server.Client(t)
		system, err := oncall.New(oncall.Config{
			Name: "alerts-" + t.Name(), Notifier: d, History: history.New(client),
			Window: window, Backoff: 500 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		transport, err := streams.NewTransport(client, streams.Config{
			Logger: slog.New(slog.DiscardHandler), Trim: &streams.Trim{KeepFor: time.Hour},
		})
		require.NoError(t, err)
		o = office{System: system, client: client, transport: transport}
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		ended := make(chan error, 1)
		go func() { ended <- system.Pipeline.Run(ctx, transport) }()
		t.Cleanup(func() { stop(); assert.NoError(t, <-ended) })
	}
	publisher, err := pipeline.NewPublisher(o.Raised, o.transport)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, publisher.Close()) })
	o.publisher = publisher
	return o
}

func (o office) raise(t *testing.T, alerts ...alert.Alert) {
	t.Helper()
	require.NoError(t, o.publisher.Publish(t.Context(), alerts...))
}

func (o office) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(t, o.Pipeline.WaitIdle(ctx, o.transport))
}

// poisoned returns the kind and reason of each message in the poison topic.
func (o office) poisoned(t *testing.T) (all []string) {
	t.Helper()
	past := history.New(o.client)
	for entry, err := range past.Between(t.Context(), o.Pipeline.PoisonTopic(), time.UnixMilli(0), time.Now().Add(time.Hour)) {
		require.NoError(t, err)
		metadata := entry.Message.Metadata
		all = append(all, metadata.Get(pipeline.PoisonHandler)+" "+metadata.Get(pipeline.PoisonKind)+": "+metadata.Get(pipeline.PoisonReason))
	}
	return all
}

func made(id string, severity alert.Severity, service string) alert.Alert {
	return alert.Alert{ID: id, Severity: severity, Host: "web-1", Service: service, Summary: "!", RaisedAt: time.Now().UTC()}
}

func TestEachSeverityHasItsWay(t *testing.T) {
	d := &desk{}
	o := run(t, d, 1, 300*time.Millisecond)
	o.raise(t,
		made("c-1", alert.Critical, "checkout"), made("w-1", alert.Warning, "checkout"),
		made("w-2", alert.Warning, "checkout"), made("w-3", alert.Warning, "mail"), made("i-1", alert.Info, "mail"),
	)
	o.settle(t)
	assert.Equal(t, map[string]int{"c-1": 1}, d.pages)
	assert.Equal(t, 3, d.warnings())
	for _, ticket := range d.tickets {
		assert.Contains(t, []string{"checkout", "mail"}, ticket.Service)
		assert.Equal(t, []string{"web-1"}, ticket.Hosts)
		assert.Equal(t, 300*time.Millisecond, ticket.To.Sub(ticket.From))
	}
	assert.EqualValues(t, 1, o.client.XLen(t.Context(), o.Branches[alert.Info]).Val())
	assert.Empty(t, o.poisoned(t))
}

func TestAllWarningsOfAServiceAndWindowAreInOneTicketWhoeverGathersThem(t *testing.T) {
	d := &desk{}
	o := run(t, d, 3, 400*time.Millisecond)
	const n = 300
	for i := range n {
		o.raise(t, made(fmt.Sprint("w-", i), alert.Warning, fmt.Sprint("service-", i%3)))
		time.Sleep(3 * time.Millisecond)
	}
	o.settle(t)
	assert.Equal(t, n, d.warnings())
	seen := make(map[string]bool)
	for _, ticket := range d.tickets {
		assert.False(t, seen[ticket.Key()], "two tickets of %s", ticket.Key())
		seen[ticket.Key()] = true
		assert.LessOrEqual(t, len(ticket.First), 3)
	}
	assert.Empty(t, o.poisoned(t))
}

func TestWhatIsWrongForGoodIsPoisonedAtOnceAndNothingElse(t *testing.T) {
	d := &desk{answer: func(key string, _ int) error {
		if key == "c-2" {
			return fmt.Errorf("%w: nobody is on call", alert.ErrRefused)
		}
		return nil
	}}
	o := run(t, d, 1, 300*time.Millisecond)
	bad := made("c-3", "fatal", "checkout")
	o.raise(t, made("c-1", alert.Critical, "checkout"), made("c-2", alert.Critical, "checkout"), bad)
	require.NoError(t, o.client.XAdd(t.Context(), &redis.XAddArgs{
		Stream: o.RaisedTopic(), Values: []string{"_watermill_message_uuid", "x", "payload", "no JSON"},
	}).Err())
	require.NoError(t, o.client.XAdd(t.Context(), &redis.XAddArgs{
		Stream: o.Tickets, Values: []string{"_watermill_message_uuid", "y", "payload", `{"service":"checkout","warnings":1}`},
	}).Err())
	o.settle(t)
	assert.Equal(t, map[string]int{"c-1": 1}, d.pages)
	assert.Equal(t, 2, d.calls, "of c-1 and c-2, each once")
	poisoned := strings.Join(o.poisoned(t), "\n")
	for _, want := range []string{
		"page permanent: the notifier refuses it: nobody is on call",
		`triage permanent: severity is "fatal": want critical, warning or info`,
		"triage malformed: ",
		"ticket permanent: the ticket is about no warning",
	} {
		assert.Contains(t, poisoned, want)
	}
	assert.Len(t, o.poisoned(t), 4)
}

func TestAnAlertThatFailsHoldsUpNoOther(t *testing.T) {
	mended := make(chan struct{})
	d := &desk{answer: func(key string, _ int) error {
		select {
		case <-mended:
			return nil
		default:
		}
		if key == "stuck" {
			return alert.ErrDown
		}
		return nil
	}}
	o := run(t, d, 1, 300*time.Millisecond)
	o.raise(t, made("stuck", alert.Critical, "checkout"))
	for i := range 50 {
		o.raise(t, made(fmt.Sprint("c-", i), alert.Critical, "checkout"))
	}
	require.Eventually(t, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.pages) == 50
	}, time.Minute, 10*time.Millisecond)
	assert.Zero(t, d.paged("stuck"))
	close(mended)
	o.settle(t)
	assert.Equal(t, 1, d.paged("stuck"))
	assert.Empty(t, o.poisoned(t))
}

func TestAnOutageOfTheNotifierIsOutlastedAndItIsLeftAlone(t *testing.T) {
	back := time.Now().Add(3 * time.Second)
	d := &desk{answer: func(string, int) error {
		if time.Now().Before(back) {
			return alert.ErrDown
		}
		return nil
	}}
	o := run(t, d, 2, 300*time.Millisecond)
	const n = 200
	for i := range n {
		o.raise(t, made(fmt.Sprint("c-", i), alert.Critical, "checkout"))
	}
	o.settle(t)
	require.Len(t, d.pages, n)
	for key, times := range d.pages {
		assert.Equal(t, 1, times, key)
	}
	// Each alone would ask some ten times; the breakers let few through.
	assert.Less(t, d.calls, 3*n)
	assert.Empty(t, o.poisoned(t))
}

func TestAWindowThatTheHistoryNoLongerHasIsNotPassedOver(t *testing.T) {
	d := &desk{}
	o := run(t, d, 1, time.Second)
	o.raise(t, made("w-1", alert.Warning, "checkout"))
	require.Eventually(t, func() bool {
		return o.client.XLen(t.Context(), oncall.Prefix("alerts-"+t.Name())+"gather").Val() == 1
	}, time.Minute, time.Millisecond)
	require.NoError(t, o.client.XTrimMaxLen(t.Context(), o.Branches[alert.Warning], 0).Err())
	o.settle(t)
	require.Len(t, o.poisoned(t), 1)
	assert.Contains(t, o.poisoned(t)[0], "digest permanent: the warnings of this window are no longer in the history")
}

func TestOldAlertsAreToldOfAgainUnderAKeyOfTheirOwn(t *testing.T) {
	d := &desk{}
	o := run(t, d, 1, 300*time.Millisecond)
	publisher, err := pipeline.NewPublisher(o.Again, o.transport)
	require.NoError(t, err)
	defer publisher.Close()
	a := made("c-1", alert.Critical, "checkout")
	o.raise(t, a)
	for _, run := range []string{"monday", "tuesday"} {
		require.NoError(t, publisher.Publish(t.Context(), oncall.Repeat{Run: run, Alert: a}))
	}
	o.settle(t)
	assert.Equal(t, map[string]int{"c-1": 1, "again/monday/c-1": 1, "again/tuesday/c-1": 1}, d.pages)
}

func TestTheGraphIsSound(t *testing.T) {
	system, err := oncall.New(oncall.Config{Name: oncall.DefaultName})
	require.NoError(t, err)
	assert.NoError(t, system.Pipeline.Check())
	assert.Equal(t, "{alerts}:raised", system.RaisedTopic())
	assert.Equal(t, "{alerts}:again", system.AgainTopic())
}
