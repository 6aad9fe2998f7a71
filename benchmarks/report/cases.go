package report

import (
	"slices"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
)

// suite is the results of one question.
type suite struct {
	name  string
	cases []*group
}

// group is the results of one case, one for each contender.
type group struct {
	suite, name, title string
	lossy              bool
	results            []*bench.Result
}

// suites groups the results, all in the order in which they first come.
func (r *Report) suites() (all []*suite) {
	for i := range r.Results {
		result := &r.Results[i]
		s := find(all, func(s *suite) bool { return s.name == result.Suite })
		if s == nil {
			s = &suite{name: result.Suite}
			all = append(all, s)
		}
		c := find(s.cases, func(c *group) bool { return c.name == result.Case })
		if c == nil {
			c = &group{suite: s.name, name: result.Case, title: result.Title, lossy: result.Lossy}
			s.cases = append(s.cases, c)
		}
		c.results = append(c.results, result)
	}
	return all
}

func find[T any](items []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(items, is); i >= 0 {
		return items[i]
	}
	return nil
}

// of returns the result of a contender, or nil.
func (c *group) of(contender string) *bench.Result {
	return find(c.results, func(r *bench.Result) bool { return r.Contender == contender })
}

// heading names the case, and says what is done in it.
func (c *group) heading() string {
	if c.title == "" || c.title == c.name {
		return c.name
	}
	return c.name + ": " + c.title
}

// baseline is what the others are compared with: what people have now, and else what
// comes first.
func (c *group) baseline() *bench.Result {
	for _, name := range []string{c.results[0].Baseline, suites.Stock} {
		if r := c.of(name); r != nil {
			return r
		}
	}
	return c.results[0]
}

// some reports whether a result of the case has it.
func (c *group) some(has func(*bench.Result) bool) bool { return slices.ContainsFunc(c.results, has) }

func hasLatency(r *bench.Result) bool { return r.P50 != nil && r.P99 != nil }

// figures returns the figures of the case, each once.
func (c *group) figures() (figures []bench.FigureSpread) {
	for _, r := range c.results {
		for _, f := range r.Figures {
			known := func(other bench.FigureSpread) bool { return other.Name == f.Name && other.Unit == f.Unit }
			if !slices.ContainsFunc(figures, known) {
				figures = append(figures, bench.FigureSpread{Name: f.Name, Unit: f.Unit})
			}
		}
	}
	return figures
}

// figure returns the one of a result, or nil.
func figure(r *bench.Result, name, unit string) *bench.FigureSpread {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Name == name && f.Unit == unit {
			return f
		}
	}
	return nil
}
