package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

// TestNoAlertIsLostWhoeverIsKilled kills a process of each kind, and Redis, in the middle of
// their work, one after the other, and wants exact sums.
func TestNoAlertIsLostWhoeverIsKilled(t *testing.T) {
	t.Parallel()
	p := newPlant(t, redistest.AOF())
	book := filepath.Join(t.TempDir(), "book")
	notifier, notifierURL := p.notifier(t, "-latency", "10ms", "-book", book)
	victim, _ := p.consumer(t, notifierURL, "-idle", "500ms")
	p.consumer(t, notifierURL, "-idle", "500ms")
	const batch = 300
	// midway waits until a part of a batch is done, and no more.
	midway := func(done int) {
		apptest.Await(t, "a part of the pages is done", func() bool { return received(t, notifierURL).Pages > done })
	}

	// A consumer.
	p.produce(t, lines(0, batch))
	midway(10)
	victim.Kill()
	p.consumer(t, notifierURL, "-idle", "500ms")

	// The notifier, at its address again. What it took is in its book.
	p.produce(t, lines(batch, batch))
	midway(batch/3 + 10)
	notifier.Kill()
	p.notifier(t, "-book", book, "-listen", strings.TrimPrefix(notifierURL, "http://"))

	// Redis, with what is on its disk.
	p.produce(t, lines(2*batch, batch))
	midway(2*batch/3 + 10)
	p.server.Kill(t)
	p.server.Restart(t)

	// A producer. It was told of some alerts, and its successor begins anew.
	text := lines(3*batch, batch)
	in, out, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	defer out.Close()
	producer := p.start(t, in, "produce", "-acks", "-host", "web-1", "-service", "checkout")
	_, err = out.WriteString(text[:len(text)/2]) // which ends in the middle of an alert
	require.NoError(t, err)
	producer.Await(t, `a-9\d\d critical`)
	producer.Kill()
	p.produce(t, text)

	const all = 4 * batch
	r := awaitReceived(t, notifierURL, all/3, all/3)
	assert.Equal(t, all/3, r.Pages)
	assert.Equal(t, all/3, r.Warnings)
	t.Logf("%d notifications were doubled", r.Doubled)

	client := p.server.Client(t)
	for topic, want := range map[string]int64{
		"raised": all, "critical": all / 3, "warning": all / 3, "info": all / 3, "poison": 0, "ticket": 0,
	} {
		assert.Equal(t, want, client.XLen(t.Context(), "{alerts}:"+topic).Val(), topic)
	}
	replay := p.start(t, nil, "replay", "-json")
	require.Equal(t, 0, replay.Wait(t), replay.Stderr())
	assert.Equal(t, all, strings.Count(replay.Stdout(), "\n"))
}
