package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// ran is what a run of the example is known by.
type ran struct {
	service string
	named   string // the id of the trace that it says is worth a look
}

// runExample runs the example on an order of each kind that is looked for, under a name
// that nothing else has.
func runExample(ctx context.Context, stderr io.Writer) (ran, error) {
	unique := strings.ToLower(rand.Text()[:8])
	r := ran{service: "orders-check-" + unique}
	endpoint := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://localhost:4317")
	var orders strings.Builder
	for _, card := range []string{"tok_visa", "tok_flaky", "tok_down"} {
		fmt.Fprintf(&orders, `{"id":"%s-%s","customer":"ada@example.com","lines":[{"sku":"kettle","quantity":1,"unit_cents":2599}],"card":%q}`+"\n", unique, card, card)
	}
	file, err := writeTemporary(orders.String())
	if err != nil {
		return ran{}, err
	}
	defer func() { _ = os.Remove(file) }() // the system cleans up after us
	command := exec.CommandContext(ctx, "go", "run", "./examples/orders", "-json", "-in", file)
	command.Env = append(os.Environ(),
		"OTEL_SERVICE_NAME="+r.service, "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint,
		"OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER=always_on", "OTEL_SDK_DISABLED=false")
	command.Stderr = stderr
	out, err := command.Output()
	if err != nil {
		return ran{}, fmt.Errorf("go run ./examples/orders, in the root of the repository: %w", err)
	}
	var printed struct {
		Retried struct {
			TraceID string `json:"trace_id"`
		} `json:"retried"`
	}
	if err := json.Unmarshal(out, &printed); err != nil {
		return ran{}, fmt.Errorf("the example printed no JSON: %w", err)
	}
	if r.named = printed.Retried.TraceID; r.named == "" {
		return ran{}, errors.New("the example names no trace of an order that was retried and shipped")
	}
	return r, nil
}

// writeTemporary writes a file, and returns its name.
func writeTemporary(content string) (name string, err error) {
	file, err := os.CreateTemp("", "orders-*.ndjson")
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(content)
	return file.Name(), errors.Join(err, file.Close())
}
