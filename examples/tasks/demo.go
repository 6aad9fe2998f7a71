package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/millstream-go/millstream/examples/tasks/internal/client"
	"github.com/millstream-go/millstream/examples/tasks/internal/fleet"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// demoAtOnce is how many requests the demonstration makes at once.
const demoAtOnce = 8

// plan is how many tasks the demonstration has, and what becomes of them while nobody
// listens.
type plan struct{ tasks, created, updated, deleted int }

// planOf has a fifth of the tasks created, four fifteenths updated and a fifth deleted.
func planOf(tasks int) plan { return plan{tasks, tasks / 5, tasks * 4 / 15, tasks / 5} }

// demonstrate shows what an index misses that was away.
func (s *system) demonstrate(ctx context.Context) error {
	c := client.New()
	defer c.Close()
	began, p := time.Now(), planOf(s.command.tasks)
	tasks, err := s.create(ctx, c, p.tasks)
	if err != nil {
		return err
	}
	if err := s.await(ctx, s.streams, s.pubsub); err != nil {
		return err
	}
	if err := s.compare(ctx, "1. %d tasks were created in %v, and both indexes listened:", p.tasks, time.Since(began).Round(100*time.Millisecond)); err != nil {
		return err
	}

	s.streams.Kill()
	s.pubsub.Kill()
	if err := s.change(ctx, c, tasks, p); err != nil {
		return err
	}
	// Nobody is to come back in the middle of what is still on its way to the channels.
	if err := s.announced(ctx); err != nil {
		return err
	}
	s.say("\n2. Both indexers were killed (kill -9). Meanwhile %d tasks were created, %d updated and %d deleted.",
		p.created, p.updated, p.deleted)
	for _, w := range []*fleet.Worker{s.pubsub, s.streams} {
		if err := w.Start(ctx); err != nil {
			return err
		}
	}
	began = time.Now()
	if err := s.await(ctx, s.streams); err != nil {
		return err
	}
	if err := s.compare(ctx, "   They are back. The one on the stream has caught up within %v; what was published on\n"+
		"   channels meanwhile is gone for good:", time.Since(began).Round(10*time.Millisecond)); err != nil {
		return err
	}
	return s.repair(ctx, c)
}

// repair has the index on Pub/Sub made anew.
func (s *system) repair(ctx context.Context, c *client.Client) error {
	began := time.Now()
	var rebuilt struct{ Events int }
	if err := c.Post(ctx, s.url+"/indexes/"+fromPubSub+"/rebuild", &rebuilt); err != nil {
		return err
	}
	return s.compare(ctx, "\n3. The stream was replayed from its beginning, %d events, into a fresh index, which then took\n"+
		"   the place of the old one (%v):", rebuilt.Events, time.Since(began).Round(10*time.Millisecond))
}

// each calls do for every number below n, some at once, and returns the first error.
func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	numbers := make(chan int)
	var working sync.WaitGroup
	for range demoAtOnce {
		working.Go(func() {
			for i := range numbers {
				if err := do(ctx, i); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := range n {
		select {
		case numbers <- i:
		case <-ctx.Done():
		}
	}
	close(numbers)
	working.Wait()
	return context.Cause(ctx)
}

// create makes tasks.
func (s *system) create(ctx context.Context, c *client.Client, n int) ([]task.Task, error) {
	tasks := make([]task.Task, n)
	return tasks, each(ctx, n, func(ctx context.Context, i int) (err error) {
		tasks[i], err = c.Create(ctx, s.url, draft(i))
		return err
	})
}

// change is what happens to the tasks while nobody listens.
func (s *system) change(ctx context.Context, c *client.Client, tasks []task.Task, p plan) error {
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	return each(ctx, p.created+p.updated+p.deleted, func(ctx context.Context, i int) error {
		var err error
		switch {
		case i < p.created:
			_, err = c.Create(ctx, s.url, draft(p.tasks+i))
		case i < p.created+p.updated:
			t := tasks[i]
			t.Status, t.Title = task.Done, t.Title+", revised"
			_, err = c.Update(ctx, s.url, t.ID, t.Version, t.Draft)
		default:
			err = c.Delete(ctx, s.url, tasks[i].ID, tasks[i].Version)
		}
		return err
	})
}

// compare says what the indexes have wrong.
func (s *system) compare(ctx context.Context, format string, values ...any) error {
	stats, err := s.front.Stats(ctx)
	if err != nil {
		return err
	}
	s.say(format+"\n", values...)
	w := tabwriter.NewWriter(s.command.Stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "index\tin store\tin index\tmissing\tstale\tghosts\t")
	for _, name := range []string{fromPubSub, fromStreams} {
		if d := stats.Indexes[name].Differences; d != nil {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t\n", name, d.Tasks, d.Documents, d.Missing, d.Stale, d.Ghosts)
		}
	}
	return w.Flush()
}

// invite says what a reader may try.
func (s *system) invite(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	s.say(`
It goes on serving at %[1]s until Ctrl-C. Try, in another terminal:

  curl -s '%[1]s/search?q=report+-kitchen&status=done&limit=2'
  curl -s '%[1]s/search?q=title:repair&index=pubsub'
  curl -si %[1]s/tasks -H 'Content-Type: application/json' -d '{"title":"Feed the cat","labels":["home"],"due":"2026-12-24T18:00:00Z"}'
  curl -si '%[1]s/tasks?status=open&limit=1'
  curl -si -X DELETE -H 'If-Match: "1"' %[1]s/tasks/ID
  curl -s %[1]s/stats
  curl -s -X POST %[1]s/indexes/pubsub/rebuild
  kill -9 %[2]d   # the api; it comes back. The indexes: %[3]d on the stream, %[4]d on Pub/Sub`,
		s.url, s.api.PID(), s.streams.PID(), s.pubsub.PID())
}
