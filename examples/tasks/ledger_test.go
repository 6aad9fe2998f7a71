package main

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

func made(id string, version int64, title string) task.Task {
	return task.Task{ID: id, Version: version, Draft: task.Draft{Title: title}}
}

func TestBooksThatAreWrongAreNoticed(t *testing.T) {
	right := []task.Task{made("kept", 2, "kept"), made("unanswered", 1, "unsure")}
	for name, test := range map[string]struct {
		store []task.Task
		wrong int
	}{
		"right":                             {right, 0},
		"a creation without answer is not":  {right[:1], 0},
		"an answered creation is lost":      {right[1:], 1},
		"an answered change is lost":        {[]task.Task{made("kept", 1, "kept")}, 1},
		"a change is another":               {[]task.Task{made("kept", 2, "other")}, 1},
		"a deleted task is back":            {slices.Concat(right, []task.Task{made("deleted", 1, "deleted")}), 1},
		"one creation made two":             {slices.Concat(right, []task.Task{made("twice", 1, "unsure")}), 1},
		"nobody asked for one, one is lost": {[]task.Task{made("stranger", 1, "stranger")}, 2},
	} {
		l := newLedger()
		l.has(made("kept", 1, "kept"))
		l.has(made("kept", 2, "kept"))
		l.has(made("deleted", 1, "deleted"))
		l.hasNot(made("deleted", 1, "deleted"))
		l.lose("unsure")
		wrong := l.check(test.store)
		assert.Len(t, wrong, test.wrong, "%s: %q", name, wrong)
		assert.Equal(t, "4 changes were answered and 1 requests lost their answer; the clients know of 1 tasks and of 1 deleted ones", l.String())

		var said bytes.Buffer
		s := system{command: &command{IO: app.IO{Stdout: &said}}}
		err := s.verdict(wrong)
		if test.wrong == 0 {
			require.NoError(t, err)
			assert.Contains(t, said.String(), "The books are right")
			continue
		}
		require.ErrorIs(t, err, errBooks)
		for _, w := range wrong {
			assert.Contains(t, said.String(), "WRONG: "+w)
		}
	}
}
