package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
)

// past adds n alerts of a severity as if they had been published at a time.
func past(t *testing.T, client *redis.Client, severity alert.Severity, at time.Time, n int) {
	t.Helper()
	for i := range n {
		a := alert.Alert{
			ID: fmt.Sprintf("%s-%d-%d", severity, at.UnixMilli(), i), Severity: severity,
			Host: "web-1", Service: "checkout", Summary: "then", RaisedAt: at,
		}
		payload, err := json.Marshal(a)
		require.NoError(t, err)
		values, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal("", message.NewMessage(a.ID, payload))
		require.NoError(t, err)
		require.NoError(t, client.XAdd(t.Context(), &redis.XAddArgs{
			Stream: "{alerts}:raised", ID: fmt.Sprintf("%d-*", at.UnixMilli()), Values: values,
		}).Err())
	}
}

// fillHistory fills a Redis with what happened hours ago, and within the last one.
func fillHistory(t *testing.T, client *redis.Client) {
	t.Helper()
	now := time.Now()
	past(t, client, alert.Critical, now.Add(-25*time.Hour), 3)
	past(t, client, alert.Critical, now.Add(-3*time.Hour), 7)
	past(t, client, alert.Warning, now.Add(-61*time.Minute), 11)
	past(t, client, alert.Critical, now.Add(-58*time.Minute), 5)
	past(t, client, alert.Warning, now.Add(-30*time.Minute), 600)
	past(t, client, alert.Info, now.Add(-time.Second), 2)
	require.NoError(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: "{alerts}:raised", Values: []string{"no", "alert"}}).Err())
}

func TestTheLastHourIsCountedExactlyAndNoGroupLearnsOfIt(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	client := p.server.Client(t)
	fillHistory(t, client)
	require.NoError(t, client.XGroupCreate(t.Context(), "{alerts}:raised", "triage", "0").Err())
	groups := client.XInfoGroups(t.Context(), "{alerts}:raised").Val()
	for args, want := range map[string]string{
		"-last 1h":                            "607 alerts in the last 1h0m0s: 5 critical, 600 warning, 2 info; no alerts: 1",
		"-last 1h -severity critical":         "5 alerts in the last 1h0m0s: 5 critical; no alerts: 1",
		"-last 1h -severity info,critical":    "7 alerts in the last 1h0m0s: 2 info, 5 critical; no alerts: 1",
		"-last 4h -severity critical,warning": "623 alerts in the last 4h0m0s: 12 critical, 611 warning; no alerts: 1",
		"-last 26h":                           "628 alerts in the last 26h0m0s: 15 critical, 611 warning, 2 info; no alerts: 1",
	} {
		process := p.start(t, nil, append([]string{"replay"}, strings.Fields(args)...)...)
		require.Equal(t, 0, process.Wait(t), process.Stderr())
		assert.Contains(t, process.Stdout(), want, args)
	}
	assert.Equal(t, groups, client.XInfoGroups(t.Context(), "{alerts}:raised").Val())
	assert.EqualValues(t, 629, client.XLen(t.Context(), "{alerts}:raised").Val())
}

func TestAReplayIsForMachinesToo(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	fillHistory(t, p.server.Client(t))
	process := p.start(t, nil, "replay", "-severity", "critical", "-json")
	require.Equal(t, 0, process.Wait(t), process.Stderr())
	texts := strings.Split(strings.TrimSpace(process.Stdout()), "\n")
	require.Len(t, texts, 5)
	for _, text := range texts {
		a, err := alert.Parse([]byte(text))
		require.NoError(t, err)
		assert.NoError(t, a.Validate(time.Now()))
	}
	assert.Contains(t, process.Stderr(), "5 alerts in the last 1h0m0s: 5 critical")
}

func TestWhatAReplayPrintsDoesNothingToATerminal(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.produce(t, `{"severity":"info","summary":"\u001b[2Jgone\nfor good, größer"}`)
	process := p.start(t, nil, "replay")
	require.Equal(t, 0, process.Wait(t), process.Stderr())
	assert.Contains(t, process.Stdout(), `\x1b[2Jgone\nfor good, größer`)
}

func TestTheNotifierIsToldAgainOfWhatIsReplayed(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	_, notifierURL := p.notifier(t)
	p.consumer(t, notifierURL)
	p.produce(t, lines(0, 30))
	awaitReceived(t, notifierURL, 10, 10)
	for again := 1; again <= 2; again++ {
		process := p.start(t, nil, "replay", "-notify")
		require.Equal(t, 0, process.Wait(t), process.Stderr())
		assert.Contains(t, process.Stdout(), "the consumers tell the notifier of these again")
		assert.Equal(t, 10+10*again, awaitReceived(t, notifierURL, 10+10*again, 10).Pages)
	}
}

func TestTheHistoryIsKeptForAsLongAsItIsToldAndNoLonger(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	client := p.server.Client(t)
	now := time.Now()
	past(t, client, alert.Info, now.Add(-25*time.Hour), 400)
	past(t, client, alert.Info, now.Add(-23*time.Hour), 300)
	_, notifierURL := p.notifier(t)
	p.consumer(t, notifierURL)
	// Redis deletes whole nodes of a hundred entries.
	deadline := time.Now().Add(time.Minute)
	for client.XLen(t.Context(), "{alerts}:raised").Val() > 400 {
		require.True(t, time.Now().Before(deadline), "nothing is trimmed")
		time.Sleep(20 * time.Millisecond)
	}
	process := p.start(t, nil, "replay", "-last", "24h")
	require.Equal(t, 0, process.Wait(t), process.Stderr())
	assert.Contains(t, process.Stdout(), "300 alerts in the last 24h0m0s: 0 critical, 0 warning, 300 info")
}
