package suites

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/steady"
	"github.com/millstream-go/millstream/internal/redistest"
)

const (
	faultRate = 2000
	// faultTime and faultQuick are how long messages are sent in a round with a fault.
	faultTime, faultQuick = 2 * time.Second, time.Second
	// away is how long is gone what goes wrong.
	away = 300 * time.Millisecond
	// slowness is how much slower than the messages come a slow subscriber is.
	slowness = 2
)

// fault is what goes wrong when half of the messages are sent.
type fault struct {
	name, title string
	// ownRedis gives each round a Redis of its own, which may be killed.
	ownRedis bool
	begin    func(f *steady.Flow, own *redistest.Server)
}

func faults() []fault {
	return []fault{
		{
			name: "slow-subscriber", title: "the stage in the middle does half as many as come",
			begin: func(f *steady.Flow, _ *redistest.Server) {
				takes := time.Second * slowness * time.Duration(f.Concurrency) / time.Duration(f.Rate)
				f.Work = steady.Slow((f.Stages+1)/2, takes)
			},
		},
		{
			name: "subscriber-restart", title: fmt.Sprintf("the stages are stopped half-way, and started again after %v", away),
			begin: func(f *steady.Flow, _ *redistest.Server) { f.Halfway = steady.Redeploy(away) },
		},
		{
			name: "redis-restart", title: fmt.Sprintf("Redis is killed half-way, and started again after %v (one of its own)", away),
			ownRedis: true,
			begin:    func(f *steady.Flow, own *redistest.Server) { f.Halfway = steady.Outage(own, away) },
		},
	}
}

// possible returns why it cannot happen here, or nil.
func (f fault) possible() error {
	if f.ownRedis {
		return redistest.Available()
	}
	return nil
}

func (c *Config) faultCase(f fault, stages int) bench.Case {
	rate, lasts := or(c.Rate, faultRate), faultTime
	if c.Quick {
		lasts = faultQuick
	}
	next := bench.Case{
		Suite: againstName, Name: f.name,
		Title:  fmt.Sprintf("%d messages a second through %s; %s", rate, stagesText(stages), f.title),
		Stages: stages, Messages: c.flowMessages(rate, stages, lasts), Paced: true, Lossy: true,
	}
	for _, name := range against() {
		next.Contenders = append(next.Contenders, bench.Contender{
			Name: name,
			Measure: func(ctx context.Context, messages int) (bench.Round, error) {
				flow := c.flow(c.Redis, name, stages, rate)
				flow.Messages, flow.Lossy = messages, true
				return f.round(ctx, flow)
			},
		})
	}
	next.Contenders = c.among(next.Contenders...)
	return next
}

// round runs a flow that the fault happens to.
func (f fault) round(ctx context.Context, flow steady.Flow) (bench.Round, error) {
	var own *redistest.Server
	if f.ownRedis {
		// A new one for each round: how long it takes to come back depends on what it has
		// to read. It keeps a log that is synced once a second, as is recommended. While it
		// syncs it puts off writing to the log: killed at that moment, it loses some
		// milliseconds of what it had acknowledged. Of messages that were on the way some
		// are then lost, and some passed on again, whoever runs the stages.
		server, stop, err := redistest.StartShared(redistest.Args("--appendonly", "yes", "--appendfsync", "everysec"))
		if err != nil {
			return bench.Round{}, err
		}
		defer stop()
		own, flow.Redis = server, &redis.Options{Addr: server.Addr()}
	}
	f.begin(&flow, own)
	o, err := flow.Run(ctx)
	if err != nil {
		return bench.Round{}, err
	}
	return bench.Round{
		Elapsed: o.Elapsed, Account: o.Account,
		Figures: []bench.Figure{
			milliseconds("longest pause", o.Pause),
			milliseconds("settled after", o.Settled),
			{Name: "late", Unit: "messages", Value: float64(o.Late)},
		},
	}, nil
}
