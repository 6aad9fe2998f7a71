package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Replay calls apply with all events there are, in order, some at a time.
type Replay func(ctx context.Context, apply func([]task.Event) error) error

// Rebuild makes the index anew of what replay gives, and then puts the new one in the place
// of the old, which is searched until then. Events that are applied meanwhile go to both.
// It returns how many events it was. When it fails everything is as it was; the error wraps
// ErrRebuilding if there is another rebuild.
func (x *Index) Rebuild(ctx context.Context, replay Replay) (events int, err error) {
	if !x.rebuilding.TryLock() {
		return 0, ErrRebuilding
	}
	defer x.rebuilding.Unlock()
	next, err := x.begin()
	if err != nil {
		return 0, fmt.Errorf("rebuild: %w", err)
	}
	if !x.prepare(next) {
		return 0, errors.Join(ErrClosed, discard(next))
	}
	err = replay(ctx, func(some []task.Event) error {
		events += len(some)
		_, err := next.applyAll(some)
		return err
	})
	old, electErr := x.exchange(next, err)
	if err = errors.Join(err, electErr); err != nil {
		return events, errors.Join(fmt.Errorf("rebuild: %w", err), discard(next))
	}
	return events, errors.Join(x.complete(), discard(old))
}

// complete notes that the index is not fresh any more.
func (x *Index) complete() error {
	if err := os.Remove(filepath.Join(x.dir, freshFile)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// prepare has events go to the next generation, too.
func (x *Index) prepare(next *generation) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil {
		return false
	}
	x.next = next
	return true
}

// exchange puts the next generation in the place of the current one, unless its making
// failed.
func (x *Index) exchange(next *generation, failed error) (old *generation, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.next = nil
	if failed != nil {
		return nil, nil
	}
	if err := x.elect(next); err != nil {
		return nil, err
	}
	old, x.current = x.current, next
	return old, nil
}

func discard(g *generation) error {
	return errors.Join(g.bleve.Close(), os.RemoveAll(filepath.Dir(g.bleve.Name())))
}
