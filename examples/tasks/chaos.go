package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/millstream-go/millstream/examples/tasks/internal/client"
	"github.com/millstream-go/millstream/examples/tasks/internal/fleet"
	"github.com/millstream-go/millstream/internal/pause"
)

// How the chaos goes: so often each process is killed, so long it stays away, and so long it
// is left alone then.
const (
	chaosRounds  = 3
	chaosAway    = 300 * time.Millisecond
	chaosBetween = 300 * time.Millisecond
	chaosWriters = 4
)

// chaos kills processes while tasks change, and checks the books.
func (s *system) chaos(ctx context.Context) error {
	c := client.New()
	defer c.Close()
	s.say("%d clients create, change and delete tasks, while the API and both indexers are killed (kill -9) %d times each.",
		chaosWriters, chaosRounds)
	books := newLedger()
	writing, stop := context.WithCancel(ctx)
	defer stop()
	var writers sync.WaitGroup
	failures := make([]error, chaosWriters)
	for i := range chaosWriters {
		writers.Go(func() {
			w := writer{system: s, client: c, books: books, random: rand.New(rand.NewPCG(uint64(i), 3)), first: i}
			failures[i] = w.run(ctx, writing)
		})
	}
	err := s.killInTurn(ctx)
	stop()
	writers.Wait()
	if err := errors.Join(append(failures, err)...); err != nil {
		return err
	}
	s.say("%v.", books)
	return s.check(ctx, c, books)
}

// killInTurn kills one process after the other.
func (s *system) killInTurn(ctx context.Context) error {
	for range chaosRounds {
		for _, w := range s.workers() {
			pause.For(ctx, nil, chaosBetween)
			if err := s.killOnce(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// killOnce kills a process and starts it again after a while.
func (s *system) killOnce(ctx context.Context, w *fleet.Worker) error {
	if ctx.Err() != nil {
		return nil
	}
	w.Kill()
	pause.For(ctx, nil, chaosAway)
	if err := w.Start(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}
