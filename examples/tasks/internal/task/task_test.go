package task_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

func at(year int) *time.Time {
	t := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	return &t
}

func TestADraftIsRefusedForAllThatIsWrongWithIt(t *testing.T) {
	many := strings.Split("a b c d e f g h i j k", " ")
	for name, test := range map[string]struct {
		draft  task.Draft
		fields []string
	}{
		"good":              {task.Draft{Title: "Feed the cat"}, nil},
		"full":              {task.Draft{Title: strings.Repeat("é", 200), Description: strings.Repeat("é", 4000), Status: task.Done, Labels: many[:10], Due: at(2026)}, nil},
		"empty":             {task.Draft{}, []string{"title"}},
		"blank title":       {task.Draft{Title: " \t"}, []string{"title"}},
		"long title":        {task.Draft{Title: strings.Repeat("é", 201)}, []string{"title"}},
		"title of lines":    {task.Draft{Title: "a\nb"}, []string{"title"}},
		"no text":           {task.Draft{Title: "\xff", Description: "\xff"}, []string{"title", "description"}},
		"long description":  {task.Draft{Title: "a", Description: strings.Repeat("é", 4001)}, []string{"description"}},
		"status":            {task.Draft{Title: "a", Status: "later"}, []string{"status"}},
		"many labels":       {task.Draft{Title: "a", Labels: many}, []string{"labels"}},
		"wrong labels":      {task.Draft{Title: "a", Labels: []string{"", "A", "-a", "é", strings.Repeat("a", 31), "a", "a"}}, []string{"labels", "labels", "labels", "labels", "labels", "labels"}},
		"early":             {task.Draft{Title: "a", Due: at(1969)}, []string{"due"}},
		"late":              {task.Draft{Title: "a", Due: at(10000)}, []string{"due"}},
		"several":           {task.Draft{Status: "later", Labels: []string{"!"}}, []string{"title", "status", "labels"}},
		"blanks around all": {task.Draft{Title: "  a  "}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.draft.Checked()
			if test.fields == nil {
				require.NoError(t, err)
				return
			}
			invalid, ok := errors.AsType[*task.InvalidError](err)
			require.True(t, ok, "%v", err)
			var fields []string
			for _, f := range invalid.Faults {
				fields = append(fields, f.Field)
				assert.Contains(t, err.Error(), f.Detail)
			}
			slices.Sort(fields)
			slices.Sort(test.fields)
			assert.Equal(t, test.fields, fields)
		})
	}
}

func TestADraftIsKeptInOneForm(t *testing.T) {
	due := time.Date(2026, 7, 1, 12, 0, 0, 123456789, time.FixedZone("", 7200))
	got, err := task.Draft{Title: "  Feed the cat ", Due: &due}.Checked()
	require.NoError(t, err)
	want := time.Date(2026, 7, 1, 10, 0, 0, 123000000, time.UTC)
	assert.Equal(t, task.Draft{Title: "Feed the cat", Status: task.Open, Due: &want}, got)
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	for data, good := range map[string]bool{
		`{"kind":"created","task":{"id":"a","version":1,"title":"b"}}`: true,
		`{"kind":"moved","task":{"id":"a","version":1}}`:               false,
		`{"kind":"created","task":{"id":"a"}}`:                         false,
		`{"kind":"created","task":{"version":1}}`:                      false,
		`{}`:   false,
		`[]`:   false,
		`hi`:   false,
		``:     false,
		`null`: false,
	} {
		e, err := task.ParseEvent([]byte(data))
		assert.Equal(t, good, err == nil, "%s: %v", data, err)
		if !good {
			assert.NotContains(t, err.Error(), "moved")
		}
		if good {
			assert.Equal(t, "a/1", e.ID())
			assert.Equal(t, "tasks.event.created", e.Channel())
		}
	}
}
