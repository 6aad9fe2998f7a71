package index_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/tasks/internal/index"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

func TestTasksAreFoundByWhatIsInThem(t *testing.T) {
	x := open(t, t.TempDir())
	report := event("a", 1, "Write the report")
	report.Task.Status, report.Task.Labels = task.Doing, []string{"office", "q3"}
	due := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	report.Task.Due = &due
	milk := event("b", 1, "Buy milk & <b>bread</b>")
	milk.Task.Description = "Report back when the milk is there."
	apply(t, x, report, milk, event("c", 1, ""))
	for query, want := range map[string][]string{
		"reports":              {"a", "b"}, // by their stems
		"title:reports":        {"a"},
		`"report back"`:        {"b"},
		"+report -milk":        {"a"},
		"wri*":                 {"a"},
		"labels:q3":            {"a"},
		"status:doing":         {"a"},
		`due:>="2026-02-01"`:   {"a"},
		`due:<"2026-02-01"`:    {},
		"doing":                {}, // no word of a task
		"*":                    {"a", "b"},
		"-milk":                {"a"},
		"yes":                  {},
		"nothing":              {},
		`write\/report`:        {"a", "b"},
		"title:report or milk": {"a", "b"},
	} {
		assert.ElementsMatch(t, want, found(t, x, query), query)
	}
	results, err := x.Search(t.Context(), index.Search{Query: "bread", Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"title": {"Buy milk &amp; &lt;b&gt;<mark>bread</mark>&lt;/b&gt;"}}, results.Hits[0].Fragments)
	assert.Equal(t, milk.Task, results.Hits[0].Task)

	results, err = x.Search(t.Context(), index.Search{Query: "report", Status: task.Open, Limit: 1})
	require.NoError(t, err)
	assert.EqualValues(t, 1, results.Total)
	assert.Equal(t, "b", results.Hits[0].Task.ID)
}

func TestHitsComeInPages(t *testing.T) {
	x := open(t, t.TempDir())
	for id := range strings.SplitSeq("a b c d e", " ") {
		apply(t, x, event(id, 1, "equal"))
	}
	var ids []string
	for offset := 0; offset < 6; offset += 2 {
		results, err := x.Search(t.Context(), index.Search{Query: "equal", Limit: 2, Offset: offset})
		require.NoError(t, err)
		assert.EqualValues(t, 5, results.Total)
		for _, hit := range results.Hits {
			ids = append(ids, hit.Task.ID)
		}
	}
	assert.Equal(t, []string{"a", "b", "c", "d", "e"}, ids)
}

func TestAMalformedQueryIsExplained(t *testing.T) {
	x := open(t, t.TempDir())
	for query, reason := range map[string]string{
		"":                       "it is empty",
		`"open phrase`:           `write words, "a phrase"`,
		"+":                      "write words",
		"title:":                 "write words",
		"a^^2":                   "write words",
		"due:>yesterday":         "write words",
		"nosuch:word":            `there is no field "nosuch", only title, description, labels, status, due`,
		"gone:yes":               "there is no field",
		"version:>1":             "there is no field",
		"/(/":                    "regular expressions are not taken",
		"/":                      "malformed: syntax error; write words",
		"-(a":                    "",
		strings.Repeat("é", 501): "it has 501 characters, at most 500",
	} {
		_, err := x.Search(t.Context(), index.Search{Query: query, Limit: 1})
		if reason == "" {
			continue // either is well, but no panic is
		}
		malformed, ok := errors.AsType[*index.QueryError](err)
		if assert.Truef(t, ok, "%s: %v", query, err) {
			assert.Contains(t, malformed.Error(), reason, query)
		}
	}
}
