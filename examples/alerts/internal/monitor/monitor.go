// Package monitor reads what the processes of the example show of themselves over HTTP, as
// Prometheus would.
package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
)

const timeout = 3 * time.Second

// Client asks. It may be used concurrently.
type Client struct{ http http.Client }

// New returns a client.
func New() *Client {
	return &Client{http.Client{Timeout: timeout, Transport: http.DefaultTransport.(*http.Transport).Clone()}}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Sample is what a consumer shows.
type Sample struct {
	// Processed is how many alerts it was done with at the end of their way, or gathered.
	Processed float64
	// Paged are those that the notifier was told of at once, and Prompt those of them within
	// a second of being raised.
	Paged, Prompt float64
	// Retries are calls of the notifier that failed.
	Retries float64
	// Waiting are messages of all consumers that are not done: undelivered, at work on, and
	// put aside. It is NaN when that cannot be known, because Redis is away.
	Waiting float64
}

// Scrape reads the metrics of the consumer at a URL.
func (c *Client) Scrape(ctx context.Context, url string) (Sample, error) {
	page, err := c.get(ctx, url+"/metrics")
	if err != nil {
		return Sample{}, err
	}
	return parse(page)
}

func parse(page []byte) (Sample, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return Sample{}, fmt.Errorf("metrics: %w", err)
	}
	var s Sample
	for _, m := range families["alerts_processed_total"].GetMetric() {
		// A ticket is of warnings that were counted when they were gathered.
		if label(m, "outcome") != "notified" || label(m, "severity") != "warning" {
			s.Processed += m.GetCounter().GetValue()
		}
	}
	for _, m := range families["alerts_latency_seconds"].GetMetric() {
		if label(m, "severity") != "critical" {
			continue
		}
		s.Paged += float64(m.GetHistogram().GetSampleCount())
		for _, bucket := range m.GetHistogram().GetBucket() {
			if bucket.GetUpperBound() == 1 {
				s.Prompt += float64(bucket.GetCumulativeCount())
			}
		}
	}
	for _, m := range families["alerts_retries_total"].GetMetric() {
		s.Retries += m.GetCounter().GetValue()
	}
	if families["millstream_group_lag"] == nil {
		s.Waiting = math.NaN()
	}
	for _, name := range []string{"millstream_group_lag", "millstream_group_pending", "millstream_group_parked"} {
		for _, m := range families[name].GetMetric() {
			s.Waiting += m.GetGauge().GetValue()
		}
	}
	return s, nil
}

func label(m *dto.Metric, name string) string {
	for _, pair := range m.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

// Received asks the notifier at a URL what it took.
func (c *Client) Received(ctx context.Context, url string) (received receiver.Received, err error) {
	page, err := c.get(ctx, url+"/received")
	if err != nil {
		return received, err
	}
	err = json.Unmarshal(page, &received)
	return received, err
}

// SetDown has the notifier at a URL go down, or come back.
func (c *Client) SetDown(ctx context.Context, url string, down bool) error {
	body := fmt.Sprintf(`{"down":%t}`, down)
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, url+"/mood", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	_, err = c.do(request)
	return err
}

func (c *Client) get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return c.do(request)
}

func (c *Client) do(request *http.Request) ([]byte, error) {
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	return body, err
}
