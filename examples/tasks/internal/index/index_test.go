package index_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/tasks/internal/index"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// open opens an index, and closes it at the end.
func open(t *testing.T, dir string) *index.Index {
	t.Helper()
	x, _, err := index.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, x.Close()) })
	return x
}

// event returns one; a deletion has no title.
func event(id string, version int64, title string) task.Event {
	kind := task.Updated
	switch {
	case title == "":
		kind = task.Deleted
	case version == 1:
		kind = task.Created
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(version) * time.Second)
	return task.Event{Number: version, Kind: kind, At: at, Task: task.Task{
		ID: id, Version: version, Draft: task.Draft{Title: title, Status: task.Open, Labels: []string{"home"}}, CreatedAt: at, UpdatedAt: at,
	}}
}

func apply(t *testing.T, x *index.Index, events ...task.Event) {
	t.Helper()
	for _, e := range events {
		_, err := x.Apply(t.Context(), e)
		require.NoError(t, err)
	}
}

// titles returns what is in the index.
func titles(t *testing.T, x *index.Index) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for after := ""; ; {
		page, err := x.List(t.Context(), after, 3)
		require.NoError(t, err)
		for _, found := range page {
			all[found.ID], after = found.Title, found.ID
		}
		if len(page) < 3 {
			break
		}
	}
	n, err := x.Count(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, len(all), n)
	return all
}

func found(t *testing.T, x *index.Index, query string) []string {
	t.Helper()
	results, err := x.Search(t.Context(), index.Search{Query: query, Limit: 100})
	require.NoError(t, err)
	ids := []string{}
	for _, hit := range results.Hits {
		ids = append(ids, hit.Task.ID)
	}
	return ids
}

func TestInWhateverOrderEventsComeAndHoweverOftenTheNewestStateStays(t *testing.T) {
	events := []task.Event{
		event("a", 1, "apples"), event("a", 2, "apricots"), event("a", 3, "avocados"),
		event("b", 1, "beans"), event("b", 2, ""),
		event("c", 1, "cabbage"),
	}
	want := map[string]string{"a": "avocados", "c": "cabbage"}
	for range 5 {
		x := open(t, t.TempDir())
		for range 2 {
			rand.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			apply(t, x, events...)
		}
		assert.Equal(t, want, titles(t, x))
		assert.Empty(t, found(t, x, "apricots"))
		assert.Empty(t, found(t, x, "beans"))
		assert.Equal(t, []string{"a"}, found(t, x, "avocado"))
	}
}

func TestAnEventThatIsNotNewIsSaidToBePassedOver(t *testing.T) {
	x := open(t, t.TempDir())
	for i, applied := range []bool{true, false} {
		got, err := x.Apply(t.Context(), event("a", 2, "apples"))
		require.NoError(t, err)
		assert.Equal(t, applied, got, "call %d", i)
	}
}

func TestConcurrentEventsOfATaskEndWithTheNewest(t *testing.T) {
	x := open(t, t.TempDir())
	var all sync.WaitGroup
	for version := range int64(20) {
		for _, id := range []string{"a", "b", "c"} {
			all.Go(func() {
				_, err := x.Apply(context.Background(), event(id, version+1, fmt.Sprint("version", version+1)))
				assert.NoError(t, err)
			})
		}
	}
	all.Wait()
	assert.Equal(t, map[string]string{"a": "version20", "b": "version20", "c": "version20"}, titles(t, x))
}

func TestAnIndexIsThereAgainWhenItIsOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	x, _, err := index.Open(dir)
	require.NoError(t, err)
	apply(t, x, event("a", 1, "apples"), event("b", 2, ""))
	require.NoError(t, x.Close())
	_, err = x.Apply(t.Context(), event("a", 2, "apples"))
	require.ErrorIs(t, err, index.ErrClosed)

	x = open(t, dir)
	apply(t, x, event("b", 1, "beans"))
	assert.Equal(t, map[string]string{"a": "apples"}, titles(t, x), "the tombstone is kept")
}

func TestAnIndexIsFreshUntilARebuildHasEnded(t *testing.T) {
	dir := t.TempDir()
	for i, rebuild := range []index.Replay{nil, replayOf(errors.New("killed")), replayOf(nil), nil} {
		x, fresh, err := index.Open(dir)
		require.NoError(t, err)
		assert.Equal(t, i < 3, fresh, "process %d", i)
		if rebuild != nil {
			_, _ = x.Rebuild(t.Context(), rebuild)
		}
		require.NoError(t, x.Close())
	}
}

// replayOf gives nothing, and ends with err.
func replayOf(err error) index.Replay {
	return func(context.Context, func([]task.Event) error) error { return err }
}

// replay gives the events, two at a time.
func replay(events ...task.Event) index.Replay {
	return func(_ context.Context, apply func([]task.Event) error) error {
		for len(events) > 0 {
			n := min(2, len(events))
			if err := apply(events[:n]); err != nil {
				return err
			}
			events = events[n:]
		}
		return nil
	}
}

func TestARebuildRepairsAnIndexThatMissedEvents(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	apply(t, x, event("ghost", 1, "boo"), event("stale", 1, "old"))
	n, err := x.Rebuild(t.Context(), replay(
		event("ghost", 1, "boo"), event("stale", 1, "old"), event("missing", 1, "new"), event("ghost", 2, ""), event("stale", 2, "new"),
	))
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	assert.Equal(t, map[string]string{"stale": "new", "missing": "new"}, titles(t, x))
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Len(t, left, 2, "one generation and its name: %v", left)
}

func TestWhatComesDuringARebuildIsInBothIndexes(t *testing.T) {
	x := open(t, t.TempDir())
	_, err := x.Rebuild(t.Context(), func(ctx context.Context, give func([]task.Event) error) error {
		_, again := x.Rebuild(ctx, nil)
		require.ErrorIs(t, again, index.ErrRebuilding)
		apply(t, x, event("a", 2, "later"))
		assert.Equal(t, map[string]string{"a": "later"}, titles(t, x), "it is searched meanwhile")
		return give([]task.Event{event("a", 1, "before"), event("b", 1, "before")})
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "later", "b": "before"}, titles(t, x))
}

func TestARebuildThatFailsChangesNothing(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	apply(t, x, event("a", 1, "apples"))
	broken := errors.New("broken")
	_, err := x.Rebuild(t.Context(), func(_ context.Context, give func([]task.Event) error) error {
		return errors.Join(give([]task.Event{event("b", 1, "beans")}), broken)
	})
	require.ErrorIs(t, err, broken)
	apply(t, x, event("c", 1, "cabbage"))
	assert.Equal(t, map[string]string{"a": "apples", "c": "cabbage"}, titles(t, x))
}

func TestWhatADeadRebuildLeftIsDeleted(t *testing.T) {
	dir := t.TempDir()
	x, _, err := index.Open(dir)
	require.NoError(t, err)
	apply(t, x, event("a", 1, "apples"))
	require.NoError(t, x.Close())
	left := filepath.Join(dir, "generation-dead")
	require.NoError(t, os.Mkdir(left, 0o750))
	assert.Equal(t, map[string]string{"a": "apples"}, titles(t, open(t, dir)))
	assert.NoDirExists(t, left)
}
