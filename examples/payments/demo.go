package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/client"
	"github.com/millstream-go/millstream/examples/payments/internal/drill"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
)

const usage = `payments takes payments on over HTTP, charges each exactly once, and books it, whatever dies.

usage: payments [-redis URL [-reset]] [-chaos] [-naive] [-n N] [-dir DIR] [-serve]
       payments -graph
       payments bank | api | process | order | audit | naive [-h] [...]

Without a role it is a demonstration: it runs a bank, an api and three processors as processes of their own,
asks for some hundred payments, and audits the books. It ends with 0 only if they are exact to the cent.
Without a Redis it runs on an embedded one, in memory; with -chaos on a redis-server of its own, if one is
installed. With an OpenTelemetry collector in OTEL_EXPORTER_OTLP_ENDPOINT all parts send traces there.

`

// How many payments are asked for unless it is said, and how often one is.
const (
	quietOrders, quietPace = 300, 10 * time.Millisecond
	chaosOrders, chaosPace = 600, 25 * time.Millisecond
	mostOrders             = 100_000
)

// doneTimeout is how long the last payments may take.
const doneTimeout = 60 * time.Second

// processors is how many share the work, and idle how long one may be silent before the
// others take over what it was at.
const (
	processors = 3
	idle       = time.Second
)

// demo is one demonstration.
type demo struct {
	redisURL, dir       string
	graph, chaos, serve bool
	reset, naive        bool
	n                   int

	app.IO
}

func demonstration(ctx context.Context, args []string, std app.IO) error {
	d, err := parseDemo(args, std)
	if err != nil {
		return err
	}
	if d.graph {
		_, err := fmt.Fprint(std.Stdout, flow.Graph().Mermaid())
		return err
	}
	shutdown, err := app.Telemetry(ctx, "payments-demo", std.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	err = d.run(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errDiffers) {
		return app.ErrInterrupted
	}
	return err
}

func parseDemo(args []string, std app.IO) (*demo, error) {
	d := &demo{IO: std}
	flags := flag.NewFlagSet("payments", flag.ContinueOnError)
	app.RedisFlag(flags, &d.redisURL)
	flags.BoolVar(&d.reset, "reset", false, "first delete what this example left in Redis")
	flags.BoolVar(&d.chaos, "chaos", false, "kill everything, again and again, while payments come in")
	flags.BoolVar(&d.naive, "naive", false, "have processors as in tutorials instead, and count what they do wrong")
	flags.IntVar(&d.n, "n", 0, "ask for `N` payments (default 300, or 600 with -chaos)")
	flags.StringVar(&d.dir, "dir", "", "keep the bank's ledger and the logs in `DIR` (default: a temporary one, gone after a good end)")
	flags.BoolVar(&d.serve, "serve", false, "go on running after the audit, until Ctrl-C")
	flags.BoolVar(&d.graph, "graph", false, "print the pipeline as a Mermaid graph and do nothing else")
	if err := app.Parse(flags, usage, args, std.Stderr); err != nil {
		return nil, err
	}
	said := false
	flags.Visit(func(f *flag.Flag) { said = said || f.Name == "n" })
	switch {
	case said:
	case d.chaos:
		d.n = chaosOrders
	default:
		d.n = quietOrders
	}
	if d.n < 1 || d.n > mostOrders {
		return nil, app.Usage("-n must be from 1 to %d, not %d", mostOrders, d.n)
	}
	d.redisURL = app.RedisURL(d.redisURL)
	return d, nil
}

// run runs it on a Redis.
func (d *demo) run(ctx context.Context) (err error) {
	ground, err := d.ground(ctx)
	if err != nil {
		return err
	}
	defer ground.stop()
	if err := d.clear(ctx, ground.client); err != nil {
		return err
	}
	if d.dir != "" {
		if err := os.MkdirAll(d.dir, 0o700); err != nil {
			return fmt.Errorf("-dir: %w", err)
		}
	} else {
		if d.dir, err = os.MkdirTemp("", "payments-"); err != nil {
			return err
		}
		defer func() {
			if err == nil || ctx.Err() != nil {
				_ = os.RemoveAll(d.dir) // at worst a temporary directory stays behind
			}
		}()
	}
	crew, err := d.enlist(ground.url)
	if err != nil {
		return err
	}
	err = errors.Join(d.perform(ctx, ground, crew), crew.Stop())
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(d.Stderr, "the bank's ledger and the logs are in %s\n", d.dir)
	}
	return err
}

// clear makes sure that there are no books but those of this run.
func (d *demo) clear(ctx context.Context, c *redis.Client) error {
	if _, err := os.Stat(d.ledger()); d.dir != "" && err == nil {
		return fmt.Errorf("%s has the ledger of an earlier run: delete it, or take another -dir", d.dir)
	}
	if d.reset {
		return app.Reset(ctx, c, flow.Prefix)
	}
	n, err := c.Exists(ctx, flow.Prefix+"requests", flow.Ordered).Result()
	if err == nil && n > 0 {
		err = errors.New("this Redis has the books of an earlier run: -reset deletes them")
	}
	return err
}

func (d *demo) ledger() string { return filepath.Join(d.dir, "bank.ledger") }

// perform asks for the payments and audits what became of them.
func (d *demo) perform(ctx context.Context, g *ground, c *crew) error {
	d.introduce(c)
	asking := client.New(c.api.URL())
	defer asking.Close()
	bank := bankapi.NewClient(c.bank.URL(), "payments-demo")
	defer bank.Close()
	if err := d.refused(ctx, asking); err != nil {
		return err
	}
	if err := d.place(ctx, g, c, asking); err != nil {
		return err
	}
	judge := d.audit
	if d.naive {
		judge = d.tally
	}
	if err := judge(ctx, g.client, bank); err != nil {
		return err
	}
	if d.serve {
		fmt.Fprintln(d.Stdout, "still running: look around, Ctrl-C ends it")
		<-ctx.Done()
	}
	return nil
}

// refused shows what is not taken on.
func (d *demo) refused(ctx context.Context, asking *client.Client) error {
	fmt.Fprintln(d.Stdout, "\nnot taken on:")
	for _, request := range drill.Wrong() {
		_, err := asking.Place(ctx, rand.Text(), request)
		if err == nil {
			return fmt.Errorf("a payment of %s %s was taken on", request.Amount, request.Currency)
		}
		fmt.Fprintf(d.Stdout, "  %s %s: %v\n", request.Amount, request.Currency, err)
	}
	return ctx.Err()
}

// place asks for the payments, while everything fails if that is wanted.
func (d *demo) place(ctx context.Context, g *ground, c *crew, asking *client.Client) error {
	orders := drill.Orders(rand.Text(), d.n)
	meanwhile := ""
	if d.chaos {
		meanwhile = ", while all of it is killed again and again"
	}
	fmt.Fprintf(d.Stdout, "\nasking for %d payments, every tenth of them twice with one key%s ...\n", len(orders), meanwhile)
	began := time.Now()
	taken := func(more string) {
		fmt.Fprintf(d.Stdout, "all are taken on after %.1fs%s\n", time.Since(began).Seconds(), more)
	}
	if !d.chaos {
		err := drill.Place(ctx, asking, orders, quietPace)
		if err == nil {
			taken("")
		}
		return err
	}
	toll, err := placeUnderFire(ctx, asking, orders, drill.Targets{
		Processors: c.processors, Bank: c.bank, API: c.api, Redis: g.own, Frozen: idle + idle/2,
	})
	if err != nil {
		return err
	}
	deaths := 0
	for _, p := range c.processors {
		deaths += p.Deaths()
	}
	taken(", and meanwhile:")
	toll.Print(d.Stdout, max(0, deaths-toll.Processors))
	return nil
}

// placeUnderFire asks for the payments while the targets fail.
func placeUnderFire(ctx context.Context, asking *client.Client, orders []drill.Order, targets drill.Targets) (toll drill.Toll, err error) {
	failing, stop := context.WithCancel(ctx)
	var havocErr error
	var havoc sync.WaitGroup
	havoc.Go(func() { toll, havocErr = drill.Havoc(failing, targets) })
	err = drill.Place(ctx, asking, orders, chaosPace)
	stop()
	havoc.Wait()
	return toll, errors.Join(err, havocErr)
}

// audit prints who did what, and whether it is right, once all is done.
func (d *demo) audit(ctx context.Context, client *redis.Client, bank *bankapi.Client) error {
	done, cancel := context.WithTimeout(ctx, doneTimeout)
	defer cancel()
	if err := awaitDone(done, client); err != nil && ctx.Err() == nil {
		fmt.Fprintf(d.Stdout, "not all is done after %v\n", doneTimeout)
	}
	result, err := examine(ctx, client, bank)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	fmt.Fprintln(d.Stdout)
	result.PrintShares(d.Stdout)
	result.Print(d.Stdout)
	if !result.Exact() {
		return errDiffers
	}
	if result.Orders != d.n {
		return fmt.Errorf("%w: %d payments are in them, %d were asked for", errDiffers, result.Orders, d.n)
	}
	return nil
}
