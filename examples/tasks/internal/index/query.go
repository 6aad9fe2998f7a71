package index

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/search/query"
)

// MaxQuery is how many characters a query may have.
const MaxQuery = 500

// QueryError is of a query that cannot be understood.
type QueryError struct{ Reason string }

// Error says what is wrong, and how it should be.
func (e *QueryError) Error() string { return "the query is malformed: " + e.Reason }

// parse reads a query.
func parse(text string) (query.Query, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &QueryError{"it is empty; * finds everything"}
	}
	if n := utf8.RuneCountInString(text); n > MaxQuery {
		return nil, &QueryError{fmt.Sprintf("it has %d characters, at most %d are allowed", n, MaxQuery)}
	}
	whole := query.NewQueryStringQuery(text)
	parsed, err := whole.Parse()
	if err != nil {
		return nil, &QueryError{reason(err)}
	}
	if v, ok := parsed.(query.ValidatableQuery); ok {
		if err := v.Validate(); err != nil {
			return nil, &QueryError{reason(err)}
		}
	}
	if err := check(parsed); err != nil {
		return nil, err
	}
	return parsed, nil
}

// reason says what the parser says, without the names of its own functions.
func reason(err error) string {
	text := err.Error()
	for _, prefix := range []string{"parse error: ", "error parsing query: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if strings.HasPrefix(text, "runtime error") {
		text = "syntax error" // the parser has stumbled
	}
	return text + `; write words, "a phrase", +must, -not, title:word, due:>"2026-01-31", or wor*, and \ before a sign that is meant as such`
}

// check refuses what the parser lets pass: fields that there are not, and regular
// expressions, of which a short one can keep the processor busy.
func check(q query.Query) error {
	switch q := q.(type) {
	case *query.BooleanQuery:
		return checkAll(q.Must, q.Should, q.MustNot)
	case *query.ConjunctionQuery:
		return checkAll(q.Conjuncts...)
	case *query.DisjunctionQuery:
		return checkAll(q.Disjuncts...)
	case *query.RegexpQuery:
		return &QueryError{`regular expressions are not taken; use wor* or w?rd, and \/ for a slash`}
	}
	if fielded, ok := q.(query.FieldableQuery); ok {
		if name := fielded.Field(); name != "" && !slices.Contains(searchable, name) {
			return &QueryError{fmt.Sprintf("there is no field %q, only %s", name, strings.Join(searchable, ", "))}
		}
	}
	return nil
}

func checkAll(all ...query.Query) error {
	for _, q := range all {
		if q == nil {
			continue
		}
		if err := check(q); err != nil {
			return err
		}
	}
	return nil
}
