package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/alerts/internal/fleet"
	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
	"github.com/millstream-go/millstream/streams"
)

const (
	producers = 2
	consumers = 3
	// rate is how many alerts each producer raises a second.
	rate = 30
	// siteWindow and siteBackoff are short, so that something is to be seen in seconds.
	siteWindow  = 2 * time.Second
	siteBackoff = 2 * time.Second
	// siteIdle is how long a consumer that was killed keeps its alerts from the others.
	siteIdle = 2 * time.Second
	// siteLatency is so long that some who are killed have just told somebody.
	siteLatency = 50 * time.Millisecond
	// startTimeout and stopTimeout bound the start and the end of processes.
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	// settleTimeout bounds how long the consumers may take with what is left.
	settleTimeout = 30 * time.Second
)

// site is all roles as processes on one Redis.
type site struct {
	client    *redis.Client
	pipeline  string
	system    oncall.System
	transport *streams.Transport
	dir       string
	began     time.Time // by Redis's clock

	fleet     *fleet.Fleet
	notifier  *fleet.Member
	consumers []*fleet.Member
	producers []*fleet.Member

	acks acks
}

// acks are the ids that producers said are safe.
type acks struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

func (a *acks) add(line string) {
	id, _, ok := strings.Cut(line, " ")
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[id] = struct{}{}
}

func (a *acks) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ids)
}

// newSite starts all roles but the producers. url is where other processes reach the Redis
// of the client. Close the site whether or not there is an error.
func newSite(ctx context.Context, client *redis.Client, url, pipeline string) (*site, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	// The URL may have a password in it, and arguments are there for all to see.
	s := &site{client: client, pipeline: pipeline, fleet: fleet.New("REDIS_URL=" + url)}
	s.acks.ids = make(map[string]struct{})
	var err error
	if s.dir, err = os.MkdirTemp("", "alerts-"); err != nil {
		return s, err
	}
	if s.system, err = oncall.New(oncall.Config{Name: pipeline}); err != nil {
		return s, err
	}
	if s.transport, err = streams.NewTransport(client, streams.Config{}); err != nil {
		return s, err
	}
	if s.began, err = history.New(client).Now(ctx); err != nil {
		return s, err
	}
	if s.notifier, err = s.fleet.Start("notifier", nil, s.notifierArgs("localhost:0")...); err != nil {
		return s, err
	}
	notifierURL, err := s.notifier.URL(ctx)
	if err != nil {
		return s, err
	}
	for i := range consumers {
		m, err := s.fleet.Start(fmt.Sprintf("consumer-%d", i+1), nil, s.consumerArgs(notifierURL)...)
		if err != nil {
			return s, err
		}
		s.consumers = append(s.consumers, m)
	}
	for _, m := range s.consumers {
		if _, err := m.URL(ctx); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *site) book() string { return filepath.Join(s.dir, "book") }

func (s *site) notifierArgs(listen string) []string {
	return []string{"notify", "-listen", listen, "-book", s.book(), "-latency", siteLatency.String()}
}

func (s *site) consumerArgs(notifierURL string) []string {
	return []string{
		"consume", "-pipeline", s.pipeline, "-notifier", notifierURL, "-metrics", "localhost:0",
		"-window", siteWindow.String(), "-backoff", siteBackoff.String(), "-idle", siteIdle.String(),
	}
}

func (s *site) producerArgs(i int) []string {
	return []string{"produce", "-pipeline", s.pipeline, "-rate", fmt.Sprint(rate), "-acks", "-host", fmt.Sprintf("web-%d", i+1)}
}

// produce starts the producers.
func (s *site) produce() error {
	for i := range producers {
		m, err := s.fleet.Start(fmt.Sprintf("producer-%d", i+1), s.acks.add, s.producerArgs(i)...)
		if err != nil {
			return err
		}
		s.producers = append(s.producers, m)
	}
	return nil
}

// stopProducers ends them, and returns when all they were told is here.
func (s *site) stopProducers(ctx context.Context) error { return stopAll(ctx, s.producers...) }

// settle waits until nothing is left to do.
func (s *site) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := s.system.Pipeline.WaitIdle(ctx, s.transport); err != nil {
		return fmt.Errorf("alerts are left after %v: %w", settleTimeout, errors.Join(err, s.fleet.Faults()))
	}
	return nil
}

// stop ends the consumers, and then the notifier.
func (s *site) stop(ctx context.Context) error {
	return errors.Join(stopAll(ctx, s.consumers...), stopAll(ctx, s.notifier))
}

// stopAll ends members at the same time.
func stopAll(ctx context.Context, members ...*fleet.Member) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	errs := make([]error, len(members))
	var stopping sync.WaitGroup
	for i, m := range members {
		stopping.Go(func() { errs[i] = m.Stop(ctx) })
	}
	stopping.Wait()
	return errors.Join(errs...)
}

// taken opens the notifier's book, when the notifier has ended.
func (s *site) taken() (*receiver.Book, error) { return receiver.OpenBook(s.book()) }

// close kills what still runs and removes the files.
func (s *site) close() {
	s.fleet.Close()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // at worst a temporary directory stays behind
	}
}
