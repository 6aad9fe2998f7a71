// Package webhook tells people by HTTP: it is the notifier of the domain, in front of a
// server that takes pages and tickets.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/internal/web"
)

// The paths of a receiver, and the header that says which call this is.
const (
	PagesPath   = "/pages"
	TicketsPath = "/tickets"
	KeyHeader   = "Idempotency-Key"
)

const (
	timeout     = 10 * time.Second
	connections = 64
	// reasonBytes is how much of a refusal is read for its reason.
	reasonBytes = 4 << 10
)

// Client is an [alert.Notifier].
type Client struct {
	base      string
	http      *http.Client
	transport *http.Transport
}

var _ alert.Notifier = (*Client)(nil)

// New returns a client of the receiver at a URL such as http://localhost:8090.
func New(base string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the notifier's URL is none: want one like http://localhost:8090")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = connections
	return &Client{
		base:      strings.TrimRight(base, "/"),
		http:      &http.Client{Transport: web.Transport{Base: transport}, Timeout: timeout, CheckRedirect: stay},
		transport: transport,
	}, nil
}

// stay follows no redirect: what answers 200 elsewhere, a login page perhaps, has told nobody.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Close closes idle connections, when nothing is called any more.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Page implements [alert.Notifier].
func (c *Client) Page(ctx context.Context, key string, a alert.Alert) error {
	return c.post(ctx, PagesPath, key, a)
}

// Open implements [alert.Notifier].
func (c *Client) Open(ctx context.Context, key string, t alert.Ticket) error {
	return c.post(ctx, TicketsPath, key, t)
}

func (c *Client) post(ctx context.Context, path, key string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(KeyHeader, key)
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", alert.ErrDown, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, reasonBytes))
	if err != nil {
		return fmt.Errorf("%w: %w", alert.ErrDown, err)
	}
	return meaning(response.StatusCode, text)
}

// meaning is what an answer says about the call. What is wrong with the call itself will be
// wrong again. A wrong address or password is no fault of an alert's: it waits until
// somebody has mended that.
func meaning(status int, body []byte) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: status %d%s", alert.ErrRefused, status, reason(body))
	default:
		return fmt.Errorf("%w: status %d", alert.ErrDown, status)
	}
}

// reason returns what a problem+json says.
func reason(body []byte) string {
	var problem struct{ Detail string }
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		return ""
	}
	return ": " + problem.Detail
}
