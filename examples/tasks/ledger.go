package main

import (
	"fmt"
	"sync"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// ledger is what the clients know of their tasks. Its methods may be called concurrently.
type ledger struct {
	mu sync.Mutex
	// tasks are those that were created and not deleted, deleted the titles of others, both
	// by id.
	tasks   map[string]task.Task
	deleted map[string]string
	// unsure are the titles of tasks whose creation had no answer.
	unsure map[string]struct{}
	// changes had an answer, lost had none.
	changes, lost int
}

func newLedger() *ledger {
	return &ledger{tasks: make(map[string]task.Task), deleted: make(map[string]string), unsure: make(map[string]struct{})}
}

// String counts.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d changes were answered and %d requests lost their answer; the clients know of %d tasks and of %d deleted ones",
		l.changes, l.lost, len(l.tasks), len(l.deleted))
}

// has notes that a task is so.
func (l *ledger) has(t task.Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	l.tasks[t.ID] = t
}

// hasNot notes that a task was deleted.
func (l *ledger) hasNot(t task.Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	delete(l.tasks, t.ID)
	l.deleted[t.ID] = t.Title
}

// lose notes that a request had no answer. title is that of a task that was to be created,
// or empty.
func (l *ledger) lose(title string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost++
	if title != "" {
		l.unsure[title] = struct{}{}
	}
}

// check compares it with the store, and returns what is wrong there. Nobody writes any more.
func (l *ledger) check(kept []task.Task) (wrong []string) {
	in := make(map[string]task.Task, len(kept))
	for _, t := range kept {
		in[t.ID] = t
		if _, known := l.tasks[t.ID]; known {
			continue
		}
		if _, asked := l.unsure[t.Title]; !asked {
			wrong = append(wrong, fmt.Sprintf("the store has task %s, which nobody asked for or which was deleted", t.ID))
		}
		delete(l.unsure, t.Title) // once, and no more
	}
	for id, t := range l.tasks {
		if got, ok := in[id]; !ok {
			wrong = append(wrong, fmt.Sprintf("the store lacks task %s, whose creation was answered", id))
		} else if got.Version != t.Version || got.Title != t.Title {
			wrong = append(wrong, fmt.Sprintf("the store has task %s at version %d, the client at %d", id, got.Version, t.Version))
		}
	}
	return wrong
}
