package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

// metric returns the sum of a metric on a page, of the lines that have all the labels.
func metric(t *testing.T, url, name string, labels ...string) (sum float64, found bool) {
	t.Helper()
	_, page := get(t, url+"/metrics")
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, name+"{") {
			continue
		}
		matches := true
		for _, label := range labels {
			matches = matches && strings.Contains(line, label)
		}
		if !matches {
			continue
		}
		fields := strings.Fields(line)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		require.NoError(t, err, line)
		sum += value
		found = true
	}
	return sum, found
}

// awaitMetric waits until a metric has a value.
func awaitMetric(t *testing.T, want float64, url, name string, labels ...string) {
	t.Helper()
	var got float64
	apptest.Await(t, fmt.Sprintf("%s %v becomes %v", name, labels, want), func() bool {
		var found bool
		got, found = metric(t, url, name, labels...)
		return found && got == want
	})
}

func TestPrometheusFindsWhatIsProcessed(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	_, notifierURL := p.notifier(t)
	consumer, url := p.consumer(t, notifierURL)
	p.produce(t, lines(0, 30)+`{"id":"n","severity":"critical","service":"legacy","summary":"nobody is on call"}`)
	r := awaitReceived(t, notifierURL, 10, 10)

	awaitMetric(t, 10, url, "alerts_processed_total", `severity="critical"`, `outcome="notified"`)
	awaitMetric(t, 10, url, "alerts_processed_total", `severity="warning"`, `outcome="gathered"`)
	awaitMetric(t, float64(r.Tickets), url, "alerts_processed_total", `severity="warning"`, `outcome="notified"`)
	awaitMetric(t, 10, url, "alerts_processed_total", `severity="info"`, `outcome="recorded"`)
	awaitMetric(t, 1, url, "alerts_processed_total", `severity="critical"`, `outcome="rejected"`)
	awaitMetric(t, 10, url, "alerts_latency_seconds_count", `severity="critical"`)
	awaitMetric(t, 0, url, "millstream_group_lag", `messaging_consumer_group_name="triage"`)
	awaitMetric(t, 0, url, "millstream_group_parked", `messaging_consumer_group_name="page"`)
	awaitMetric(t, 1, url, "millstream_messages_poisoned_total", `messaging_consumer_group_name="page"`)

	put(t, notifierURL+"/mood", `{"down":true}`)
	p.produce(t, lines(30, 3))
	apptest.Await(t, "a page is tried again", func() bool {
		n, _ := metric(t, url, "alerts_retries_total", `stage="page"`)
		return n > 1
	})
	awaitMetric(t, 1, url, "millstream_group_parked", `messaging_consumer_group_name="page"`)
	consumer.Await(t, `level=WARN msg="the notifier is down; what is for it waits" stage=page err=".*status 503"`)
	put(t, notifierURL+"/mood", `{"down":false}`)
	awaitReceived(t, notifierURL, 11, 11)
	consumer.Await(t, `level=WARN msg="the notifier is back" stage=page`)
	awaitMetric(t, 11, url, "alerts_latency_seconds_count", `severity="critical"`)

	_, page := get(t, url+"/metrics")
	assert.NotRegexp(t, regexp.MustCompile(`number \d|nobody is on call|"a-\d`), string(page), "nothing of an alert is in a metric")
}

func TestHealthTellsWhetherRedisIsThereAndWorkGoesOnWhenItIsBack(t *testing.T) {
	t.Parallel()
	p := newPlant(t, redistest.AOF())
	_, notifierURL := p.notifier(t)
	consumer, url := p.consumer(t, notifierURL)
	status, body := get(t, url+"/health")
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"status":"ok","checks":{"redis":"ok"}}`, string(body))
	p.produce(t, lines(0, 3))

	p.server.Kill(t)
	apptest.Await(t, "health is 503", func() bool { status, body = get(t, url+"/health"); return status == http.StatusServiceUnavailable })
	assert.JSONEq(t, `{"status":"failing","checks":{"redis":"failing"}}`, string(body))
	p.server.Restart(t)
	apptest.Await(t, "health is 200", func() bool { status, _ = get(t, url+"/health"); return status == http.StatusOK })
	p.produce(t, lines(3, 3))
	awaitReceived(t, notifierURL, 2, 2)

	for path, want := range map[string]int{"/": 404, "/metrics": 200} {
		status, _ = get(t, url+path)
		assert.Equal(t, want, status)
	}
	consumer.Interrupt()
	assert.Equal(t, 0, consumer.Wait(t), consumer.Stderr())
}

func TestMoreConsumersShareTheLoad(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	_, notifierURL := p.notifier(t, "-latency", "50ms")
	var urls []string
	for range 3 {
		_, url := p.consumer(t, notifierURL)
		urls = append(urls, url)
	}
	for _, url := range urls { // all are at work
		awaitMetric(t, 0, url, "millstream_group_lag", `messaging_consumer_group_name="page"`)
	}
	const n = 3000
	p.produce(t, lines(0, n))
	awaitReceived(t, notifierURL, n/3, n/3)
	shares := make([]float64, len(urls))
	apptest.Await(t, "what all consumers did adds up", func() bool {
		total := 0.0
		for i, url := range urls {
			shares[i], _ = metric(t, url, "alerts_processed_total", `severity="critical"`)
			total += shares[i]
		}
		return total == n/3
	})
	for _, share := range shares {
		assert.Positive(t, share, "each has a share: %v", shares)
	}
}

func TestCtrlCFinishesWhatIsBegunAndOthersTakeTheRest(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	_, notifierURL := p.notifier(t, "-latency", "20ms")
	first, _ := p.consumer(t, notifierURL)
	p.produce(t, lines(0, 900))
	apptest.Await(t, "some are paged", func() bool { return received(t, notifierURL).Pages > 20 })
	first.Interrupt()
	assert.Equal(t, 0, first.Wait(t), first.Stderr())
	p.consumer(t, notifierURL)
	r := awaitReceived(t, notifierURL, 300, 300)
	assert.Equal(t, 0, r.Doubled, "nobody was killed")
	assert.Equal(t, 300, r.Pages)
}
