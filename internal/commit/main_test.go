package commit_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
)

// server is a real Redis that the tests of this package share: only it tells the
// truth about pending lists and scripts.
var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

// stage is a stream with one group, and the clients to look at it with.
type stage struct {
	t      *testing.T
	client redis.UniversalClient
	in     string
}

// newStage makes the stream and the group "g" and adds n entries.
func newStage(t *testing.T, n int) stage {
	t.Helper()
	s := stage{t: t, client: server.Client(t), in: "{" + strings.ReplaceAll(t.Name(), "/", ".") + time.Now().Format(".150405.000000000") + "}"}
	require.NoError(t, s.client.XGroupCreateMkStream(t.Context(), s.in, "g", "0").Err())
	s.add(n)
	return s
}

func (s stage) add(n int) {
	s.t.Helper()
	for i := range n {
		require.NoError(s.t, s.client.XAdd(s.t.Context(), &redis.XAddArgs{Stream: s.in, Values: []any{"n", i}}).Err())
	}
}

// as returns the group as the consumer of that name sees it.
func (s stage) as(consumer string) commit.Group {
	return commit.Group{Client: s.client, Stream: s.in, Group: "g", Consumer: consumer}
}

func (s stage) out(name string) string { return s.in + ":" + name }

// read reads entries as the consumer.
func (s stage) read(consumer string, count int) []commit.Entry {
	s.t.Helper()
	entries, err := s.as(consumer).Read(s.t.Context(), count, -1)
	require.NoError(s.t, err)
	require.Len(s.t, entries, count)
	return entries
}

// claim takes over whatever others hold, whether idle or not.
func (s stage) claim(consumer string) []commit.Entry {
	s.t.Helper()
	claimed, err := s.as(consumer).Claim(s.t.Context(), commit.Claim{Count: 100, Cursor: "-"})
	require.NoError(s.t, err)
	return claimed.Entries
}

// length returns how many entries a stream has.
func (s stage) length(stream string) int {
	s.t.Helper()
	n, err := s.client.XLen(s.t.Context(), stream).Result()
	require.NoError(s.t, err)
	return int(n)
}

// held returns who holds what.
func (s stage) held() map[string]string {
	s.t.Helper()
	pending, err := s.client.XPendingExt(s.t.Context(), &redis.XPendingExtArgs{
		Stream: s.in, Group: "g", Start: "-", End: "+", Count: 1000,
	}).Result()
	require.NoError(s.t, err)
	held := map[string]string{}
	for _, p := range pending {
		held[p.ID] = p.Consumer
	}
	return held
}

// publishes is a delivery that publishes a message to each of the topics.
func publishes(e commit.Entry, topics ...string) commit.Delivery {
	d := commit.Delivery{ID: e.ID, Attempt: e.Attempt}
	for _, topic := range topics {
		d.Effects.Outputs = append(d.Effects.Outputs, handoff.Output{Topic: topic, Values: []any{"from", e.ID}})
	}
	return d
}

func outcomes(t *testing.T, g commit.Group, deliveries ...commit.Delivery) []commit.Outcome {
	t.Helper()
	results, err := g.Commit(t.Context(), deliveries)
	require.NoError(t, err)
	got := make([]commit.Outcome, len(results))
	for i, r := range results {
		got[i] = r.Outcome
	}
	return got
}

// patience is how long to wait for what must happen, tick how often to look.
const (
	patience = 30 * time.Second
	tick     = 5 * time.Millisecond
)
