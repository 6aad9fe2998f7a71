package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// jaeger asks the API that Jaeger's UI uses.
type jaeger struct {
	url   string
	shown string // the URL without a password
}

func newJaeger(text string) (jaeger, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return jaeger{}, errors.New("JAEGER_URL is no URL of a Jaeger: want one like http://localhost:16686")
	}
	return jaeger{url: strings.TrimRight(u.String(), "/"), shown: u.Redacted()}, nil
}

// timeout is how long one answer may take.
const timeout = 10 * time.Second

// ping returns an error if there is no Jaeger.
func (j jaeger) ping(ctx context.Context) error {
	var services []string
	return j.get(ctx, "/api/services", &services)
}

// traces returns the traces of a service.
func (j jaeger) traces(ctx context.Context, service string) ([]*trace, error) {
	var found []traceJSON
	if err := j.get(ctx, "/api/traces?limit=100&lookback=1h&service="+url.QueryEscape(service), &found); err != nil {
		return nil, err
	}
	traces := make([]*trace, len(found))
	for i, t := range found {
		traces[i] = t.trace()
	}
	return traces, nil
}

// trace returns one trace.
func (j jaeger) trace(ctx context.Context, id string) (*trace, error) {
	var found []traceJSON
	if err := j.get(ctx, "/api/traces/"+url.PathEscape(id), &found); err != nil {
		return nil, err
	}
	if len(found) != 1 || len(found[0].Spans) == 0 {
		return nil, fmt.Errorf("jaeger at %s has no trace %s", j.shown, id)
	}
	return found[0].trace(), nil
}

// get asks for data. To a question about nothing that it has Jaeger may answer 404.
func (j jaeger) get(ctx context.Context, path string, data any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.url+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("no Jaeger at %s: %w: start one (docker compose up -d --wait jaeger), or point JAEGER_URL at another", j.shown, err)
	}
	defer response.Body.Close()
	const most = 64 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return fmt.Errorf("jaeger at %s: %w", j.shown, err)
	}
	answer := struct {
		Data   any `json:"data"`
		Errors []struct {
			Message string `json:"msg"`
		} `json:"errors"`
	}{Data: data}
	err = json.Unmarshal(body, &answer)
	switch {
	case err != nil:
		return fmt.Errorf("what is at %s is no Jaeger: GET %s: %s: %w", j.shown, path, response.Status, err)
	case response.StatusCode == http.StatusNotFound:
		return nil
	case response.StatusCode != http.StatusOK || len(answer.Errors) > 0:
		return fmt.Errorf("jaeger at %s: GET %s: %s: %v", j.shown, path, response.Status, answer.Errors)
	}
	return nil
}
