// Package client calls the HTTP interfaces of the example.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// timeout is how long one answer may take; a rebuild takes longest.
const timeout = time.Minute

// Client calls. Its methods may be called concurrently.
type Client struct {
	http http.Client
	base *http.Transport
}

// New returns a client.
func New() *Client {
	base := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: timeout, ResponseHeaderTimeout: timeout}
	return &Client{http.Client{Timeout: timeout, Transport: web.Transport{Base: base}}, base}
}

// Transport is how it sends: with a span, and in the trace of the request's context.
func (c *Client) Transport() http.RoundTripper { return c.http.Transport }

// Close lets go of idle connections.
func (c *Client) Close() { c.base.CloseIdleConnections() }

// StatusError is of an answer that says no.
type StatusError struct {
	Status int
	Body   string
}

// Error shows the answer.
func (e *StatusError) Error() string { return fmt.Sprintf("the answer is %d: %s", e.Status, e.Body) }

// Get decodes what is at the URL into v, unless v is nil.
func (c *Client) Get(ctx context.Context, url string, v any) error {
	return c.do(ctx, http.MethodGet, url, 0, nil, v)
}

// Post calls the URL without a body.
func (c *Client) Post(ctx context.Context, url string, v any) error {
	return c.do(ctx, http.MethodPost, url, 0, nil, v)
}

// All returns the tasks of all pages at the path.
func (c *Client) All(ctx context.Context, base, path string) ([]task.Task, error) {
	var all []task.Task
	for next := path + "?limit=500"; next != ""; {
		var page struct {
			Tasks []task.Task `json:"tasks"`
			Next  string      `json:"next"`
		}
		if err := c.Get(ctx, base+next, &page); err != nil {
			return nil, err
		}
		all, next = append(all, page.Tasks...), page.Next
	}
	return all, nil
}

// Create makes a task.
func (c *Client) Create(ctx context.Context, base string, draft task.Draft) (t task.Task, err error) {
	return t, c.do(ctx, http.MethodPost, base+"/tasks", 0, draft, &t)
}

// Update changes a task that is at the version.
func (c *Client) Update(ctx context.Context, base, id string, version int64, draft task.Draft) (t task.Task, err error) {
	return t, c.do(ctx, http.MethodPut, base+"/tasks/"+id, version, draft, &t)
}

// Delete deletes a task that is at the version.
func (c *Client) Delete(ctx context.Context, base, id string, version int64) error {
	return c.do(ctx, http.MethodDelete, base+"/tasks/"+id, version, nil, nil)
}

func (c *Client) do(ctx context.Context, method, url string, version int64, body, v any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if version > 0 {
		request.Header.Set("If-Match", strconv.Quote(strconv.FormatInt(version, 10)))
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode >= http.StatusBadRequest:
		return &StatusError{answer.StatusCode, string(bytes.TrimSpace(data))}
	case v == nil:
		return nil
	default:
		return json.Unmarshal(data, v)
	}
}
