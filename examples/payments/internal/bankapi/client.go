package bankapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// maxAnswer bounds what is read of an answer about one charge, in bytes.
const maxAnswer = 64 << 10

// Client speaks to a bank. Its methods may be called concurrently.
type Client struct {
	url       string
	userAgent string
	http      *http.Client
	base      *http.Transport
}

var _ payment.Bank = (*Client)(nil)

// NewClient returns a client of the bank at the URL, which names itself by userAgent. Close
// it after the last call.
func NewClient(url, userAgent string) *Client {
	// A transport of its own: its idle connections end with the client.
	base := &http.Transport{MaxIdleConnsPerHost: 64}
	return &Client{url, userAgent, &http.Client{Transport: web.Transport{Base: base}}, base}
}

// Close closes idle connections.
func (c *Client) Close() { c.base.CloseIdleConnections() }

// Charge implements [payment.Bank]: the order's id is the key.
func (c *Client) Charge(ctx context.Context, o payment.Order) (string, error) {
	return c.charge(ctx, o, o.ID)
}

// ChargeWithoutKey charges as often as it is called: how not to do it.
func (c *Client) ChargeWithoutKey(ctx context.Context, o payment.Order) (string, error) {
	return c.charge(ctx, o, "")
}

func (c *Client) charge(ctx context.Context, o payment.Order, key string) (string, error) {
	body, err := json.Marshal(Request{Reference: o.ID, Customer: o.Customer, Amount: o.Amount, Card: o.Card})
	if err != nil {
		return "", err
	}
	request, err := c.request(ctx, http.MethodPost, "/charges", body)
	if err != nil {
		return "", err
	}
	if key != "" {
		request.Header.Set(KeyHeader, key)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return "", fmt.Errorf("the bank does not answer: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("the bank's answer broke off: %w", err)
	}
	return understand(answer.StatusCode, text)
}

// understand tells what an answer means. What leaves open whether it charged is an error
// like none of the domain's.
func understand(status int, text []byte) (string, error) {
	switch {
	case status == http.StatusOK:
		var answer Answer
		if err := json.Unmarshal(text, &answer); err != nil || answer.ChargeID == "" {
			return "", errors.New("the bank's answer makes no sense")
		}
		return answer.ChargeID, nil
	case status == http.StatusPaymentRequired:
		return "", payment.ErrDeclined
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		return "", fmt.Errorf("the bank cannot now: %d %s", status, http.StatusText(status))
	default:
		return "", fmt.Errorf("%w: %d %s", payment.ErrRefused, status, http.StatusText(status))
	}
}

// Entries returns the bank's ledger.
func (c *Client) Entries(ctx context.Context) ([]Entry, error) {
	answer, err := c.do(ctx, c.http, http.MethodGet, "/entries", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var entries []Entry
	for decoder := json.NewDecoder(answer.Body); ; {
		var entry Entry
		switch err := decoder.Decode(&entry); {
		case errors.Is(err, io.EOF):
			return entries, nil
		case err != nil:
			return nil, fmt.Errorf("read the bank's ledger: %w", err)
		}
		entries = append(entries, entry)
	}
}

// SetFaults has the bank do wrong from now on.
func (c *Client) SetFaults(ctx context.Context, faults Faults) error {
	body, err := json.Marshal(faults)
	if err != nil {
		return err
	}
	answer, err := c.do(ctx, c.http, http.MethodPut, "/faults", body)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Health returns nil if the bank is well. It is asked all the time, and not traced.
func (c *Client) Health(ctx context.Context) error {
	answer, err := c.do(ctx, &http.Client{Transport: c.base}, http.MethodGet, "/health", nil)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// do returns an answer of status 200, whose body is the caller's to close.
func (c *Client) do(ctx context.Context, by *http.Client, method, path string, body []byte) (*http.Response, error) {
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	answer, err := by.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the bank does not answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close() // nothing was written
		return nil, fmt.Errorf("%s %s: the bank answers %s", method, path, answer.Status)
	}
	return answer, nil
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the bank: %w", err)
	}
	request.Header.Set("User-Agent", c.userAgent)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}
