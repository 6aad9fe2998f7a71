package reliability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config sets up [Run].
type Config struct {
	Faults []Fault
	// Watch is how long to look for what may never come.
	Watch time.Duration
	// Parallel is how many faults happen at once.
	Parallel int
	// Progress is told of each fault that is over, if it is not nil. It is not
	// called concurrently.
	Progress func(format string, args ...any)
}

// Report is what was seen.
type Report struct {
	// Rows are in the order of the faults.
	Rows []Row
	// Server names the Redis.
	Server string
}

// Row is what was seen of a fault, by the name of the contender.
type Row struct {
	Fault Fault
	Seen  map[string]Seen
}

// Select returns the faults with the given names, in this order.
func Select(names ...string) ([]Fault, error) {
	all := Faults()
	selected := make([]Fault, len(names))
	for i, name := range names {
		at := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no fault %q, only %s", name, strings.Join(Names(), ", "))
		}
		selected[i] = all[at]
	}
	return selected, nil
}

// Names returns the names of all faults.
func Names() []string {
	var names []string
	for _, f := range Faults() {
		names = append(names, f.Name)
	}
	return names
}

// bound is how long a fault may take in all.
const bound = time.Minute

var errBound = errors.New("the fault takes too long")

// Run makes the faults happen to each contender.
func Run(ctx context.Context, config Config) (*Report, error) {
	var (
		report   = &Report{Rows: make([]Row, len(config.Faults))}
		running  sync.WaitGroup
		mu       sync.Mutex
		failures []error
		slots    = make(chan struct{}, max(1, config.Parallel))
	)
	one := func(row Row, c Contender) {
		start := time.Now()
		seen, server, err := runOne(ctx, row.Fault, c, config.Watch)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failures = append(failures, fmt.Errorf("%s, %s: %w", row.Fault.Name, c.Name(), err))
			return
		}
		row.Seen[c.Name()], report.Server = seen, server
		if config.Progress != nil {
			config.Progress("%-10s  %-10s  %4.1f s  %s", row.Fault.Name, c.Name(), time.Since(start).Seconds(), seen.Summary())
		}
	}
	for i, fault := range config.Faults {
		report.Rows[i] = Row{Fault: fault, Seen: map[string]Seen{}}
		for _, c := range Contenders() {
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				one(report.Rows[i], c)
			})
		}
	}
	running.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return report, errors.Join(failures...)
}

func runOne(ctx context.Context, f Fault, c Contender, watch time.Duration) (seen Seen, server string, err error) {
	if ctx.Err() != nil {
		return Seen{}, "", context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, bound, errBound)
	defer cancel()
	s, err := newScene(ctx, f, c, watch)
	if err != nil {
		return Seen{}, "", err
	}
	defer s.end()
	seen, err = f.happen(ctx, s)
	return seen, s.version, err
}
