package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// sample is somebody who registers.
type sample struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// samples have addresses of all kinds that the fake mail server knows.
var samples = []sample{
	{"Ada Lovelace", "ada@example.com"},
	{"Grace Hopper", "grace@flaky.example"},
	{"Alan Turing", "alan@example.org"},
	{"Edsger W. Dijkstra", "edsger@down.example"},
	{"Barbara Liskov", "barbara@example.com"},
	{"Nobody at All", "nobody@rejects.example"},
}

// registerSamples has n of them register over HTTP, as anybody would.
func registerSamples(ctx context.Context, url string, n int, logger *slog.Logger) {
	const pause = time.Second
	client := &http.Client{Timeout: 15 * time.Second}
	defer client.CloseIdleConnections()
	for _, somebody := range samples[:n] {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if err := registerSample(ctx, client, url, somebody); err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "a sample user is not registered", "err", err)
		}
	}
}

func registerSample(ctx context.Context, client *http.Client, url string, somebody sample) error {
	body, err := json.Marshal(somebody)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/users", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// One may have registered in an earlier run.
	if answer.StatusCode != http.StatusCreated && answer.StatusCode != http.StatusConflict {
		return errors.New(answer.Status)
	}
	return nil
}
