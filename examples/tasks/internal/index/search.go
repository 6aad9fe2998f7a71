package index

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Search is what is looked for.
type Search struct {
	// Query is in bleve's query string syntax.
	Query string
	// Status, if set, is that of the tasks.
	Status        task.Status
	Limit, Offset int
}

// Hit is a task that was found.
type Hit struct {
	Task  task.Task `json:"task"`
	Score float64   `json:"score"`
	// Fragments are of the fields where something was found, as HTML: what was found is
	// in <mark>, and the rest is escaped.
	Fragments map[string][]string `json:"fragments,omitempty"`
}

// Results are a page of hits, and how many there are in all.
type Results struct {
	Total uint64
	Hits  []Hit
}

// Search finds tasks, the best first. The error is a *QueryError if the query is wrong.
func (x *Index) Search(ctx context.Context, s Search) (Results, error) {
	parsed, err := parse(s.Query)
	if err != nil {
		return Results{}, err
	}
	wanted := bleve.NewConjunctionQuery(parsed, here())
	if s.Status != "" {
		is := bleve.NewTermQuery(string(s.Status))
		is.SetField(status)
		is.SetBoost(0) // which tasks to show says nothing of how well they fit
		wanted.AddQuery(is)
	}
	request := bleve.NewSearchRequestOptions(wanted, s.Limit, s.Offset, false)
	request.Fields = []string{whole}
	request.Highlight = bleve.NewHighlight()
	request.Highlight.Fields = []string{title, description, labels}
	request.SortBy([]string{"-_score", "_id"})
	result, err := x.search(ctx, request)
	if err != nil {
		return Results{}, err
	}
	hits := make([]Hit, 0, len(result.Hits))
	for _, match := range result.Hits {
		t, err := taskOf(match)
		if err != nil {
			return Results{}, err
		}
		hits = append(hits, Hit{Task: t, Score: match.Score, Fragments: marked(match.Fragments)})
	}
	return Results{Total: result.Total, Hits: hits}, nil
}

// marked leaves out the fields where nothing was found, of which bleve gives the beginning.
func marked(fragments search.FieldFragmentMap) map[string][]string {
	all := make(map[string][]string)
	for field, texts := range fragments {
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "<mark>") }) {
			all[field] = texts
		}
	}
	return all
}

// List returns tasks of the index in the order of their ids, those after the given one.
func (x *Index) List(ctx context.Context, after string, limit int) ([]task.Task, error) {
	request := bleve.NewSearchRequestOptions(here(), limit, 0, false)
	request.Fields = []string{whole}
	request.SortBy([]string{"_id"})
	if after != "" {
		request.SetSearchAfter([]string{after})
	}
	result, err := x.search(ctx, request)
	if err != nil {
		return nil, err
	}
	tasks := make([]task.Task, 0, len(result.Hits))
	for _, match := range result.Hits {
		t, err := taskOf(match)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// Count returns how many tasks are in the index.
func (x *Index) Count(ctx context.Context) (uint64, error) {
	result, err := x.search(ctx, bleve.NewSearchRequestOptions(here(), 0, 0, false))
	if err != nil {
		return 0, err
	}
	return result.Total, nil
}

func (x *Index) search(ctx context.Context, request *bleve.SearchRequest) (*bleve.SearchResult, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.current == nil {
		return nil, ErrClosed
	}
	result, err := x.current.bleve.SearchInContext(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return result, nil
}

// here is the query for all that is no tombstone.
func here() query.Query {
	q := bleve.NewTermQuery(isHere)
	q.SetField(gone)
	q.SetBoost(0)
	return q
}

func taskOf(match *search.DocumentMatch) (t task.Task, err error) {
	text, ok := match.Fields[whole].(string)
	if !ok {
		return t, fmt.Errorf("task %s is in the index without its content", match.ID)
	}
	return t, json.Unmarshal([]byte(text), &t)
}

// Searchable returns the names of the fields that a query may name.
func Searchable() []string { return slices.Clone(searchable) }
