package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/millstream-go/millstream/examples/tasks/internal/client"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/internal/pause"
)

// A writer pauses that long between two changes, and until it asks again what became of one.
const (
	writerPause = 5 * time.Millisecond
	askAgain    = 50 * time.Millisecond
)

// writer is a client that changes tasks of its own, one after the other.
type writer struct {
	system *system
	client *client.Client
	books  *ledger
	random *rand.Rand
	first  int // its tasks have the numbers first, first + chaosWriters, and so on

	made int
	mine []task.Task
}

// run writes until writing ends, and finishes what it began unless ctx ends. The error is of
// an answer that no kill explains.
func (w *writer) run(ctx, writing context.Context) error {
	for writing.Err() == nil {
		if err := w.step(ctx); err != nil {
			return err
		}
		pause.For(writing, nil, writerPause)
	}
	return nil
}

func (w *writer) step(ctx context.Context) error {
	if len(w.mine) < 5 || w.random.IntN(10) < 4 {
		return w.create(ctx)
	}
	i := w.random.IntN(len(w.mine))
	t := w.mine[i]
	if w.random.IntN(3) == 0 {
		w.mine = append(w.mine[:i], w.mine[i+1:]...)
		return w.delete(ctx, t)
	}
	var err error
	w.mine[i], err = w.update(ctx, t)
	return err
}

func (w *writer) create(ctx context.Context) error {
	d := draft(w.first + w.made*chaosWriters)
	w.made++
	t, err := w.client.Create(ctx, w.system.url, d)
	switch {
	case err == nil:
		w.mine = append(w.mine, t)
		w.books.has(t)
	case unanswered(err):
		w.books.lose(d.Title)
	default:
		return err
	}
	return nil
}

func (w *writer) update(ctx context.Context, t task.Task) (task.Task, error) {
	d := t.Draft
	d.Title = fmt.Sprintf("%s %d", d.Title, t.Version)
	changed, err := w.client.Update(ctx, w.system.url, t.ID, t.Version, d)
	if unanswered(err) {
		w.books.lose("")
		if changed, err = w.ask(ctx, t.ID); err == nil && changed.Version == t.Version {
			return t, nil // it was not done
		}
	}
	if err != nil {
		return t, fmt.Errorf("update %s: %w", t.ID, err)
	}
	w.books.has(changed)
	return changed, nil
}

func (w *writer) delete(ctx context.Context, t task.Task) error {
	err := w.client.Delete(ctx, w.system.url, t.ID, t.Version)
	if unanswered(err) {
		w.books.lose("")
		switch _, err = w.ask(ctx, t.ID); {
		case err == nil:
			w.mine = append(w.mine, t) // it was not done
			return nil
		case status(err) == http.StatusNotFound:
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", t.ID, err)
	}
	w.books.hasNot(t)
	return nil
}

// ask finds out how a task is, once somebody answers.
func (w *writer) ask(ctx context.Context, id string) (t task.Task, err error) {
	for deadline := time.Now().Add(settleTimeout); ; pause.For(ctx, nil, askAgain) {
		err = w.client.Get(ctx, w.system.url+"/tasks/"+id, &t)
		if !unanswered(err) || ctx.Err() != nil || time.Now().After(deadline) {
			return t, err
		}
	}
}

// unanswered reports whether an error leaves open what became of a request.
func unanswered(err error) bool {
	return err != nil && (status(err) == 0 || status(err) == http.StatusServiceUnavailable)
}

// status returns the status of an answer that said no, 0 if there was none.
func status(err error) int {
	if answer, ok := errors.AsType[*client.StatusError](err); ok {
		return answer.Status
	}
	return 0
}
