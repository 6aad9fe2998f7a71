package audit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/tasks/internal/audit"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

func TestEveryDifferenceIsCounted(t *testing.T) {
	made := func(id string, version int64, title string) task.Task {
		return task.Task{ID: id, Version: version, Draft: task.Draft{Title: title}}
	}
	store := []task.Task{made("same", 1, "a"), made("older", 2, "a"), made("other", 1, "a"), made("missing", 1, "a")}
	index := []task.Task{made("same", 1, "a"), made("older", 1, "a"), made("other", 1, "b"), made("ghost", 1, "a")}
	got, err := audit.Compare(store, index)
	require.NoError(t, err)
	assert.Equal(t, audit.Report{Tasks: 4, Documents: 4, Missing: 1, Stale: 2, Ghosts: 1}, got)
	assert.Equal(t, 4, got.Wrong())
	got, err = audit.Compare(store, store)
	require.NoError(t, err)
	assert.Zero(t, got.Wrong())
}
