package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/tasks/internal/store"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, file string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), file, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func fileIn(t *testing.T) string { return filepath.Join(t.TempDir(), "a #1? & 100%.db") }

func titled(title string) task.Draft { return task.Draft{Title: title, Status: task.Open} }

// unsent returns what is in the outbox: numbers, kinds and ids.
func unsent(t *testing.T, s *store.Store) (all []string) {
	t.Helper()
	events, err := s.Unsent(t.Context(), 1000)
	require.NoError(t, err)
	for _, u := range events {
		all = append(all, fmt.Sprintf("%d %s %s %d", u.Event.Number, u.Event.Kind, u.Event.Task.Title, u.Event.Task.Version))
	}
	return all
}

func TestEveryChangeLeavesItsEventInTheOutboxInOrder(t *testing.T) {
	s := open(t, fileIn(t))
	a, err := s.Create(t.Context(), titled("a"))
	require.NoError(t, err)
	b, err := s.Create(t.Context(), titled("b"))
	require.NoError(t, err)
	a2, err := s.Update(t.Context(), a.ID, a.Version, titled("a2"))
	require.NoError(t, err)
	_, err = s.Delete(t.Context(), b.ID, task.AnyVersion)
	require.NoError(t, err)
	assert.Equal(t, []string{"1 created a 1", "2 created b 1", "3 updated a2 2", "4 deleted b 2"}, unsent(t, s))
	got, err := s.Get(t.Context(), a.ID)
	require.NoError(t, err)
	assert.Equal(t, a2, got)

	require.NoError(t, s.Sent(t.Context(), 3))
	assert.Equal(t, []string{"4 deleted b 2"}, unsent(t, s))
	require.NoError(t, s.Sent(t.Context(), 4))
	_, err = s.Create(t.Context(), titled("c"))
	require.NoError(t, err)
	assert.Equal(t, []string{"5 created c 1"}, unsent(t, s), "no number comes twice")
	n, err := s.Waiting(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
}

func TestAChangeThatIsRefusedLeavesNothing(t *testing.T) {
	s := open(t, fileIn(t))
	a, err := s.Create(t.Context(), titled("a"))
	require.NoError(t, err)
	got, err := s.Update(t.Context(), a.ID, 2, titled("b"))
	require.ErrorIs(t, err, task.ErrChanged)
	assert.Equal(t, a, got, "it is said how the task is")
	_, err = s.Delete(t.Context(), a.ID, 2)
	require.ErrorIs(t, err, task.ErrChanged)
	for _, id := range []string{"", "nobody"} {
		_, err = s.Get(t.Context(), id)
		require.ErrorIs(t, err, task.ErrNotFound)
		_, err = s.Update(t.Context(), id, task.AnyVersion, titled("b"))
		require.ErrorIs(t, err, task.ErrNotFound)
		_, err = s.Delete(t.Context(), id, task.AnyVersion)
		require.ErrorIs(t, err, task.ErrNotFound)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Create(ended, titled("c"))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{"1 created a 1"}, unsent(t, s))
}

func TestOfTwoChangesToOneVersionOneIsMade(t *testing.T) {
	file := fileIn(t)
	one, other := open(t, file), open(t, file) // as two processes have it
	require.Equal(t, one.ID(), other.ID())
	a, err := one.Create(t.Context(), titled("a"))
	require.NoError(t, err)
	var made atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		s := []*store.Store{one, other}[i%2]
		all.Go(func() {
			if _, err := s.Update(context.Background(), a.ID, 1, titled("b")); err == nil {
				made.Add(1)
			} else {
				assert.ErrorIs(t, err, task.ErrChanged)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, made.Load())
	assert.Len(t, unsent(t, other), 2)
}

func TestTasksAreListedInTheOrderOfTheirCreation(t *testing.T) {
	s := open(t, fileIn(t))
	var ids []string
	for i := range 7 {
		d := titled(fmt.Sprint(i))
		if i%2 == 1 {
			d.Status = task.Done
		}
		made, err := s.Create(t.Context(), d)
		require.NoError(t, err)
		ids = append(ids, made.ID)
	}
	list := func(f task.Filter) (found []string) {
		tasks, err := s.List(t.Context(), f)
		require.NoError(t, err)
		for _, t := range tasks {
			found = append(found, t.ID)
		}
		return found
	}
	assert.Equal(t, ids, list(task.Filter{Limit: 100}))
	assert.Equal(t, ids[:3], list(task.Filter{Limit: 3}))
	assert.Equal(t, ids[3:5], list(task.Filter{Limit: 2, After: ids[2]}))
	assert.Equal(t, []string{ids[1], ids[3], ids[5]}, list(task.Filter{Limit: 100, Status: task.Done}))
	assert.Empty(t, list(task.Filter{Limit: 100, After: ids[6]}))
}

func TestAllIsThereAgainWhenTheStoreIsOpenedAgain(t *testing.T) {
	file := fileIn(t)
	s, err := store.Open(t.Context(), file, func(context.Context) map[string]string { return map[string]string{"trace": "1"} })
	require.NoError(t, err)
	a, err := s.Create(t.Context(), titled("a"))
	require.NoError(t, err)
	<-s.Changed() // whoever waits learns of it
	id := s.ID()
	require.NoError(t, s.Close())

	s = open(t, file)
	assert.Equal(t, id, s.ID())
	got, err := s.Get(t.Context(), a.ID)
	require.NoError(t, err)
	assert.Equal(t, a, got)
	events, err := s.Unsent(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, map[string]string{"trace": "1"}, events[0].Trace)
	assert.Equal(t, a, events[0].Event.Task)
	require.NoError(t, s.Ping(t.Context()))
}

func TestWhatIsNoStoreIsRefused(t *testing.T) {
	_, err := store.Open(t.Context(), t.TempDir(), nil)
	assert.ErrorContains(t, err, "open the store in")
}
