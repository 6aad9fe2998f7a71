package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/payments/internal/fleet"
	"github.com/millstream-go/millstream/internal/redistest"
)

// ground is the Redis of a demonstration.
type ground struct {
	client *redis.Client
	url    string
	own    *redistest.Server // one that may be killed, if any
	stop   func()
}

// ground finds or starts the Redis.
func (d *demo) ground(ctx context.Context) (*ground, error) {
	if d.chaos && d.redisURL == "" && redistest.Available() == nil {
		// What it acknowledged is on the disk: it may be killed.
		own, stopServer, err := redistest.StartShared(redistest.AOF())
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(d.Stderr, "running on a redis-server of its own, %s, with an append-only file\n", own.URL())
		client, stop, err := app.Connect(ctx, own.URL(), d.Stderr)
		if err != nil {
			stopServer()
			return nil, err
		}
		return &ground{client, own.URL(), own, func() { stop(); stopServer() }}, nil
	}
	client, stop, err := app.Connect(ctx, d.redisURL, d.Stderr)
	if err != nil {
		return nil, err
	}
	g := &ground{client: client, url: d.redisURL, stop: stop}
	if g.url == "" {
		g.url = "redis://" + client.Options().Addr
	}
	if d.chaos {
		fmt.Fprintln(d.Stderr, "this Redis is not killed: -chaos does that with a redis-server of its own, when one is installed and no -redis is given")
	}
	return g, nil
}

// crew are the processes of a demonstration.
type crew struct {
	*fleet.Fleet
	bank, api  *fleet.Member
	processors []*fleet.Member
}

// enlist starts them. The Redis is in their environment, for arguments can be seen by all.
func (d *demo) enlist(redisURL string) (_ *crew, err error) {
	c := &crew{Fleet: fleet.New(d.dir, "REDIS_URL="+redisURL)}
	defer func() {
		if err != nil {
			_ = c.Stop() // what went wrong first counts
		}
	}()
	faults, crash := []string{"-slow", "2", "-error", "3", "-lost", "1"}, "0"
	if d.chaos {
		crash = "3"
	}
	if c.bank, err = c.Start("bank", append([]string{"bank", "-ledger", d.ledger()}, faults...)...); err != nil {
		return nil, err
	}
	for i := range processors {
		name := fmt.Sprintf("p%d", i+1)
		args := []string{"process", "-idle", idle.String()}
		if d.naive {
			args = []string{"naive"}
		}
		p, err := c.Start(name, append(args, "-bank", c.bank.URL(), "-name", name, "-crash", crash)...)
		if err != nil {
			return nil, err
		}
		c.processors = append(c.processors, p)
	}
	c.api, err = c.Start("api", "api")
	return c, err
}

// introduce says what runs, and where to look.
func (d *demo) introduce(c *crew) {
	fmt.Fprintf(d.Stdout, "running, each in a process of its own, with its log in %s:\n", d.dir)
	fmt.Fprintf(d.Stdout, "  bank        %s/entries   fails now and then: slow, 503, or it charges and never answers\n", c.bank.URL())
	fmt.Fprintf(d.Stdout, "  api         %s/ledger\n", c.api.URL())
	for i, p := range c.processors {
		fmt.Fprintf(d.Stdout, "  processor p%d %s/health\n", i+1, p.URL())
	}
}
