// Package client speaks to the merchant's HTTP interface.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/payments/internal/api"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

const (
	// patience is how long one answer may take.
	patience = 10 * time.Second
	// pause is between two tries.
	pause = 200 * time.Millisecond
)

// Client is one of the interface at a URL. Its methods may be called concurrently.
type Client struct {
	url  string
	http *http.Client
	base *http.Transport
}

// New returns a client. Close it after the last call.
func New(url string) *Client {
	base := &http.Transport{MaxIdleConnsPerHost: 64}
	return &Client{url, &http.Client{Transport: web.Transport{Base: base}, Timeout: patience}, base}
}

// Close closes idle connections.
func (c *Client) Close() { c.base.CloseIdleConnections() }

// Place asks for a payment, again and again until ctx ends if there is no answer or the
// interface cannot now: with the same key that is one payment. What is wrong with the
// request is a *[web.Problem].
func (c *Client) Place(ctx context.Context, key string, request payment.Request) (api.Payment, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return api.Payment{}, err
	}
	for {
		placed, err := c.do(ctx, http.MethodPost, "/payments", key, body)
		problem, refused := errors.AsType[*web.Problem](err)
		if err == nil || refused && problem.Status < 500 {
			return placed, err
		}
		if !wait(ctx) {
			return api.Payment{}, err
		}
	}
}

// Await asks until a payment has its outcome or ctx ends.
func (c *Client) Await(ctx context.Context, id string) (api.Payment, error) {
	for {
		found, err := c.do(ctx, http.MethodGet, "/payments/"+id, "", nil)
		problem, refused := errors.AsType[*web.Problem](err)
		if err == nil && found.State != payment.Accepted || refused && problem.Status < 500 {
			return found, err
		}
		if !wait(ctx) {
			return found, errors.Join(err, context.Cause(ctx))
		}
	}
}

func (c *Client) do(ctx context.Context, method, path, key string, body []byte) (p api.Payment, err error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return p, err
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set(api.KeyHeader, key)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return p, err
	}
	defer answer.Body.Close()
	decoder := json.NewDecoder(http.MaxBytesReader(nil, answer.Body, 1<<20))
	if answer.StatusCode >= http.StatusBadRequest {
		problem := &web.Problem{Title: answer.Status, Status: answer.StatusCode}
		if err := decoder.Decode(problem); err != nil {
			return p, fmt.Errorf("%s: %w", answer.Status, err)
		}
		return p, problem
	}
	return p, decoder.Decode(&p)
}

// wait waits before the next try, and tells whether there is to be one.
func wait(ctx context.Context) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
