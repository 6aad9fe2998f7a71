package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/payments/internal/audit"
	"github.com/millstream-go/millstream/examples/payments/internal/bank"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/client"
	"github.com/millstream-go/millstream/examples/payments/internal/drill"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/internal/redistest"
)

// system is what a test runs: a Redis and a bank, and then roles as processes.
type system struct {
	t     *testing.T
	redis *redistest.Server
	env   []string
	bank  *testBank
	api   string // its URL, once there is one
}

// newSystem starts the Redis and the bank.
func newSystem(t *testing.T, env ...string) *system {
	t.Helper()
	server := redistest.Start(t, redistest.AOF())
	return &system{t: t, redis: server, env: append(env, "REDIS_URL="+server.URL()), bank: newBank(t)}
}

// start starts a role and returns it and its URL.
func (s *system) start(args ...string) (*apptest.Process, string) {
	s.t.Helper()
	p := apptest.Start(s.t, apptest.Command{Args: args, Env: s.env})
	return p, p.Await(s.t, `(http://\S+)`)
}

// idleInTests is short, so that what a dead one had is taken over soon.
const idleInTests = 500 * time.Millisecond

// processor starts a processor.
func (s *system) processor(name string) *apptest.Process {
	s.t.Helper()
	p, _ := s.start("process", "-bank", s.bank.url, "-name", name, "-idle", idleInTests.String())
	return p
}

// startAPI starts the api.
func (s *system) startAPI() *apptest.Process {
	s.t.Helper()
	p, url := s.start("api", "-listen", "localhost:0")
	s.api = url
	return p
}

// place asks for n payments and returns when all are taken on.
func (s *system) place(n int) {
	s.t.Helper()
	asking := client.New(s.api)
	defer asking.Close()
	require.NoError(s.t, drill.Place(s.t.Context(), asking, drill.Orders("test", n), time.Millisecond))
}

// client returns a client of the Redis.
func (s *system) client() *redis.Client { return s.redis.Client(s.t) }

// patience is for what is bound to happen, on a machine that is busy.
const patience = 2 * time.Minute

// await waits until every payment that was taken on has its outcome.
func (s *system) await() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	require.NoError(s.t, awaitDone(ctx, s.client()))
}

// expectExact audits what became of n payments.
func (s *system) expectExact(n int) audit.Result {
	s.t.Helper()
	s.await()
	asking := bankapi.NewClient(s.bank.url, "test")
	defer asking.Close()
	result, err := examine(s.t.Context(), s.client(), asking)
	require.NoError(s.t, err)
	assert.Empty(s.t, result.Differences)
	assert.Equal(s.t, n, result.Orders)
	return result
}

// pendingAt returns how many messages of a topic a stage holds.
func (s *system) pendingAt(topic, stage string) int64 {
	s.t.Helper()
	pending, err := s.client().XPending(s.t.Context(), flow.Prefix+topic, stage).Result()
	require.NoError(s.t, err)
	return pending.Count
}

// testBank is a bank within the test, which may have the first charge wait for its answer.
type testBank struct {
	url     string
	ledger  *bank.Ledger
	server  *bank.Server
	holding atomic.Bool
	charged chan struct{} // closed when the charge that waits is made
	release func()        // lets it have its answer
	mu      sync.Mutex
	callers []string // of charges, by what they call themselves
}

func newBank(t *testing.T) *testBank {
	t.Helper()
	ledger, err := bank.Open(filepath.Join(t.TempDir(), "ledger"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, ledger.Close()) })
	released := make(chan struct{})
	life, end := context.WithCancel(context.Background())
	b := &testBank{server: bank.NewServer(life, ledger, bankapi.Faults{}, slog.New(slog.DiscardHandler)), ledger: ledger, charged: make(chan struct{}), release: sync.OnceFunc(func() { close(released) })}
	real := b.server.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/charges") {
			real.ServeHTTP(w, r)
			return
		}
		b.mu.Lock()
		b.callers = append(b.callers, r.UserAgent())
		b.mu.Unlock()
		if !b.holding.CompareAndSwap(true, false) {
			real.ServeHTTP(w, r)
			return
		}
		made := httptest.NewRecorder()
		real.ServeHTTP(made, r)
		close(b.charged)
		<-released
		w.Header().Set("Content-Type", made.Header().Get("Content-Type"))
		w.WriteHeader(made.Code)
		_, _ = w.Write(made.Body.Bytes()) // nobody may be there any more
	}))
	b.url = server.URL
	t.Cleanup(func() {
		b.release()
		end()
		server.CloseClientConnections()
		server.Close()
	})
	return b
}

// slow has every charge take its time.
func (b *testBank) slow() { b.server.SetFaults(bankapi.Faults{Slow: 100}) }

// hold has the next charge wait for its answer.
func (b *testBank) hold() { b.holding.Store(true) }

// asked tells whether the processor of that name asked for a charge.
func (b *testBank) asked(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.callers, "payments-processor/"+name)
}

// awaitCharged waits until that charge is made.
func (b *testBank) awaitCharged(t *testing.T) {
	t.Helper()
	select {
	case <-b.charged:
	case <-time.After(patience):
		t.Fatal("nothing is charged")
	}
}
