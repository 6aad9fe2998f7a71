package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/millstream-go/millstream/examples/tasks/internal/audit"
	"github.com/millstream-go/millstream/examples/tasks/internal/client"
	"github.com/millstream-go/millstream/examples/tasks/internal/flow"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/internal/pause"
)

// errBooks is of books that are not right.
var errBooks = errors.New("the books are wrong")

// check holds clients, store, stream and indexes against each other.
func (s *system) check(ctx context.Context, c *client.Client, books *ledger) error {
	began := time.Now()
	if err := s.await(ctx, s.streams); err != nil {
		return err
	}
	s.say("The index on the stream has caught up within %v.", time.Since(began).Round(10*time.Millisecond))
	if err := s.announced(ctx); err != nil {
		return err
	}
	kept, err := c.All(ctx, s.api.Address(), "/tasks")
	if err != nil {
		return err
	}
	wrong := books.check(kept)
	inStream, err := s.checkStream(ctx, kept)
	if err != nil {
		return err
	}
	wrong = append(wrong, inStream...)
	if err := s.compare(ctx, "Held against the store:"); err != nil {
		return err
	}
	if err := s.repairTwice(ctx, c); err != nil {
		return err
	}
	stats, err := s.front.Stats(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{fromPubSub, fromStreams} {
		if d := stats.Indexes[name].Differences; d == nil || d.Wrong() > 0 {
			wrong = append(wrong, fmt.Sprintf("the index %s differs from the store: %+v", name, d))
		}
		unfound, err := s.search(ctx, c, name, kept, books)
		if err != nil {
			return err
		}
		wrong = append(wrong, unfound...)
	}
	return s.verdict(wrong)
}

// verdict says what is wrong.
func (s *system) verdict(wrong []string) error {
	for _, w := range wrong {
		s.say("WRONG: %s", w)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%w in %d places", errBooks, len(wrong))
	}
	s.say("\nThe books are right: every answered change is in the store, every change of the store is in the stream once,\n" +
		"the stream amounts to the store, and so do both indexes.")
	return nil
}

// checkStream holds the stream against the store: it must have each change once, and all of
// them together must be what is kept.
func (s *system) checkStream(ctx context.Context, kept []task.Task) (wrong []string, err error) {
	events, seen := 0, make(map[string]struct{})
	state := make(map[string]task.Task)
	err = flow.Replay(ctx, s.redis, flow.Prefix+"events", func(some []task.Event) error {
		for _, e := range some {
			events++
			seen[e.ID()] = struct{}{}
			if state[e.Task.ID] = e.Task; e.Kind == task.Deleted {
				delete(state, e.Task.ID)
			}
		}
		return nil
	})
	if errors.Is(err, task.ErrNoHistory) {
		return []string{err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	if len(seen) < events {
		wrong = append(wrong, fmt.Sprintf("the stream has %d events of %d changes", events, len(seen)))
	}
	replayed := make([]task.Task, 0, len(state))
	for _, t := range state {
		replayed = append(replayed, t)
	}
	differences, err := audit.Compare(kept, replayed)
	if differences.Wrong() > 0 {
		wrong = append(wrong, fmt.Sprintf("the stream amounts to other tasks than the store: %+v", differences))
	}
	poisoned, poisonErr := s.redis.XLen(ctx, flow.Prefix+"poison").Result()
	if poisoned > 0 {
		wrong = append(wrong, fmt.Sprintf("%d events are in the poison stream", poisoned))
	}
	s.say("The stream has %d events.\n", events)
	return wrong, errors.Join(err, poisonErr)
}

// repairTwice makes the index on Pub/Sub anew, and is killed at it the first time.
func (s *system) repairTwice(ctx context.Context, c *client.Client) error {
	rebuild := s.url + "/indexes/" + fromPubSub + "/rebuild"
	killed := make(chan error, 1)
	go func() { killed <- c.Post(ctx, rebuild, nil) }()
	pause.For(ctx, nil, 20*time.Millisecond)
	err := s.killOnce(ctx, s.pubsub)
	first := <-killed
	if err == nil && first != nil && !unanswered(first) {
		err = first
	}
	if err != nil {
		return err
	}
	when := "in the middle of the"
	if first == nil {
		when = "just after the"
	}
	var rebuilt struct{ Events int }
	if err := c.Post(ctx, rebuild, &rebuilt); err != nil {
		return err
	}
	return s.compare(ctx, "\nThe index on Pub/Sub was rebuilt from %d events of the stream, at the second try: %s\n"+
		"first it was killed once more:", rebuilt.Events, when)
}

// search looks for each task by a word that only it has, and for those that were deleted.
func (s *system) search(ctx context.Context, c *client.Client, name string, kept []task.Task, books *ledger) (wrong []string, err error) {
	find := func(title string) (total int, err error) {
		var found struct{ Total int }
		query := url.Values{"q": {`title:"` + title + `"`}, "index": {name}}
		return found.Total, c.Get(ctx, s.url+"/search?"+query.Encode(), &found)
	}
	for i, t := range kept {
		if i%10 > 0 {
			continue // the comparison has seen all
		}
		if n, err := find(t.Title); err != nil {
			return nil, err
		} else if n != 1 {
			wrong = append(wrong, fmt.Sprintf("a search in the index %s finds task %s %d times", name, t.ID, n))
		}
	}
	i := 0
	for id, title := range books.deleted {
		if i++; i%10 > 0 {
			continue
		}
		if n, err := find(title); err != nil {
			return nil, err
		} else if n > 0 {
			wrong = append(wrong, fmt.Sprintf("a search in the index %s finds task %s, which was deleted", name, id))
		}
	}
	return wrong, nil
}
