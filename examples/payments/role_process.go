package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

const processUsage = `payments process is a processor: it charges orders at the bank and books what became of them.
Run as many as you like, in any order with all else: they share the work.

usage: payments process -redis URL [-bank URL] [-name NAME] [-listen ADDRESS] [-idle D] [-crash N]

`

const (
	// defaultIdle is how long a dead instance keeps its orders from the others.
	defaultIdle = 2 * time.Second
	// drainTimeout is how long an instance that is to end finishes what it began: longer
	// than the bank may take to answer.
	drainTimeout = 10 * time.Second
)

// processor is one instance.
type processor struct {
	redisURL, bankURL, name, listen string
	idle                            time.Duration
	crash                           int
}

func processRole(ctx context.Context, args []string, std app.IO) error {
	var p processor
	flags := flag.NewFlagSet("payments process", flag.ContinueOnError)
	app.RedisFlag(flags, &p.redisURL)
	flags.StringVar(&p.bankURL, "bank", "http://localhost:8081", "charge at the bank at `URL`")
	flags.StringVar(&p.name, "name", fmt.Sprintf("p%d", os.Getpid()), "go by `NAME` in the books")
	flags.StringVar(&p.listen, "listen", "localhost:0", "serve GET /health on `ADDRESS`")
	flags.DurationVar(&p.idle, "idle", defaultIdle, "take over the orders of an instance that was silent for `D`")
	flags.IntVar(&p.crash, "crash", 0, "for show: die, as of kill -9, after `N` percent of the charges, before they are recorded")
	if err := app.Parse(flags, processUsage, args, std.Stderr); err != nil {
		return err
	}
	if err := httpURL("-bank", p.bankURL); err != nil {
		return err
	}
	switch {
	case p.idle < 100*time.Millisecond:
		return app.Usage("-idle must be 100ms or more, not %v", p.idle)
	case p.name == "":
		return app.Usage("-name must not be empty")
	}
	if err := checkCrash(p.crash); err != nil {
		return err
	}
	shutdown, err := app.Telemetry(ctx, "payments-processor", std.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	return p.run(ctx, std)
}

func (p processor) run(ctx context.Context, std app.IO) error {
	client, stop, err := connect(ctx, p.redisURL, std.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	log := logger(std.Stderr)
	transport, err := streams.NewTransport(client, streams.Config{IdleTime: p.idle, Logger: log})
	if err != nil {
		return err
	}
	bank := bankapi.NewClient(p.bankURL, "payments-processor/"+p.name)
	defer bank.Close()
	kept := books.New(client, flow.Prefix)
	payments := flow.New(crashing{bank, p.crash}, kept, p.name, log)
	listener, err := app.Listen(ctx, p.listen)
	if err != nil {
		return err
	}
	announce(std.Stdout, "process "+p.name, listener)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /health", web.Health(web.Checks{"redis": kept.Ping, "bank": bank.Health}, log))
	return serve(ctx, listener, web.Handler(routes, "GET /health"), func(ctx context.Context) error {
		return payments.Run(ctx, transport, pipeline.DrainTimeout(drainTimeout))
	})
}

// checkCrash checks the flag of that name.
func checkCrash(percent int) error {
	if percent < 0 || percent > 100 {
		return app.Usage("-crash must be a share in percent, from 0 to 100, not %d", percent)
	}
	return nil
}

// crashing is a bank after whose answer the process dies, now and then: the charge is made,
// and nothing in the pipeline knows of it.
type crashing struct {
	payment.Bank
	percent int
}

// Charge charges an order.
func (c crashing) Charge(ctx context.Context, o payment.Order) (string, error) {
	chargeID, err := c.Bank.Charge(ctx, o)
	if err == nil && rand.IntN(100) < c.percent {
		die()
	}
	return chargeID, err
}

// die ends this process as kill -9 does, and does not return.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // nothing can be done if it does not
	}
	select {}
}
