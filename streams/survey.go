package streams

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/millstream-go/millstream/internal/commit"
)

const (
	// surveyBound is how long who collects metrics waits for Redis.
	surveyBound = time.Second
	// surveyAbreast is how many groups are asked for at a time: it bounds how many of
	// the client's connections the pipeline has to do without.
	surveyAbreast = 4
)

// survey asks Redis how much there is to do for the groups that this process works for,
// and only when somebody wants to know.
type survey struct {
	mu     sync.Mutex
	groups map[reading]*surveyed
	// latest is the round under way, or the last.
	latest *round
	// life ends when nobody collects any more.
	life   context.Context
	stop   context.CancelFunc
	rounds sync.WaitGroup
	// denied is set when it was said that a permission lacks.
	denied atomic.Bool
}

// surveyed is a group to ask for.
type surveyed struct {
	reading
	domain     domain
	log        *slog.Logger
	attributes metric.MeasurementOption

	subscriptions int
}

// add has the group of a subscription asked for.
func (s *survey) add(sub *subscription) {
	if !sub.count.apart {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil {
		s.groups = map[reading]*surveyed{}
	}
	r := reading{sub.group.Stream, sub.group.Group}
	g := s.groups[r]
	if g == nil {
		g = &surveyed{reading: r, domain: sub.domain, log: sub.log, attributes: sub.count.attributes}
		s.groups[r] = g
	}
	g.subscriptions++
}

// remove undoes add.
func (s *survey) remove(sub *subscription) {
	if !sub.count.apart {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := reading{sub.group.Stream, sub.group.Group}
	g := s.groups[r]
	if g.subscriptions--; g.subscriptions == 0 {
		delete(s.groups, r)
	}
}

// begin is called before ask is.
func (s *survey) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life, s.stop = context.WithCancel(context.Background())
}

// end is called when ask is not called any more. A client that waits for an answer may
// do so for its ReadTimeout.
func (s *survey) end() {
	s.stop()
	s.rounds.Wait()
}

// round asks for each group once. Those who collect at the same time share one.
type round struct {
	until time.Time
	done  chan struct{}

	mu    sync.Mutex
	found []backlog
}

// backlog is what Redis said of a group.
type backlog struct {
	commit.Backlog
	attributes metric.MeasurementOption
}

// ask returns what Redis says within the bound. A group that is gone, or of which
// Redis says nothing, is missing.
func (s *survey) ask(ctx context.Context) []backlog {
	r := s.join()
	ctx, cancel := context.WithDeadline(ctx, r.until)
	defer cancel()
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.found)
}

// join returns the round under way, or begins one. One that hangs keeps others from
// beginning, so that requests do not pile up.
func (s *survey) join() *round {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest != nil {
		select {
		case <-s.latest.done:
		default:
			return s.latest
		}
	}
	r := &round{until: time.Now().Add(surveyBound), done: make(chan struct{})}
	groups := slices.Collect(maps.Values(s.groups))
	s.latest = r
	s.rounds.Go(func() {
		defer close(r.done)
		ctx, cancel := context.WithDeadline(s.life, r.until)
		defer cancel()
		s.run(ctx, r, groups)
	})
	return r
}

// run asks for all groups, some at a time.
func (s *survey) run(ctx context.Context, r *round, groups []*surveyed) {
	var asks sync.WaitGroup
	defer asks.Wait()
	turn := make(chan struct{}, surveyAbreast)
	for _, g := range groups {
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return
		}
		asks.Go(func() {
			defer func() { <-turn }()
			if found, ok := s.askFor(ctx, g); ok {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.found = append(r.found, backlog{found, g.attributes})
			}
		})
	}
}
