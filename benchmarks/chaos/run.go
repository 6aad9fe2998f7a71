package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config sets up a run. The zero value works.
type Config struct {
	// Seed decides about the plan.
	Seed uint64
	// Duration is how long there are faults. Default: a minute.
	Duration time.Duration
	// Workers is how many processes there are. Default: 4.
	Workers int
	// PerSecond is how many inputs are published. Default: 400.
	PerSecond int
	// Patience is how long it may take after the last fault until nothing is
	// left to do. Default: 2 minutes.
	Patience time.Duration
	// Trim has the workers trim what is done, as they do by default. The verdict
	// then rests on the topics that nobody reads.
	Trim bool
	// Keep keeps what the workers did and said even if the run passes.
	Keep bool
	// Progress, if set, gets what happens.
	Progress func(format string, args ...any)
}

func (c *Config) setDefaults() {
	if c.Duration == 0 {
		c.Duration = time.Minute
	}
	if c.Workers == 0 {
		c.Workers = 4
	}
	if c.PerSecond == 0 {
		c.PerSecond = 400
	}
	if c.Patience == 0 {
		c.Patience = 2 * time.Minute
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
}

// Run carries out the plan of a seed and judges what came of it. An error is that
// of a run that came to no verdict.
func Run(ctx context.Context, c Config) (_ Report, err error) {
	c.setDefaults()
	dir, err := os.MkdirTemp("", "chaos-")
	if err != nil {
		return Report{}, err
	}
	r := &run{config: c, report: Report{Seed: c.Seed, Duration: c.Duration, Workers: c.Workers, Dir: dir}}
	err = r.perform(ctx)
	r.close()
	if !c.Keep && (ctx.Err() != nil || err == nil && r.report.OK()) {
		err = errors.Join(err, os.RemoveAll(dir))
		r.report.Dir = ""
	}
	return r.report, err
}

// run is one run.
type run struct {
	config Config
	report Report
	victims
}

// perform carries it out.
func (r *run) perform(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.suffer(ctx); err != nil {
		return err
	}
	r.settle(ctx)
	for _, w := range r.workers {
		if err := w.end(); err != nil {
			r.problem("worker", err)
		}
		r.report.Away += w.away
	}
	history, err := ReadHistory(ctx, r.server.client)
	if err != nil {
		return err
	}
	if r.report.Stages, err = stageReports(history, r.workers); err != nil {
		return err
	}
	for name, entries := range history.Topics {
		r.report.Trimmed += history.Added[name] - len(entries)
	}
	judge := Judge
	if r.config.Trim {
		judge = JudgeTrimmed
	}
	r.report.Problems = append(r.report.Problems, judge(history, r.report.Inputs)...)
	return nil
}

func (r *run) problem(where string, err error) {
	r.report.Problems = append(r.report.Problems, Problem{Where: where, What: err.Error()})
}

// open starts everything.
func (r *run) open(ctx context.Context) (err error) {
	if r.server, err = startServer(); err != nil {
		return err
	}
	info, err := r.server.info(ctx)
	if err != nil {
		return err
	}
	r.report.Redis = "Redis " + info["redis_version"]
	for i := range r.config.Workers + 1 {
		l, err := newLink(r.server.own.Addr())
		if err != nil {
			return err
		}
		r.links = append(r.links, l)
		if i == r.config.Workers {
			break // the feeder's
		}
		w, err := startSlot(ctx, spec{Redis: l.addr, Dir: r.report.Dir, Trim: r.config.Trim, Index: i})
		if err != nil {
			return err
		}
		r.workers = append(r.workers, w)
	}
	return nil
}

// close ends everything.
func (r *run) close() {
	for _, w := range r.workers {
		w.destroy()
	}
	for _, l := range r.links {
		l.close()
	}
	if r.server != nil {
		r.server.stop()
	}
}

// suffer feeds the pipeline while faults befall it.
func (r *run) suffer(ctx context.Context) error {
	plan := NewPlan(r.config.Seed, r.config.Duration, r.config.Workers)
	r.config.Progress("%d faults in %v", len(plan), r.config.Duration)
	feeding, cancel := context.WithCancel(ctx)
	defer cancel()
	over, fed := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		r.report.Inputs, r.report.Repeats, err = feed(feeding, r.links[r.config.Workers].addr, r.config.PerSecond, over)
		fed <- err
	}()
	var err error
	r.report.Faults, err = r.inject(ctx, plan)
	close(over)
	// It publishes what it has begun, now that nothing stands in the way.
	late := time.AfterFunc(r.config.Patience, cancel)
	defer late.Stop()
	return errors.Join(err, <-fed)
}

// settle waits until nothing is left to do; for how long is part of the verdict.
func (r *run) settle(ctx context.Context) {
	r.config.Progress("the faults are over, %d inputs are published", r.report.Inputs)
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, r.config.Patience)
	defer cancel()
	if err := awaitIdle(ctx, r.server.client); err != nil {
		r.problem("pipeline", fmt.Errorf("not idle %v after the last fault: %w", r.config.Patience, err))
	}
	r.report.Settled = time.Since(begun)
}

// awaitIdle returns when nothing is undelivered, pending or parked.
func awaitIdle(ctx context.Context, client *redis.Client) error {
	transport, err := newTransport(client, true)
	if err != nil {
		return err
	}
	if err := compose(&hands{}).WaitIdle(ctx, transport); err != nil {
		return err
	}
	// A message that was settled while it was parked leaves its due time behind,
	// until that is reached.
	for {
		left := int64(0)
		for _, s := range steps {
			l, err := readLeft(ctx, client, s)
			if err != nil {
				return err
			}
			left += l.Parked
		}
		if left == 0 {
			return nil
		}
		sleep(ctx, 50*time.Millisecond)
	}
}
