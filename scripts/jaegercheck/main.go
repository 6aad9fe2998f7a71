// Jaegercheck checks that a running Jaeger shows what the orders example does: it runs
// the example on an order of each of three kinds, and compares what Jaeger's API returns
// with the spans that there have to be.
//
//	go run ./scripts/jaegercheck                       # or make jaeger-check
//	go run ./scripts/jaegercheck -trace ID             # print any trace
//	go run ./scripts/jaegercheck -trace ID -svg FILE   # and draw it
//
// Jaeger's API is at JAEGER_URL, http://localhost:16686 by default, and what receives
// the spans at OTEL_EXPORTER_OTLP_ENDPOINT, http://localhost:4317 by default. The example
// runs on the Redis at REDIS_URL, or else on an embedded one. It is to be called in the
// root of the repository.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "jaegercheck:", err)
		os.Exit(1)
	}
}

// patience is how long spans may take to be found.
const patience = 20 * time.Second

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("jaegercheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	id := flags.String("trace", "", "print the trace with this `ID` instead of checking")
	picture := flags.String("svg", "", "draw the trace into this `FILE`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	jaeger, err := newJaeger(cmp.Or(os.Getenv("JAEGER_URL"), "http://localhost:16686"))
	if err != nil {
		return err
	}
	if err := jaeger.ping(ctx); err != nil {
		return err
	}
	if *id == "" {
		retried, err := check(ctx, jaeger, stdout, stderr)
		if err != nil {
			return err
		}
		*id = retried
	}
	shown, err := jaeger.trace(ctx, *id)
	if err != nil {
		return err
	}
	if err := shown.print(stdout); err != nil || *picture == "" {
		return err
	}
	return os.WriteFile(*picture, shown.svg(), 0o644)
}

// check runs the example, looks for the traces of its orders and returns the id of the
// one that the example names.
func check(ctx context.Context, jaeger jaeger, stdout, stderr io.Writer) (id string, err error) {
	ran, err := runExample(ctx, stderr)
	if err != nil {
		return "", err
	}
	for deadline := time.Now().Add(patience); ; {
		traces, err := jaeger.traces(ctx, ran.service)
		if err != nil {
			return "", err
		}
		fault := compare(traces, ran.named)
		if fault == nil {
			fmt.Fprintf(stdout, "ok: Jaeger at %s has the traces of a plain, a retried and a poisoned order (service %s)\n\n", jaeger.shown, ran.service)
			return ran.named, nil
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("after %v Jaeger at %s has not what the example exported: %w", patience, jaeger.shown, fault)
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}
